import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { stringBytesMax } from "../command/string-values.ts";
import { Span } from "../lib/bytes.ts";
import { lcs as findLcs, type LcsResult, lcsFits, lcsLength, lcsTransientBytes } from "../lib/lcs.ts";
import { NULL } from "../memory/arena.ts";
import { STRING } from "../types/kinds.ts";

const a = new Span();
const b = new Span();

interface LcsOptions {
  length: boolean;
  indexes: boolean;
  withLengths: boolean;
  matchBytesMin: number;
}

export const lcs = command({
  name: "lcs",
  arity: -3,
  flags: ["readonly"],
  categories: ["string"],
  keys: [keysAt(1, "RO access", 1)],
  group: "string",
  since: "7.0.0",
  summary: "Finds the longest common subsequence of two values.",
  complexity: "O(N*M) with the lengths of the two values",
  syntax: "key1:key key2:key [len=LEN] [idx=IDX] [min-match-len:integer=MINMATCHLEN] [withmatchlen=WITHMATCHLEN]",
  run(c) {
    readValue(c, 1, a);
    readValue(c, 2, b);
    const options = readOptions(c);
    if (options.indexes && options.length) {
      c.failText("ERR If you want both the length and indexes, please just use IDX.");
    }
    checkMemory(c);
    if (c.failed) return;
    if (options.length) {
      c.reply.integer(lcsLength(a.buf, a.start, a.len, b.buf, b.start, b.len));
      return;
    }
    const found = findLcs(a.buf, a.start, a.len, b.buf, b.start, b.len);
    if (options.indexes) replyIndexes(c, found, options);
    else c.reply.bulk(found.text, 0, found.length);
  },
});

function readValue(c: Call, i: number, out: Span): void {
  const e = c.read(i);
  if (e === NULL) out.set(c.args.buf, 0, 0);
  else if (c.entries.type(e) === STRING) c.entries.value(e, out);
  else c.failText("ERR The specified keys must contain string values");
}

function readOptions(c: Call): LcsOptions {
  const { args, argc } = c;
  const options = { length: false, indexes: false, withLengths: false, matchBytesMin: 0 };
  for (let i = 3; i < argc && !c.failed; i++) {
    if (args.is(i, "IDX")) options.indexes = true;
    else if (args.is(i, "LEN")) options.length = true;
    else if (args.is(i, "WITHMATCHLEN")) options.withLengths = true;
    else if (args.is(i, "MINMATCHLEN") && i + 1 < argc) options.matchBytesMin = c.integer(++i);
    else c.fail(ERRORS.syntax);
  }
  return options;
}

/** Ours takes a thirtieth of the memory that Redis measures against proto-max-bulk-len, but who relies on the limit shall have it. */
function checkMemory(c: Call): void {
  if (lcsTransientBytes(a.len, b.len) > stringBytesMax(c)) {
    c.failText("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  } else if (!lcsFits(a.len, b.len)) {
    c.failText("ERR Insufficient memory, failed allocating transient memory for LCS");
  }
}

function replyIndexes(c: Call, found: LcsResult, options: LcsOptions): void {
  const { reply } = c;
  const { ranges } = found;
  reply.map(2);
  reply.bulkText("matches");
  const mark = reply.beginDeferred();
  let matches = 0;
  for (let i = 0; i < ranges.length; i += 4) {
    const bytes = ranges[i + 1] - ranges[i] + 1;
    if (bytes < options.matchBytesMin) continue;
    matches++;
    reply.array(options.withLengths ? 3 : 2);
    replyPair(c, ranges[i], ranges[i + 1]);
    replyPair(c, ranges[i + 2], ranges[i + 3]);
    if (options.withLengths) reply.integer(bytes);
  }
  reply.endDeferred(mark, matches);
  reply.bulkText("len");
  reply.integer(found.length);
}

function replyPair(c: Call, first: number, last: number): void {
  c.reply.array(2);
  c.reply.integer(first);
  c.reply.integer(last);
}
