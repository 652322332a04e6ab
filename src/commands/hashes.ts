import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { createHash, getField, journalNewField, setField } from "../command/hash-key.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { HASH } from "../types/kinds.ts";

export const hset = command({
  name: "hset",
  arity: -4,
  flags: ["write", "denyoom", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RW update")],
  group: "hash",
  since: "2.0.0",
  summary: "Sets fields of a hash and tells how many of them are new.",
  complexity: "O(N), N being the number of fields",
  syntax: "key:key data(field value)...",
  run(c) {
    const added = setAll(c);
    if (!c.failed) c.reply.integer(added);
  },
});

export const hmset = command({
  name: "hmset",
  arity: -4,
  flags: ["write", "denyoom", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RW update")],
  group: "hash",
  since: "2.0.0",
  deprecatedSince: "4.0.0",
  replacedBy: "HSET with several fields",
  summary: "Sets fields of a hash.",
  complexity: "O(N), N being the number of fields",
  syntax: "key:key data(field value)...",
  run(c) {
    setAll(c);
    if (!c.failed) c.reply.ok();
  },
});

export const hsetnx = command({
  name: "hsetnx",
  arity: 4,
  flags: ["write", "denyoom", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RW insert")],
  group: "hash",
  since: "2.0.0",
  summary: "Sets a field of a hash unless the hash has it.",
  complexity: "O(1)",
  syntax: "key:key field value",
  run(c) {
    const e = c.writeAs(1, HASH);
    if (c.failed) return;
    const { buf, start, len } = c.args;
    if (e !== NULL && c.keyspace.hashes.has(e, buf, start[2], len[2])) return c.reply.integer(0);
    journalNewField(c, e, 2, buf, start[3], len[3]);
    setField(c, e, 2, buf, start[3], len[3]);
    c.changed(1, EVENTS.hash, "hset");
    c.reply.integer(1);
  },
});

export const hget = command({
  name: "hget",
  arity: 3,
  flags: ["readonly", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RO access")],
  group: "hash",
  since: "2.0.0",
  summary: "Gives the value of a hash's field.",
  complexity: "O(1)",
  syntax: "key:key field",
  run(c) {
    const e = c.readAs(1, HASH);
    if (!c.failed) replyField(c, e, 2);
  },
});

export const hmget = command({
  name: "hmget",
  arity: -3,
  flags: ["readonly", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RO access")],
  group: "hash",
  since: "2.0.0",
  summary: "Gives the values of several fields of a hash.",
  complexity: "O(N), N being the number of fields",
  syntax: "key:key field...",
  run(c) {
    const e = c.readAs(1, HASH);
    if (c.failed) return;
    c.reply.array(c.argc - 2);
    for (let i = 2; i < c.argc; i++) replyField(c, e, i);
  },
});

export const hstrlen = command({
  name: "hstrlen",
  arity: 3,
  flags: ["readonly", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RO")],
  group: "hash",
  since: "3.2.0",
  summary: "Tells the bytes of the value of a hash's field.",
  complexity: "O(1)",
  syntax: "key:key field",
  run(c) {
    const e = c.readAs(1, HASH);
    if (!c.failed) c.reply.integer(getField(c, e, 2) ? c.span.len : 0);
  },
});

export const hexists = command({
  name: "hexists",
  arity: 3,
  flags: ["readonly", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RO")],
  group: "hash",
  since: "2.0.0",
  summary: "Tells whether a hash has a field.",
  complexity: "O(1)",
  syntax: "key:key field",
  run(c) {
    const e = c.readAs(1, HASH);
    if (c.failed) return;
    const { buf, start, len } = c.args;
    c.reply.integer(e !== NULL && c.keyspace.hashes.has(e, buf, start[2], len[2]) ? 1 : 0);
  },
});

export const hlen = command({
  name: "hlen",
  arity: 2,
  flags: ["readonly", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RO")],
  group: "hash",
  since: "2.0.0",
  summary: "Counts the fields of a hash.",
  complexity: "O(1)",
  syntax: "key:key",
  run(c) {
    const e = c.readAs(1, HASH);
    if (!c.failed) c.reply.integer(lengthOf(c, e));
  },
});

export const hdel = command({
  name: "hdel",
  arity: -3,
  flags: ["write", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RW delete")],
  group: "hash",
  since: "2.0.0",
  summary: "Deletes fields of a hash and tells how many there were; without fields the key is gone.",
  complexity: "O(N), N being the number of fields",
  syntax: "key:key field...",
  run(c) {
    const e = c.writeAs(1, HASH);
    if (!c.failed) c.reply.integer(e === NULL ? 0 : deleteFields(c, e));
  },
});

export const hgetall = command({
  name: "hgetall",
  arity: 2,
  flags: ["readonly"],
  categories: ["hash"],
  keys: [keysAt(1, "RO access")],
  group: "hash",
  since: "2.0.0",
  summary: "Gives all fields of a hash with their values.",
  complexity: "O(N), N being the number of fields",
  tips: ["nondeterministic_output_order"],
  syntax: "key:key",
  run(c) {
    const e = c.readAs(1, HASH);
    if (c.failed) return;
    const { reply } = c;
    reply.map(lengthOf(c, e));
    if (e === NULL) return;
    c.keyspace.hashes.forEach(e, (field, value) => {
      reply.bulk(field.buf, field.start, field.len);
      reply.bulk(value.buf, value.start, value.len);
    });
  },
});

export const hkeys = command({
  name: "hkeys",
  arity: 2,
  flags: ["readonly"],
  categories: ["hash"],
  keys: [keysAt(1, "RO access")],
  group: "hash",
  since: "2.0.0",
  summary: "Gives the names of all fields of a hash.",
  complexity: "O(N), N being the number of fields",
  tips: ["nondeterministic_output_order"],
  syntax: "key:key",
  run(c) {
    const e = c.readAs(1, HASH);
    if (c.failed) return;
    c.reply.array(lengthOf(c, e));
    if (e !== NULL) c.keyspace.hashes.forEach(e, ({ buf, start, len }) => c.reply.bulk(buf, start, len));
  },
});

export const hvals = command({
  name: "hvals",
  arity: 2,
  flags: ["readonly"],
  categories: ["hash"],
  keys: [keysAt(1, "RO access")],
  group: "hash",
  since: "2.0.0",
  summary: "Gives the values of all fields of a hash.",
  complexity: "O(N), N being the number of fields",
  tips: ["nondeterministic_output_order"],
  syntax: "key:key",
  run(c) {
    const e = c.readAs(1, HASH);
    if (c.failed) return;
    c.reply.array(lengthOf(c, e));
    if (e !== NULL) c.keyspace.hashes.forEach(e, (_field, { buf, start, len }) => c.reply.bulk(buf, start, len));
  },
});

function replyField(c: Call, e: Ptr, fieldArg: number): void {
  if (getField(c, e, fieldArg)) c.reply.bulk(c.span.buf, c.span.start, c.span.len);
  else c.reply.nil();
}

function lengthOf(c: Call, e: Ptr): number {
  return e === NULL ? 0 : c.keyspace.hashes.length(e);
}

/** Sets all the fields of the request; returns how many are new. */
function setAll(c: Call): number {
  if ((c.argc & 1) !== 0) c.failArity();
  if (c.failed) return 0;
  const found = c.writeAs(1, HASH);
  if (c.failed) return 0;
  const { hashes } = c.keyspace;
  const { buf, start, len, count } = c.args;
  const e = found === NULL ? createHash(c, 2, buf, start[3], len[3]) : found;
  const created = found === NULL ? 1 : 0;
  const added = created + hashes.setPairs(e, buf, start, len, 2 + 2 * created, count);
  c.changes += count / 2 - 2;
  c.changed(1, EVENTS.hash, "hset");
  return added;
}

function deleteFields(c: Call, e: Ptr): number {
  const { hashes } = c.keyspace;
  const { buf, start, len, count } = c.args;
  let deleted = 0;
  let left = hashes.length(e);
  for (let i = 2; i < count && left > 0; i++) {
    if (!hashes.delete(e, buf, start[i], len[i])) continue;
    deleted++;
    left--;
  }
  if (deleted === 0) return 0;
  c.changes += deleted - 1;
  c.changed(1, EVENTS.hash, "hdel");
  if (left === 0) deleteKey(c, e);
  return deleted;
}

function deleteKey(c: Call, e: Ptr): void {
  c.db.delete(e);
  c.notify(1, EVENTS.generic, "del");
}
