import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { readCursor, ScanOptions, ScanPage } from "../command/scan-options.ts";
import { Span } from "../lib/bytes.ts";
import { parseBigInteger } from "../lib/integer.ts";
import { NULL, OutOfMemory, type Ptr } from "../memory/arena.ts";

const COUNT_MAX = 2n ** 63n - 1n;
const PICKS_OUT_OF_RANGE = error(`ERR value is out of range, value must between -${COUNT_MAX} and ${COUNT_MAX}`);
/** A reply of more picks is given up: the count was a slip, or meant to harm. */
const PICKED_BYTES_MAX = 512 * 1024 * 1024;

export const hscan = command({
  name: "hscan",
  arity: -3,
  flags: ["readonly"],
  categories: ["hash"],
  keys: [keysAt(1, "RO access")],
  group: "hash",
  since: "2.8.0",
  summary: "Walks through the fields of a hash, some at a time.",
  complexity: "O(1) for each call, O(N) for a whole walk",
  tips: ["nondeterministic_output"],
  syntax: "key:key cursor:integer [pattern:pattern=MATCH] [count:integer=COUNT] [novalues=NOVALUES]",
  run(c) {
    const cursor = readCursor(c, 2);
    if (c.failed) return;
    const e = c.readHash(1);
    if (c.failed) return;
    if (e === NULL) return new ScanPage().send(c, 0);
    const options = new ScanOptions(c, 3, "fields");
    if (!c.failed) scan(c, e, cursor, options);
  },
});

function scan(c: Call, e: Ptr, cursor: number, options: ScanOptions): void {
  const { hashes } = c.keyspace;
  const page = new ScanPage();
  let seen = 0;
  const step = (from: number): number =>
    hashes.scan(e, from, (field, value) => {
      seen++;
      if (!options.matches(field.buf, field.start, field.len)) return;
      page.add(field.buf, field.start, field.len);
      if (!options.noValues) page.add(value.buf, value.start, value.len);
    });
  const next = options.walk(cursor, step, () => seen);
  page.send(c, next);
}

export const hrandfield = command({
  name: "hrandfield",
  arity: -2,
  flags: ["readonly"],
  categories: ["hash"],
  keys: [keysAt(1, "RO access")],
  group: "hash",
  since: "6.2.0",
  summary: "Gives fields of a hash chosen by chance.",
  complexity: "O(N), N being the number of fields that are returned",
  tips: ["nondeterministic_output"],
  syntax: "key:key [options(count:integer [withvalues=WITHVALUES])]",
  run(c) {
    const count = c.argc > 2 ? readCount(c) : 0;
    if (c.failed) return;
    const e = c.readHash(1);
    if (c.failed) return;
    if (c.argc === 2) replyOne(c, e);
    else if (e === NULL || count === 0) c.reply.array(0);
    else if (count < 0) replyPicks(c, e, -count, c.argc === 4);
    else replySample(c, e, count, c.argc === 4);
  },
});

/** The count, and whether the options are right. */
function readCount(c: Call): number {
  const count = parseBigInteger(c.args.buf, c.args.start[2], c.args.len[2]);
  if (count === undefined) c.fail(ERRORS.notInteger);
  else if (count < -COUNT_MAX) c.fail(PICKS_OUT_OF_RANGE);
  else if (c.argc > 4 || (c.argc === 4 && !c.args.is(3, "WITHVALUES"))) c.fail(ERRORS.syntax);
  else if (c.argc === 4 && (count < -COUNT_MAX / 2n || count > COUNT_MAX / 2n)) c.fail(ERRORS.outOfRange);
  return Number(count ?? 0n);
}

function replyOne(c: Call, e: Ptr): void {
  if (e === NULL) {
    c.reply.nil();
    return;
  }
  c.keyspace.hashes.random(e, c.server.random, c.span, new Span());
  c.reply.bulk(c.span.buf, c.span.start, c.span.len);
}

/** `count` picks, each among all fields. */
function replyPicks(c: Call, e: Ptr, count: number, withValues: boolean): void {
  const { reply } = c;
  const field = new Span();
  const value = new Span();
  const bytesMax = reply.at + PICKED_BYTES_MAX;
  startFields(c, count, withValues);
  for (let i = 0; i < count; i++) {
    if (reply.at > bytesMax) throw new OutOfMemory("HRANDFIELD: the reply is too large");
    c.keyspace.hashes.random(e, c.server.random, field, value);
    replyPair(c, field, value, withValues);
  }
}

/** `count` different fields, or all. */
function replySample(c: Call, e: Ptr, count: number, withValues: boolean): void {
  const { hashes } = c.keyspace;
  const wanted = Math.min(count, hashes.length(e));
  startFields(c, wanted, withValues);
  hashes.sample(e, wanted, c.server.random, (field, value) => replyPair(c, field, value, withValues));
}

/** Starts an array of fields, in RESP2 with their values between them. */
function startFields(c: Call, count: number, withValues: boolean): void {
  c.reply.array(withValues && !c.reply.resp3 ? count * 2 : count);
}

/** A field, and its value: in RESP3 the two are an array of their own. */
function replyPair(c: Call, field: Span, value: Span, withValues: boolean): void {
  const { reply } = c;
  if (withValues && reply.resp3) reply.array(2);
  reply.bulk(field.buf, field.start, field.len);
  if (withValues) reply.bulk(value.buf, value.start, value.len);
}
