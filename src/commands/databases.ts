import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import type { Database } from "../keyspace/database.ts";

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const BAD_FIRST = error("ERR invalid first DB index");
const BAD_SECOND = error("ERR invalid second DB index");

/** Whether the arguments are none, SYNC or ASYNC; else fails. Both are the same here: freeing is always done afterwards. */
function readFlushMode(c: Call): void {
  if (c.argc > 2 || (c.argc === 2 && !c.args.is(1, "SYNC") && !c.args.is(1, "ASYNC"))) c.fail(ERRORS.syntax);
}

function flush(c: Call, db: Database): number {
  c.server.keyChanges.flushing(db);
  return c.keyspace.flush(db);
}

export const flushdb = command({
  name: "flushdb",
  arity: -1,
  flags: ["write"],
  categories: ["keyspace", "dangerous"],
  group: "server",
  since: "1.0.0",
  summary: "Deletes all keys of the database.",
  complexity: "O(1); the memory is freed afterwards, bit by bit",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  syntax: "[flush-type<async=ASYNC@4.0.0 | sync=SYNC@6.2.0>]",
  run(c) {
    readFlushMode(c);
    if (c.failed) return;
    c.changes += Math.max(1, flush(c, c.db));
    c.server.keyChanges.flushed();
    c.reply.ok();
  },
});

export const flushall = command({
  name: "flushall",
  arity: -1,
  flags: ["write"],
  categories: ["keyspace", "dangerous"],
  group: "server",
  since: "1.0.0",
  summary: "Deletes all keys of all databases.",
  complexity: "O(1); the memory is freed afterwards, bit by bit",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  syntax: "[flush-type<async=ASYNC@4.0.0 | sync=SYNC@6.2.0>]",
  run(c) {
    readFlushMode(c);
    if (c.failed) return;
    for (const db of c.keyspace.databases) c.changes += flush(c, db);
    c.server.snapshots.flushedAll();
    c.changes++;
    c.server.keyChanges.flushed();
    c.reply.ok();
  },
});

export const swapdb = command({
  name: "swapdb",
  arity: 3,
  flags: ["write", "fast"],
  categories: ["keyspace", "dangerous"],
  group: "server",
  since: "4.0.0",
  summary: "Exchanges the keys of two databases.",
  complexity: "O(1)",
  syntax: "index1:integer index2:integer",
  run(c) {
    const first = c.integerBetween(1, INT_MIN, INT_MAX, BAD_FIRST);
    const second = c.integerBetween(2, INT_MIN, INT_MAX, BAD_SECOND);
    if (c.failed) return;
    const a = c.keyspace.databases[first];
    const b = c.keyspace.databases[second];
    if (a === undefined || b === undefined) return c.fail(ERRORS.dbIndexOutOfRange);
    c.server.keyChanges.swapping(a, b);
    c.keyspace.swap(a, b);
    c.changes++;
    c.reply.ok();
  },
});
