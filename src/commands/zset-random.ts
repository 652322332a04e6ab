import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { readPairCount, replyPicks } from "../command/pick-count.ts";
import { replyMember, startMembers } from "../command/zset-key.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { ZSET } from "../types/kinds.ts";

/** Members are picked one by one, instead of in a walk, when there are more than this times those that are wanted. */
const PICKING_FACTOR = 3;

export const zrandmember = command({
  name: "zrandmember",
  arity: -2,
  flags: ["readonly"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Gives members of a sorted set chosen by chance.",
  complexity: "O(N), N being the number of members that are returned",
  tips: ["nondeterministic_output"],
  syntax: "key:key [options(count:integer [withscores=WITHSCORES])]",
  run(c) {
    const count = c.argc > 2 ? readPairCount(c, "WITHSCORES") : 0;
    if (c.failed) return;
    const e = c.readAs(1, ZSET);
    if (c.failed) return;
    if (c.argc === 2) replyOne(c, e);
    else if (e === NULL || count === 0) c.reply.array(0);
    else if (count < 0) replyPicked(c, e, -count, c.argc === 4);
    else replySample(c, e, count, c.argc === 4);
  },
});

function replyOne(c: Call, e: Ptr): void {
  if (e === NULL) {
    c.reply.nil();
    return;
  }
  const { zsets } = c.keyspace;
  zsets.cursor.seek(e, c.server.random.below(zsets.length(e)));
  replyMember(c.reply, zsets.cursor, false);
}

/** `count` picks, each among all members. */
function replyPicked(c: Call, e: Ptr, count: number, withScores: boolean): void {
  const { reply, server } = c;
  const { zsets } = c.keyspace;
  const length = zsets.length(e);
  startMembers(reply, count, withScores);
  replyPicks(c, count, () => {
    zsets.cursor.seek(e, server.random.below(length));
    replyMember(reply, zsets.cursor, withScores);
  });
}

/** `count` different members, or all. */
function replySample(c: Call, e: Ptr, count: number, withScores: boolean): void {
  const { zsets } = c.keyspace;
  const length = zsets.length(e);
  const wanted = Math.min(count, length);
  startMembers(c.reply, wanted, withScores);
  if (wanted * PICKING_FACTOR < length) replyChosen(c, e, wanted, withScores);
  else replyDrawn(c, e, wanted, withScores);
}

/** Few of many: ranks are drawn until enough are different. */
function replyChosen(c: Call, e: Ptr, wanted: number, withScores: boolean): void {
  const { cursor } = c.keyspace.zsets;
  const length = c.keyspace.zsets.length(e);
  const chosen = new Set<number>();
  while (chosen.size < wanted) {
    const rank = c.server.random.below(length);
    if (chosen.has(rank)) continue;
    chosen.add(rank);
    cursor.seek(e, rank);
    replyMember(c.reply, cursor, withScores);
  }
}

/** Many of few: a walk in which every member is drawn with the chance that the number still wanted gives it. */
function replyDrawn(c: Call, e: Ptr, wanted: number, withScores: boolean): void {
  const { cursor } = c.keyspace.zsets;
  let left = c.keyspace.zsets.length(e);
  let missing = wanted;
  for (let more = cursor.seek(e, 0); more && missing > 0; more = cursor.next()) {
    if (c.server.random.below(left--) >= missing) continue;
    missing--;
    replyMember(c.reply, cursor, withScores);
  }
}
