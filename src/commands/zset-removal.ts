import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { readLexRange, readScoreRange } from "../command/member-ranges.ts";
import { removeRanks } from "../command/zset-key.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { ZSET } from "../types/kinds.ts";
import { LexRange, ScoreRange } from "../types/zset-range.ts";

const scores = new ScoreRange();
const members = new LexRange();

export const zremrangebyrank = command({
  name: "zremrangebyrank",
  arity: 4,
  flags: ["write"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RW delete")],
  group: "sorted-set",
  since: "2.0.0",
  summary: "Takes the members in a range of ranks out of a sorted set and tells how many they were.",
  complexity: "O(log(N)+M), N being the number of members and M that of those taken out",
  syntax: "key:key start:integer stop:integer",
  run(c) {
    const first = c.integer(2);
    const last = c.failed ? 0 : c.integer(3);
    const e = target(c);
    if (e === NULL) return;
    const length = c.keyspace.zsets.length(e);
    const from = Math.max(0, first < 0 ? length + first : first);
    const to = Math.min(length - 1, last < 0 ? length + last : last);
    remove(c, e, from, to, "zremrangebyrank");
  },
});

export const zremrangebyscore = command({
  name: "zremrangebyscore",
  arity: 4,
  flags: ["write"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RW delete")],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Takes the members in a range of scores out of a sorted set and tells how many they were.",
  complexity: "O(log(N)+M), N being the number of members and M that of those taken out",
  syntax: "key:key min:double max:double",
  run(c) {
    readScoreRange(c, 2, 3, scores);
    const e = target(c);
    if (e === NULL) return;
    const { zsets } = c.keyspace;
    const isFound = zsets.scoreRange(e, scores);
    remove(c, e, zsets.first, isFound ? zsets.last : -1, "zremrangebyscore");
  },
});

export const zremrangebylex = command({
  name: "zremrangebylex",
  arity: 4,
  flags: ["write"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RW delete")],
  group: "sorted-set",
  since: "2.8.9",
  summary:
    "Takes the members in a range of members out of a sorted set whose scores are equal, and tells how many they were.",
  complexity: "O(log(N)+M), N being the number of members and M that of those taken out",
  syntax: "key:key min max",
  run(c) {
    readLexRange(c, 2, 3, members);
    const e = target(c);
    if (e === NULL) return;
    const { zsets } = c.keyspace;
    const isFound = zsets.lexRange(e, members, false);
    remove(c, e, zsets.first, isFound ? zsets.last : -1, "zremrangebylex");
  },
});

/** The sorted set in key 1; NULL when the reply is written already. */
function target(c: Call): Ptr {
  const e = c.failed ? NULL : c.writeAs(1, ZSET);
  if (e === NULL && !c.failed) c.reply.integer(0);
  return e;
}

function remove(c: Call, e: Ptr, first: number, last: number, event: string): void {
  const count = Math.max(0, last - first + 1);
  if (count > 0) removeRanks(c, 1, e, first, last, event);
  c.reply.integer(count);
}
