import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { readPairCount, replyPicks } from "../command/pick-count.ts";
import { Span } from "../lib/bytes.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { HASH } from "../types/kinds.ts";

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
    const count = c.argc > 2 ? readPairCount(c, "WITHVALUES") : 0;
    if (c.failed) return;
    const e = c.readAs(1, HASH);
    if (c.failed) return;
    if (c.argc === 2) replyOne(c, e);
    else if (e === NULL || count === 0) c.reply.array(0);
    else if (count < 0) replyRepeated(c, e, -count, c.argc === 4);
    else replySample(c, e, count, c.argc === 4);
  },
});

function replyOne(c: Call, e: Ptr): void {
  if (e === NULL) {
    c.reply.nil();
    return;
  }
  c.keyspace.hashes.random(e, c.server.random, c.span, new Span());
  c.reply.bulk(c.span.buf, c.span.start, c.span.len);
}

/** `count` picks, each among all fields. */
function replyRepeated(c: Call, e: Ptr, count: number, withValues: boolean): void {
  const field = new Span();
  const value = new Span();
  startFields(c, count, withValues);
  replyPicks(c, count, () => {
    c.keyspace.hashes.random(e, c.server.random, field, value);
    replyPair(c, field, value, withValues);
  });
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
