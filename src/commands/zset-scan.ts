import { command, keysAt } from "../command/command.ts";
import { scanCollection } from "../command/scan-page.ts";
import { encode, Span } from "../lib/bytes.ts";
import { formatDouble } from "../lib/float.ts";
import { LISTPACK, ZSET } from "../types/kinds.ts";

/** Up to this magnitude whole scores are integers in Redis's listpacks, and are shown as such. */
const WHOLE_SCORE_MAX = 2 ** 62;
const scoreText = new Span();

export const zscan = command({
  name: "zscan",
  arity: -3,
  flags: ["readonly"],
  categories: ["sortedset"],
  keys: [keysAt(1, "RO access")],
  group: "sorted-set",
  since: "2.8.0",
  summary: "Walks through the members of a sorted set and their scores, some at a time.",
  complexity: "O(1) for each call, O(N) for a whole walk",
  tips: ["nondeterministic_output"],
  syntax: "key:key cursor:integer [pattern:pattern=MATCH] [count:integer=COUNT]",
  run: (c) =>
    scanCollection(c, ZSET, "elements", (e, cursor, page) => {
      const isPacked = c.entries.encoding(e) === LISTPACK;
      return c.keyspace.zsets.scan(e, cursor, (member, score) => {
        if (!page.offer(member)) return;
        const text = encode(isPacked ? packedText(score) : formatDouble(score));
        scoreText.set(text, 0, text.length);
        page.add(scoreText);
      });
    }),
});

function packedText(score: number): string {
  const isWhole = Number.isInteger(score) && Math.abs(score) <= WHOLE_SCORE_MAX;
  return isWhole ? BigInt(score).toString() : formatDouble(score);
}
