import { command, keysCounted } from "../command/command.ts";

const ANY_USE = "What a script does with a key can't be told, so that it has to be taken for a change.";
const ANY_READ = "What a script does with a key can't be told, so that it has to be taken for a look at its value.";

const metadata = {
  arity: -3,
  categories: ["scripting"],
  group: "scripting",
  complexity: "Depends on the script",
} as const;
const keys = [{ ...keysCounted(2, "RW access update", 0, 1, 1), notes: ANY_USE }];
const keysToRead = [{ ...keysCounted(2, "RO access", 0, 1, 1), notes: ANY_READ }];

// In the names of these four, `eval` is a reserved word.
export const evalScript = command({
  ...metadata,
  name: "eval",
  flags: ["noscript", "stale", "skip_monitor", "may_replicate", "movablekeys"],
  keys,
  since: "2.6.0",
  summary: "Runs a script.",
  syntax: "script numkeys:integer [key:key...] [arg...]",
  requestFlags: ({ scripting }, args) => scripting.evalFlags(args, evalScript.flagBits, false),
  run: (c) => c.server.scripting.evaluate(c, false, false),
});

export const evalsha = command({
  ...metadata,
  name: "evalsha",
  flags: ["noscript", "stale", "skip_monitor", "may_replicate", "movablekeys"],
  keys,
  since: "2.6.0",
  summary: "Runs a script that is known by its SHA1.",
  syntax: "sha1 numkeys:integer [key:key...] [arg...]",
  requestFlags: ({ scripting }, args) => scripting.evalFlags(args, evalsha.flagBits, true),
  run: (c) => c.server.scripting.evaluate(c, true, false),
});

export const evalReadOnly = command({
  ...metadata,
  name: "eval_ro",
  flags: ["readonly", "noscript", "stale", "skip_monitor", "movablekeys"],
  keys: keysToRead,
  since: "7.0.0",
  summary: "Runs a script that may only read.",
  syntax: "script numkeys:integer [key:key...] [arg...]",
  requestFlags: ({ scripting }, args) => scripting.evalFlags(args, evalReadOnly.flagBits, false),
  run: (c) => c.server.scripting.evaluate(c, false, true),
});

export const evalshaReadOnly = command({
  ...metadata,
  name: "evalsha_ro",
  flags: ["readonly", "noscript", "stale", "skip_monitor", "movablekeys"],
  keys: keysToRead,
  since: "7.0.0",
  summary: "Runs a script that is known by its SHA1 and may only read.",
  syntax: "sha1 numkeys:integer [key:key...] [arg...]",
  requestFlags: ({ scripting }, args) => scripting.evalFlags(args, evalshaReadOnly.flagBits, true),
  run: (c) => c.server.scripting.evaluate(c, true, true),
});

export const fcall = command({
  ...metadata,
  name: "fcall",
  flags: ["noscript", "stale", "skip_monitor", "may_replicate", "movablekeys"],
  keys,
  since: "7.0.0",
  summary: "Calls a function of a library.",
  complexity: "Depends on the function",
  syntax: "function numkeys:integer [key:key...] [arg...]",
  requestFlags: ({ scripting }, args) => scripting.functionFlags(args, fcall.flagBits),
  run: (c) => c.server.scripting.callFunction(c, false),
});

export const fcallReadOnly = command({
  ...metadata,
  name: "fcall_ro",
  flags: ["readonly", "noscript", "stale", "skip_monitor", "movablekeys"],
  keys: keysToRead,
  since: "7.0.0",
  summary: "Calls a function that only reads.",
  complexity: "Depends on the function",
  syntax: "function numkeys:integer [key:key...] [arg...]",
  requestFlags: ({ scripting }, args) => scripting.functionFlags(args, fcallReadOnly.flagBits),
  run: (c) => c.server.scripting.callFunction(c, true),
});
