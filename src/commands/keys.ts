import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import type { Database } from "../keyspace/database.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { TYPE_NAMES } from "../types/kinds.ts";

const NO_INT32 = error("ERR value is out of range, value must between -2147483648 and 2147483647");
/** How often RANDOMKEY may hit a key that is past its deadline before it gives up. */
const RANDOM_TRIES_MAX = 100;

function deleteKeys(c: Call): void {
  let deleted = 0;
  for (let i = 1; i < c.argc; i++) {
    const e = c.peek(i);
    if (e === NULL) continue;
    c.db.delete(e);
    c.changed(i, EVENTS.generic, "del");
    deleted++;
  }
  c.reply.integer(deleted);
}

export const del = command({
  name: "del",
  arity: -2,
  flags: ["write"],
  categories: ["keyspace"],
  keys: [keysAt(1, "RM delete", -1)],
  group: "generic",
  since: "1.0.0",
  summary: "Deletes keys and tells how many there were.",
  complexity: "O(N), N being the number of keys; large values are freed afterwards, bit by bit",
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  syntax: "key:key...",
  run: deleteKeys,
});

/** Freeing is never done by the command here, so this is DEL by another name. */
export const unlink = command({
  name: "unlink",
  arity: -2,
  flags: ["write", "fast"],
  categories: ["keyspace"],
  keys: [keysAt(1, "RM delete", -1)],
  group: "generic",
  since: "4.0.0",
  summary: "Deletes keys without waiting until their memory is free.",
  complexity: "O(N), N being the number of keys",
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  syntax: "key:key...",
  run: deleteKeys,
});

export const exists = command({
  name: "exists",
  arity: -2,
  flags: ["readonly", "fast"],
  categories: ["keyspace"],
  keys: [keysAt(1, "RO", -1)],
  group: "generic",
  since: "1.0.0",
  summary: "Counts the given keys that exist, repeated ones each time.",
  complexity: "O(N), N being the number of keys",
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  syntax: "key:key...",
  run(c) {
    let found = 0;
    for (let i = 1; i < c.argc; i++) if (c.look(i) !== NULL) found++;
    c.reply.integer(found);
  },
});

export const touch = command({
  name: "touch",
  arity: -2,
  flags: ["readonly", "fast"],
  categories: ["keyspace"],
  keys: [keysAt(1, "RO", -1)],
  group: "generic",
  since: "3.2.1",
  summary: "Counts as an access to the keys and tells how many exist.",
  complexity: "O(N), N being the number of keys",
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  syntax: "key:key...",
  run(c) {
    let found = 0;
    for (let i = 1; i < c.argc; i++) if (c.read(i) !== NULL) found++;
    c.reply.integer(found);
  },
});

export const type = command({
  name: "type",
  arity: 2,
  flags: ["readonly", "fast"],
  categories: ["keyspace"],
  keys: [keysAt(1, "RO")],
  group: "generic",
  since: "1.0.0",
  summary: "Tells the type of a key's value.",
  complexity: "O(1)",
  syntax: "key:key",
  run(c) {
    const e = c.look(1);
    c.reply.status(e === NULL ? "none" : TYPE_NAMES[c.entries.type(e)]);
  },
});

export const randomkey = command({
  name: "randomkey",
  arity: 1,
  flags: ["readonly"],
  categories: ["keyspace"],
  group: "generic",
  since: "1.0.0",
  summary: "Gives the name of a key chosen by chance.",
  complexity: "O(1)",
  tips: ["request_policy:all_shards", "nondeterministic_output"],
  run(c) {
    for (let tries = 0; tries < RANDOM_TRIES_MAX; tries++) {
      const e = c.keyspace.dict.random(c.db.table, c.server.random);
      if (e === NULL) break;
      if (c.db.isPast(e)) continue;
      c.entries.name(e, c.span);
      c.reply.bulk(c.span.buf, c.span.start, c.span.len);
      return;
    }
    c.reply.nil();
  },
});

export const dbsize = command({
  name: "dbsize",
  arity: 1,
  flags: ["readonly", "fast"],
  categories: ["keyspace"],
  group: "server",
  since: "1.0.0",
  summary: "Counts the keys of the database.",
  complexity: "O(1)",
  tips: ["request_policy:all_shards", "response_policy:agg_sum"],
  run(c) {
    c.reply.integer(c.db.size);
  },
});

/** Gives the value of key 1 the name of argument 2. The source is there. */
function renameTo(c: Call, e: Ptr): void {
  const { args } = c;
  const old = c.peek(2);
  const hash = c.keyHash;
  c.db.rename(e, c.db, old, args.buf, args.start[2], args.len[2], hash);
  c.changed(1, EVENTS.generic, "rename_from");
  c.notify(2, EVENTS.generic, "rename_to");
}

export const rename = command({
  name: "rename",
  arity: 3,
  flags: ["write"],
  categories: ["keyspace"],
  keys: [keysAt(1, "RW access delete"), keysAt(2, "OW update")],
  group: "generic",
  since: "1.0.0",
  summary: "Renames a key; what had the new name is gone.",
  complexity: "O(1)",
  syntax: "key:key newkey:key#1",
  run(c) {
    const e = c.write(1);
    if (e === NULL) return c.fail(ERRORS.noSuchKey);
    if (!c.args.equals(1, 2)) renameTo(c, e);
    c.reply.ok();
  },
});

export const renamenx = command({
  name: "renamenx",
  arity: 3,
  flags: ["write", "fast"],
  categories: ["keyspace"],
  keys: [keysAt(1, "RW access delete"), keysAt(2, "OW insert")],
  group: "generic",
  since: "1.0.0",
  summary: "Renames a key unless the new name is taken.",
  complexity: "O(1)",
  syntax: "key:key newkey:key#1",
  run(c) {
    const e = c.write(1);
    if (e === NULL) return c.fail(ERRORS.noSuchKey);
    if (c.args.equals(1, 2) || c.peek(2) !== NULL) return c.reply.integer(0);
    renameTo(c, e);
    c.reply.integer(1);
  },
});

/** The database that argument i names; fails when there is none. */
function databaseAt(c: Call, i: number): Database {
  const id = c.integer(i);
  if (Math.abs(id + 0.5) > 2 ** 31) c.fail(NO_INT32);
  const db = c.keyspace.databases[id];
  if (db === undefined) c.fail(ERRORS.dbIndexOutOfRange);
  return db;
}

export const copy = command({
  name: "copy",
  arity: -3,
  flags: ["write", "denyoom"],
  categories: ["keyspace"],
  keys: [keysAt(1, "RO access"), keysAt(2, "OW update")],
  group: "generic",
  since: "6.2.0",
  summary: "Copies a key's value and deadline to another key.",
  complexity: "O(N) for collections of N elements, else O(1)",
  syntax: "source:key destination:key#1 [destination-db:integer=DB] [replace=REPLACE]",
  run(c) {
    let to = c.db;
    let replace = false;
    for (let i = 3; i < c.argc; i++) {
      if (c.args.is(i, "REPLACE")) replace = true;
      else if (c.args.is(i, "DB") && i + 1 < c.argc) to = databaseAt(c, ++i);
      else c.fail(ERRORS.syntax);
      if (c.failed) return;
    }
    if (to === c.db && c.args.equals(1, 2)) return c.fail(ERRORS.sameObject);
    const e = c.read(1);
    if (e === NULL) return c.reply.integer(0);
    const { buf, start, len } = c.args;
    const hash = to.hash(buf, start[2], len[2]);
    const old = to.find(buf, start[2], len[2], hash);
    if (old !== NULL && !replace) return c.reply.integer(0);
    c.keyspace.copyTo(e, to, old, buf, start[2], len[2], hash);
    c.changedIn(to, 2, EVENTS.generic, "copy_to");
    c.reply.integer(1);
  },
});

export const move = command({
  name: "move",
  arity: 3,
  flags: ["write", "fast"],
  categories: ["keyspace"],
  keys: [keysAt(1, "RW access update")],
  group: "generic",
  since: "1.0.0",
  summary: "Moves a key to another database unless the name is taken there.",
  complexity: "O(1)",
  syntax: "key:key db:integer",
  run(c) {
    const to = databaseAt(c, 2);
    if (c.failed) return;
    if (to === c.db) return c.fail(ERRORS.sameObject);
    const e = c.write(1);
    if (e === NULL) return c.reply.integer(0);
    const { buf, start, len } = c.args;
    if (to.find(buf, start[1], len[1], c.keyHash) !== NULL) return c.reply.integer(0);
    c.db.rename(e, to, NULL, buf, start[1], len[1], c.keyHash);
    c.changed(1, EVENTS.generic, "move_from");
    c.notifyIn(to, 1, EVENTS.generic, "move_to");
    c.reply.integer(1);
  },
});
