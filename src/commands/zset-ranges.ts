import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { readLexRange, readScoreRange } from "../command/member-ranges.ts";
import { deleteTarget } from "../command/store-target.ts";
import { replyRanks, storeDraft } from "../command/zset-key.ts";
import { BY_LEX, BY_RANK, BY_SCORE, ZsetRange } from "../command/zset-range-request.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { ZSET } from "../types/kinds.ts";
import { LexRange, ScoreRange } from "../types/zset-range.ts";

const range = new ZsetRange();
const scores = new ScoreRange();
const members = new LexRange();

const LIMIT_SYNTAX = "[limit(offset:integer count:integer)=LIMIT]";

export const zrange = command({
  name: "zrange",
  arity: -4,
  flags: ["readonly"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Gives the members of a sorted set in a range of ranks, scores or members.",
  complexity: "O(log(N)+M), N being the number of members and M that of those returned",
  syntax:
    "key:key start stop [sortby<byscore=BYSCORE | bylex=BYLEX>@6.2.0] [rev=REV@6.2.0] [limit(offset:integer count:integer)=LIMIT@6.2.0] [withscores=WITHSCORES]",
  run(c) {
    range.start(1, undefined, undefined);
    replyRange(c);
  },
});

export const zrevrange = command({
  name: "zrevrange",
  arity: -4,
  flags: ["readonly"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "1.2.0",
  deprecatedSince: "6.2.0",
  replacedBy: "ZRANGE with REV",
  summary: "Gives the members of a sorted set in a range of ranks counted from the end.",
  complexity: "O(log(N)+M), N being the number of members and M that of those returned",
  syntax: "key:key start:integer stop:integer [withscores=WITHSCORES]",
  run(c) {
    range.start(1, BY_RANK, true);
    replyRange(c);
  },
});

export const zrangebyscore = command({
  name: "zrangebyscore",
  arity: -4,
  flags: ["readonly"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "1.0.5",
  deprecatedSince: "6.2.0",
  replacedBy: "ZRANGE with BYSCORE",
  summary: "Gives the members of a sorted set in a range of scores.",
  complexity: "O(log(N)+M), N being the number of members and M that of those returned",
  syntax: `key:key min:double max:double [withscores=WITHSCORES@2.0.0] ${LIMIT_SYNTAX}`,
  run(c) {
    range.start(1, BY_SCORE, false);
    replyRange(c);
  },
});

export const zrevrangebyscore = command({
  name: "zrevrangebyscore",
  arity: -4,
  flags: ["readonly"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "2.2.0",
  deprecatedSince: "6.2.0",
  replacedBy: "ZRANGE with REV and BYSCORE",
  summary: "Gives the members of a sorted set in a range of scores, the highest first.",
  complexity: "O(log(N)+M), N being the number of members and M that of those returned",
  syntax: `key:key max:double min:double [withscores=WITHSCORES] ${LIMIT_SYNTAX}`,
  run(c) {
    range.start(1, BY_SCORE, true);
    replyRange(c);
  },
});

export const zrangebylex = command({
  name: "zrangebylex",
  arity: -4,
  flags: ["readonly"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "2.8.9",
  deprecatedSince: "6.2.0",
  replacedBy: "ZRANGE with BYLEX",
  summary: "Gives the members of a sorted set in a range of members; the scores are to be equal.",
  complexity: "O(log(N)+M), N being the number of members and M that of those returned",
  syntax: `key:key min max ${LIMIT_SYNTAX}`,
  run(c) {
    range.start(1, BY_LEX, false);
    replyRange(c);
  },
});

export const zrevrangebylex = command({
  name: "zrevrangebylex",
  arity: -4,
  flags: ["readonly"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "2.8.9",
  deprecatedSince: "6.2.0",
  replacedBy: "ZRANGE with REV and BYLEX",
  summary: "Gives the members of a sorted set in a range of members, the last first; the scores are to be equal.",
  complexity: "O(log(N)+M), N being the number of members and M that of those returned",
  syntax: `key:key max min ${LIMIT_SYNTAX}`,
  run(c) {
    range.start(1, BY_LEX, true);
    replyRange(c);
  },
});

function replyRange(c: Call): void {
  range.read(c, true);
  if (c.failed) return;
  const e = c.readAs(1, ZSET);
  if (c.failed) return;
  if (e === NULL || !range.resolve(c.keyspace.zsets, e)) c.reply.array(0);
  else replyRanks(c, e, range.from, range.count, range.reverse, range.withScores);
}

export const zrangestore = command({
  name: "zrangestore",
  arity: -5,
  flags: ["write", "denyoom"],
  categories: ["sortedset"],
  keys: [keysAt(1, "OW update"), keysAt(2, "RO access")],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Stores the members of a sorted set in a range of ranks, scores or members under another key.",
  complexity: "O(log(N)+M), N being the number of members and M that of those stored",
  syntax:
    "dst:key src:key#1 min max [sortby<byscore=BYSCORE | bylex=BYLEX>] [rev=REV] [limit(offset:integer count:integer)=LIMIT]",
  run(c) {
    range.start(2, undefined, undefined);
    range.read(c, false);
    if (c.failed) return;
    const e = c.readAs(2, ZSET);
    if (c.failed) return;
    if (e === NULL || !range.resolve(c.keyspace.zsets, e)) {
      deleteTarget(c, 1);
      c.reply.integer(0);
      return;
    }
    storeRange(c, e);
  },
});

function storeRange(c: Call, e: Ptr): void {
  const { zsets } = c.keyspace;
  const { cursor } = zsets;
  const draft = zsets.begin();
  const lowest = range.reverse ? range.from - range.count + 1 : range.from;
  let more = cursor.seek(e, lowest);
  for (let left = range.count; more && left > 0; left--, more = cursor.next()) {
    const { buf, start, len } = cursor.member;
    zsets.set(draft, cursor.score, buf, start, len);
  }
  storeDraft(c, draft, "zrangestore");
}

export const zcount = command({
  name: "zcount",
  arity: 4,
  flags: ["readonly", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "2.0.0",
  summary: "Counts the members of a sorted set in a range of scores.",
  complexity: "O(log(N)), N being the number of members",
  syntax: "key:key min:double max:double",
  run(c) {
    readScoreRange(c, 2, 3, scores);
    const e = c.failed ? NULL : c.readAs(1, ZSET);
    if (c.failed) return;
    const { zsets } = c.keyspace;
    c.reply.integer(e !== NULL && zsets.scoreRange(e, scores) ? zsets.last - zsets.first + 1 : 0);
  },
});

export const zlexcount = command({
  name: "zlexcount",
  arity: 4,
  flags: ["readonly", "fast"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "2.8.9",
  summary: "Counts the members of a sorted set in a range of members; the scores are to be equal.",
  complexity: "O(log(N)), N being the number of members",
  syntax: "key:key min max",
  run(c) {
    readLexRange(c, 2, 3, members);
    const e = c.failed ? NULL : c.readAs(1, ZSET);
    if (c.failed) return;
    const { zsets } = c.keyspace;
    c.reply.integer(e !== NULL && zsets.lexRange(e, members, false) ? zsets.last - zsets.first + 1 : 0);
  },
});
