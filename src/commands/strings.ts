import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { ExpiryOption, KEEPTTL, PERSIST, readDeadline, TIMES } from "../command/expiry-options.ts";
import { journalDeadline, journalDelete, journalSet } from "../command/string-values.ts";
import { comparesValue, conditionAt, conditionHolds, NO_CONDITION } from "../command/value-conditions.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Args } from "../resp/args.ts";
import { stringKind } from "../types/string.ts";

/** The options of the SET or GETEX that is being executed. */
const options = {
  condition: NO_CONDITION,
  /** Index of the argument that the condition compares with. */
  conditionArg: 0,
  /** How often GET was given. */
  gets: 0,
  expiry: new ExpiryOption(),
};

export const get = command({
  name: "get",
  arity: 2,
  flags: ["readonly", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RO access")],
  group: "string",
  since: "1.0.0",
  summary: "Gives the value of a key.",
  complexity: "O(1)",
  syntax: "key:key",
  run(c) {
    const e = c.readString(1);
    if (!c.failed) replyValue(c, e);
  },
});

export const set = command({
  name: "set",
  arity: -3,
  flags: ["write", "denyoom"],
  categories: ["string"],
  keys: [keysAt(1, "RW access update variable_flags")],
  keyFlags: (args) => (givesOldValue(args) ? ["RW", "access", "update"] : ["OW", "update"]),
  group: "string",
  since: "1.0.0",
  summary: "Sets the value of a key, whatever it was before.",
  complexity: "O(1)",
  syntax:
    "key:key value [condition<nx=NX | xx=XX | ifeq-value:string=IFEQ@8.4.0 | ifne-value:string=IFNE@8.4.0 | " +
    "ifdeq-digest:string=IFDEQ@8.4.0 | ifdne-digest:string=IFDNE@8.4.0>@2.6.12] [get=GET@6.2.0] " +
    "[expiration<seconds:integer=EX@2.6.12 | milliseconds:integer=PX@2.6.12 | unix-time-seconds:unix-time=EXAT@6.2.0 | " +
    "unix-time-milliseconds:unix-time=PXAT@6.2.0 | keepttl=KEEPTTL@6.0.0>]",
  run(c) {
    if (c.args.count > 3) {
      setWithOptions(c);
      return;
    }
    put(c, c.write(1), 2, 0);
    c.reply.ok();
  },
});

/** Whether a SET has the option GET. */
function givesOldValue(args: Args): boolean {
  for (let i = 3; i < args.count; i++) if (args.is(i, "GET")) return true;
  return false;
}

export const setnx = command({
  name: "setnx",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "OW insert")],
  group: "string",
  since: "1.0.0",
  deprecatedSince: "2.6.12",
  replacedBy: "SET with NX",
  summary: "Sets the value of a key that does not exist yet.",
  complexity: "O(1)",
  syntax: "key:key value",
  run(c) {
    const isNew = c.write(1) === NULL;
    if (isNew) put(c, NULL, 2, 0);
    c.reply.integer(isNew ? 1 : 0);
  },
});

export const setex = command({
  name: "setex",
  arity: 4,
  flags: ["write", "denyoom"],
  categories: ["string"],
  keys: [keysAt(1, "OW update")],
  group: "string",
  since: "2.0.0",
  deprecatedSince: "2.6.12",
  replacedBy: "SET with EX",
  summary: "Sets the value of a key that ends after so many seconds.",
  complexity: "O(1)",
  syntax: "key:key seconds:integer value",
  run(c) {
    setForTime(c, 1000);
  },
});

export const psetex = command({
  name: "psetex",
  arity: 4,
  flags: ["write", "denyoom"],
  categories: ["string"],
  keys: [keysAt(1, "OW update")],
  group: "string",
  since: "2.6.0",
  deprecatedSince: "2.6.12",
  replacedBy: "SET with PX",
  summary: "Sets the value of a key that ends after so many milliseconds.",
  complexity: "O(1)",
  syntax: "key:key milliseconds:integer value",
  run(c) {
    setForTime(c, 1);
  },
});

export const getset = command({
  name: "getset",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RW access update")],
  group: "string",
  since: "1.0.0",
  deprecatedSince: "6.2.0",
  replacedBy: "SET with GET",
  summary: "Sets the value of a key and gives the one it had.",
  complexity: "O(1)",
  syntax: "key:key value",
  run(c) {
    const old = c.readString(1);
    if (c.failed) return;
    replyValue(c, old);
    put(c, old, 2, 0);
    journalSet(c, c.args.buf, c.args.start[2], c.args.len[2], 0);
  },
});

export const getex = command({
  name: "getex",
  arity: -2,
  flags: ["write", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RW access update")],
  group: "string",
  since: "6.2.0",
  summary: "Gives the value of a key and sets or takes away its deadline.",
  complexity: "O(1)",
  syntax:
    "key:key [expiration<seconds:integer=EX | milliseconds:integer=PX | unix-time-seconds:unix-time=EXAT | " +
    "unix-time-milliseconds:unix-time=PXAT | persist=PERSIST>]",
  run(c) {
    readGetexOptions(c);
    if (c.failed) return;
    const e = c.readString(1);
    if (c.failed) return;
    const deadlineMs = e === NULL ? 0 : options.expiry.deadline(c);
    if (c.failed) return;
    replyValue(c, e);
    if (e === NULL) return;
    if (deadlineMs > 0) giveDeadline(c, e, deadlineMs);
    else if (options.expiry.kind === PERSIST) takeDeadline(c, e);
  },
});

export const getdel = command({
  name: "getdel",
  arity: 2,
  flags: ["write", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RW access delete")],
  group: "string",
  since: "6.2.0",
  summary: "Gives the value of a key and deletes it.",
  complexity: "O(1)",
  syntax: "key:key",
  run(c) {
    const e = c.readString(1);
    if (c.failed) return;
    replyValue(c, e);
    if (e !== NULL) deleteKey(c, e);
  },
});

function replyValue(c: Call, e: Ptr): void {
  if (e === NULL) c.reply.nil();
  else c.replyString(e);
}

/** Makes argument `valueArg` the value of key 1, whose entry is `old`. */
function put(c: Call, old: Ptr, valueArg: number, deadlineMs: number): void {
  const { args } = c;
  c.putString(1, old, stringKind(args.buf, args.start[valueArg], args.len[valueArg]), valueArg, deadlineMs);
  c.changed(1, EVENTS.string, "set");
}

function putUntil(c: Call, old: Ptr, valueArg: number, deadlineMs: number): void {
  put(c, old, valueArg, deadlineMs);
  c.notify(1, EVENTS.generic, "expire");
  journalSet(c, c.args.buf, c.args.start[valueArg], c.args.len[valueArg], deadlineMs);
}

function deleteKey(c: Call, e: Ptr): void {
  c.db.delete(e);
  c.changed(1, EVENTS.generic, "del");
  journalDelete(c, 1);
}

function setForTime(c: Call, unitMs: number): void {
  const deadlineMs = readDeadline(c, 2, unitMs, true);
  if (c.failed) return;
  putUntil(c, c.write(1), 3, deadlineMs);
  c.reply.ok();
}

function setWithOptions(c: Call): void {
  readSetOptions(c);
  if (c.failed) return;
  const deadlineMs = options.expiry.deadline(c);
  if (c.failed) return;
  const old = options.gets > 0 ? c.readString(1) : c.write(1);
  if (c.failed) return;
  const holds = conditionHolds(c, old, options.condition, options.conditionArg);
  if (c.failed) return;
  // The old value goes out before it is overwritten.
  if (options.gets > 0) replyValue(c, old);
  else if (holds) c.reply.ok();
  else c.reply.nil();
  if (holds) apply(c, old, deadlineMs);
}

function apply(c: Call, old: Ptr, deadlineMs: number): void {
  if (deadlineMs === 0) {
    put(c, old, 2, options.expiry.kind === KEEPTTL && old !== NULL ? presentDeadline(c, old) : 0);
    if (options.gets > 0) journalWithoutGet(c);
  } else if (deadlineMs > c.nowMs) {
    putUntil(c, old, 2, deadlineMs);
  } else {
    // As if the key had been set and had ended at once.
    c.server.stats.expiredKeys++;
    if (old !== NULL) deleteKey(c, old);
  }
}

function presentDeadline(c: Call, e: Ptr): number {
  return c.entries.isTimed(e) ? c.entries.deadline(e) : 0;
}

function readSetOptions(c: Call): void {
  const { argc } = c;
  options.condition = NO_CONDITION;
  options.gets = 0;
  options.expiry.reset();
  for (let i = 3; i < argc; ) {
    const taken = takeSetOption(c, i);
    if (taken === 0) {
      c.fail(ERRORS.syntax);
      return;
    }
    i += taken;
  }
}

/** How many arguments the option at i has; 0 when it is none, or contradicts another. */
function takeSetOption(c: Call, i: number): number {
  const { args } = c;
  if (args.is(i, "GET")) {
    options.gets++;
    return 1;
  }
  const condition = conditionAt(args, i);
  if (condition === NO_CONDITION) return options.expiry.take(args, i, TIMES | KEEPTTL);
  if (options.condition !== NO_CONDITION && options.condition !== condition) return 0;
  options.condition = condition;
  if (!comparesValue(condition)) return 1;
  options.conditionArg = i + 1;
  return i + 1 < args.count ? 2 : 0;
}

/** GET has no effect on the data: the journal gets the request without it. */
function journalWithoutGet(c: Call): void {
  const { args } = c;
  c.effect(args.count - options.gets);
  for (let i = 0; i < args.count; i++) {
    if (i > 2 && args.is(i, "GET")) continue;
    c.effectArg(i);
    if (i > 2 && comparesValue(conditionAt(args, i))) c.effectArg(++i);
  }
}

function readGetexOptions(c: Call): void {
  const { expiry } = options;
  expiry.reset();
  for (let i = 2; i < c.argc; ) {
    const taken = expiry.take(c.args, i, TIMES | PERSIST);
    if (taken === 0) {
      c.fail(ERRORS.syntax);
      return;
    }
    i += taken;
  }
}

function giveDeadline(c: Call, e: Ptr, deadlineMs: number): void {
  if (deadlineMs <= c.nowMs) {
    deleteKey(c, e);
    return;
  }
  c.db.setDeadline(e, deadlineMs);
  c.changed(1, EVENTS.generic, "expire");
  journalDeadline(c, deadlineMs);
}

function takeDeadline(c: Call, e: Ptr): void {
  if (!c.entries.isTimed(e)) return;
  c.db.setDeadline(e, 0);
  c.changed(1, EVENTS.generic, "persist");
  journalDeadline(c, 0);
}
