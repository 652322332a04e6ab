import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { readCursor, ScanOptions, ScanPage } from "../command/scan-options.ts";
import { encode } from "../lib/bytes.ts";
import { formatDouble } from "../lib/float.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { LISTPACK, ZSET } from "../types/kinds.ts";

/** Up to this magnitude whole scores are integers in Redis's listpacks, and are shown as such. */
const WHOLE_SCORE_MAX = 2 ** 62;

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
  run(c) {
    const cursor = readCursor(c, 2);
    if (c.failed) return;
    const e = c.readAs(1, ZSET);
    if (c.failed) return;
    if (e === NULL) return new ScanPage().send(c, 0);
    const options = new ScanOptions(c, 3, "elements");
    if (!c.failed) scan(c, e, cursor, options);
  },
});

function scan(c: Call, e: Ptr, cursor: number, options: ScanOptions): void {
  const page = new ScanPage();
  const isPacked = c.entries.encoding(e) === LISTPACK;
  let seen = 0;
  const step = (from: number): number =>
    c.keyspace.zsets.scan(e, from, ({ buf, start, len }, score) => {
      seen++;
      if (!options.matches(buf, start, len)) return;
      const text = encode(isPacked ? packedText(score) : formatDouble(score));
      page.add(buf, start, len);
      page.add(text, 0, text.length);
    });
  const next = options.walk(cursor, step, () => seen);
  page.send(c, next);
}

function packedText(score: number): string {
  const isWhole = Number.isInteger(score) && Math.abs(score) <= WHOLE_SCORE_MAX;
  return isWhole ? BigInt(score).toString() : formatDouble(score);
}
