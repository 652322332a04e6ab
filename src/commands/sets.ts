import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { createSet, replySet } from "../command/set-key.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { SET } from "../types/kinds.ts";

export const sadd = command({
  name: "sadd",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  categories: ["set"],
  keys: [keysAt(1, "RW insert")],
  group: "set",
  since: "1.0.0",
  summary: "Adds members to a set and tells how many are new.",
  complexity: "O(N), N being the number of members",
  syntax: "key:key member...",
  run(c) {
    const found = c.writeAs(1, SET);
    if (c.failed) return;
    const { sets } = c.keyspace;
    const { buf, start, len, count } = c.args;
    const e = found === NULL ? createSet(c, 1, 2, count - 2) : found;
    let added = found === NULL ? 1 : 0;
    for (let i = 2 + added; i < count; i++) if (sets.add(e, buf, start[i], len[i])) added++;
    if (added > 0) {
      c.changes += added - 1;
      c.changed(1, EVENTS.set, "sadd");
    }
    c.reply.integer(added);
  },
});

export const srem = command({
  name: "srem",
  arity: -3,
  flags: ["write", "fast"],
  categories: ["set"],
  keys: [keysAt(1, "RW delete")],
  group: "set",
  since: "1.0.0",
  summary: "Removes members of a set and tells how many there were; without members the key is gone.",
  complexity: "O(N), N being the number of members",
  syntax: "key:key member...",
  run(c) {
    const e = c.writeAs(1, SET);
    if (!c.failed) c.reply.integer(e === NULL ? 0 : removeMembers(c, e));
  },
});

function removeMembers(c: Call, e: Ptr): number {
  const { sets } = c.keyspace;
  const { buf, start, len, count } = c.args;
  let removed = 0;
  let left = sets.length(e);
  for (let i = 2; i < count && left > 0; i++) {
    if (!sets.delete(e, buf, start[i], len[i])) continue;
    removed++;
    left--;
  }
  if (removed === 0) return 0;
  c.changes += removed - 1;
  c.changed(1, EVENTS.set, "srem");
  if (left === 0) c.deleteEmptied(1, e);
  return removed;
}

export const smove = command({
  name: "smove",
  arity: 4,
  flags: ["write", "fast"],
  categories: ["set"],
  keys: [keysAt(1, "RW access delete"), keysAt(2, "RW insert")],
  group: "set",
  since: "1.0.0",
  summary: "Moves a member from one set to another.",
  complexity: "O(1)",
  syntax: "source:key destination:key#1 member",
  run(c) {
    const source = c.write(1);
    const destination = c.write(2);
    if (source === NULL) return c.reply.integer(0);
    if (!isSet(c, source) || (destination !== NULL && !isSet(c, destination))) return c.fail(ERRORS.wrongType);
    c.reply.integer(moveMember(c, source, destination) ? 1 : 0);
  },
});

function isSet(c: Call, e: Ptr): boolean {
  return c.entries.type(e) === SET;
}

/** Moves argument 3. False when the source does not have it. */
function moveMember(c: Call, source: Ptr, destination: Ptr): boolean {
  const { sets } = c.keyspace;
  const { buf, start, len } = c.args;
  if (source === destination) return sets.has(source, buf, start[3], len[3]);
  if (!sets.delete(source, buf, start[3], len[3])) return false;
  c.changed(1, EVENTS.set, "srem");
  if (sets.length(source) === 0) c.deleteEmptied(1, source);
  if (destination === NULL) createSet(c, 2, 3, 1);
  else if (!sets.add(destination, buf, start[3], len[3])) return true;
  c.changed(2, EVENTS.set, "sadd");
  return true;
}

export const sismember = command({
  name: "sismember",
  arity: 3,
  flags: ["readonly", "fast"],
  categories: ["set"],
  keys: [keysAt(1, "RO")],
  group: "set",
  since: "1.0.0",
  summary: "Tells whether a set has a member.",
  complexity: "O(1)",
  syntax: "key:key member",
  run(c) {
    const e = c.readAs(1, SET);
    if (!c.failed) c.reply.integer(hasMember(c, e, 2) ? 1 : 0);
  },
});

export const smismember = command({
  name: "smismember",
  arity: -3,
  flags: ["readonly", "fast"],
  categories: ["set"],
  keys: [keysAt(1, "RO access")],
  group: "set",
  since: "6.2.0",
  summary: "Tells of several members whether a set has them.",
  complexity: "O(N), N being the number of members",
  syntax: "key:key member...",
  run(c) {
    const e = c.readAs(1, SET);
    if (c.failed) return;
    c.reply.array(c.argc - 2);
    for (let i = 2; i < c.argc; i++) c.reply.integer(hasMember(c, e, i) ? 1 : 0);
  },
});

function hasMember(c: Call, e: Ptr, memberArg: number): boolean {
  const { buf, start, len } = c.args;
  return e !== NULL && c.keyspace.sets.has(e, buf, start[memberArg], len[memberArg]);
}

export const scard = command({
  name: "scard",
  arity: 2,
  flags: ["readonly", "fast"],
  categories: ["set"],
  keys: [keysAt(1, "RO")],
  group: "set",
  since: "1.0.0",
  summary: "Counts the members of a set.",
  complexity: "O(1)",
  syntax: "key:key",
  run(c) {
    const e = c.readAs(1, SET);
    if (!c.failed) c.reply.integer(e === NULL ? 0 : c.keyspace.sets.length(e));
  },
});

export const smembers = command({
  name: "smembers",
  arity: 2,
  flags: ["readonly"],
  categories: ["set"],
  keys: [keysAt(1, "RO access")],
  group: "set",
  since: "1.0.0",
  summary: "Gives all members of a set.",
  complexity: "O(N), N being the number of members",
  tips: ["nondeterministic_output_order"],
  syntax: "key:key",
  run(c) {
    const e = c.readAs(1, SET);
    if (!c.failed) replySet(c, e);
  },
});
