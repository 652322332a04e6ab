import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { error } from "../command/errors.ts";
import { helpCommand } from "../command/help.ts";
import { parseInteger } from "../lib/integer.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { ENCODING_NAMES, INT } from "../types/kinds.ts";

const NOT_LFU = error(
  "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between " +
    "policies at runtime LRU and LFU data will take some time to adjust.",
);
const NOT_LRU = error(
  "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between " +
    "policies at runtime LRU and LFU data will take some time to adjust.",
);
/** Redis shares small integers between keys and says so; clients compare with its number. */
const SHARED_INTEGERS = 10_000;
const SHARED_REFERENCES = 2 ** 31 - 1;

/** The entry of argument 2; answers nil when there is none. */
function lookUp(c: Call): Ptr {
  const e = c.peek(2);
  if (e === NULL) c.reply.nil();
  return e;
}

const metadata = {
  arity: 3,
  flags: ["readonly"],
  categories: ["keyspace"],
  keys: [keysAt(2, "RO")],
  group: "generic",
  complexity: "O(1)",
  syntax: "key:key",
} as const;

const encoding = command({
  ...metadata,
  name: "encoding",
  since: "2.2.3",
  summary: "Tells how a key's value is held.",
  tips: ["nondeterministic_output"],
  run(c) {
    const e = lookUp(c);
    if (e !== NULL) c.reply.bulkText(ENCODING_NAMES[c.entries.encoding(e)]);
  },
});

const freq = command({
  ...metadata,
  name: "freq",
  since: "4.0.0",
  summary: "Tells how often a key is accessed, as a logarithmic counter.",
  tips: ["nondeterministic_output"],
  run(c) {
    const e = lookUp(c);
    if (e === NULL) return;
    const { access } = c.keyspace;
    if (!access.lfu) return c.fail(NOT_LFU);
    c.reply.integer(access.frequency(c.entries.access(e)));
  },
});

const idletime = command({
  ...metadata,
  name: "idletime",
  since: "2.2.3",
  summary: "Tells the seconds since a key was accessed.",
  tips: ["nondeterministic_output"],
  run(c) {
    const e = lookUp(c);
    if (e === NULL) return;
    const { access } = c.keyspace;
    if (access.lfu) return c.fail(NOT_LRU);
    c.reply.integer(access.idleSeconds(c.entries.access(e)));
  },
});

const refcount = command({
  ...metadata,
  name: "refcount",
  since: "2.2.3",
  summary: "Tells the number of references to a key's value.",
  tips: ["nondeterministic_output"],
  run(c) {
    const e = lookUp(c);
    if (e === NULL) return;
    c.entries.value(e, c.span);
    const number = c.entries.encoding(e) === INT ? parseInteger(c.span.buf, c.span.start, c.span.len) : -1;
    c.reply.integer(isShared(c, number) ? SHARED_REFERENCES : 1);
  },
});

/** Not where keys are evicted by their use: then each needs its own object. */
function isShared(c: Call, number: number): boolean {
  const { maxmemory, "maxmemory-policy": policy } = c.server.config.values;
  return number >= 0 && number < SHARED_INTEGERS && (maxmemory.bytes === 0 || !/-l(ru|fu|rm)$/.test(policy));
}

const subcommands = [encoding, freq, idletime, refcount];
const help = helpCommand(
  "OBJECT",
  { group: "generic", since: "6.2.0", categories: ["keyspace"] },
  subcommands,
  Object.fromEntries(subcommands.map(({ name }) => [name, "<key>"])),
);

export const object = command({
  name: "object",
  arity: -2,
  group: "generic",
  since: "2.2.3",
  summary: "Looks into the representation of a key's value.",
  complexity: "Depends on the subcommand",
  subcommands: [...subcommands, help],
});
