import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { IndexRange, isBackwards } from "../command/index-range.ts";
import { growString, stringBytesMax } from "../command/string-values.ts";
import { copyBytes, EMPTY } from "../lib/bytes.ts";
import { NULL } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { stringKind } from "../types/string.ts";

const range = new IndexRange();

export const strlen = command({
  name: "strlen",
  arity: 2,
  flags: ["readonly", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RO")],
  group: "string",
  since: "2.2.0",
  summary: "Gives the length of a key's value in bytes.",
  complexity: "O(1)",
  syntax: "key:key",
  run(c) {
    const e = c.readString(1);
    if (!c.failed) c.reply.integer(e === NULL ? 0 : c.entries.valueLength(e));
  },
});

export const append = command({
  name: "append",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RW insert")],
  group: "string",
  since: "2.0.0",
  summary: "Adds bytes to the end of a key's value.",
  complexity: "O(1), spread over many calls: a growing value is copied now and then",
  syntax: "key:key value",
  run(c) {
    const { args } = c;
    const e = c.writeString(1);
    if (c.failed) return;
    const bytes = args.len[2];
    const oldBytes = e === NULL ? 0 : c.entries.valueLength(e);
    if (e === NULL) {
      c.putString(1, NULL, stringKind(args.buf, args.start[2], bytes), 2, 0);
    } else {
      if (oldBytes + bytes > stringBytesMax(c)) {
        c.fail(ERRORS.stringTooLong);
        return;
      }
      growString(c, 1, e, oldBytes + bytes);
      overwrite(c, 2, oldBytes);
    }
    c.changed(1, EVENTS.string, "append");
    c.reply.integer(oldBytes + bytes);
  },
});

export const setrange = command({
  name: "setrange",
  arity: 4,
  flags: ["write", "denyoom"],
  categories: ["string"],
  keys: [keysAt(1, "RW update")],
  group: "string",
  since: "2.2.0",
  summary: "Overwrites a part of a key's value, with zero bytes before it if it was too short.",
  complexity: "O(N) with the length of the part",
  syntax: "key:key offset:integer value",
  run(c) {
    const offset = c.integer(2);
    if (offset < 0) c.fail(ERRORS.offsetOutOfRange);
    if (c.failed) return;
    const e = c.writeString(1);
    if (c.failed) return;
    const bytes = c.args.len[3];
    const oldBytes = e === NULL ? 0 : c.entries.valueLength(e);
    if (bytes === 0) {
      c.reply.integer(oldBytes);
      return;
    }
    if (offset + bytes > stringBytesMax(c)) {
      c.fail(ERRORS.stringTooLong);
      return;
    }
    const length = Math.max(oldBytes, offset + bytes);
    growString(c, 1, e, length);
    overwrite(c, 3, offset);
    c.changed(1, EVENTS.string, "setrange");
    c.reply.integer(length);
  },
});

export const getrange = command({
  name: "getrange",
  arity: 4,
  flags: ["readonly"],
  categories: ["string"],
  keys: [keysAt(1, "RO access")],
  group: "string",
  since: "2.4.0",
  summary: "Gives a part of a key's value.",
  complexity: "O(N) with the length of the part",
  syntax: "key:key start:integer end:integer",
  run: replyRange,
});

export const substr = command({
  name: "substr",
  arity: 4,
  flags: ["readonly"],
  categories: ["string"],
  keys: [keysAt(1, "RO access")],
  group: "string",
  since: "1.0.0",
  deprecatedSince: "2.0.0",
  replacedBy: "GETRANGE",
  summary: "Gives a part of a key's value.",
  complexity: "O(N) with the length of the part",
  syntax: "key:key start:integer end:integer",
  run: replyRange,
});

/** Writes argument i at `offset` of the value that `growString` left in the span. */
function overwrite(c: Call, i: number, offset: number): void {
  const { args, span } = c;
  copyBytes(args.buf, args.start[i], args.len[i], span.buf, span.start + offset);
}

function replyRange(c: Call): void {
  const first = c.integer(2);
  const last = c.integer(3);
  if (c.failed) return;
  const e = c.readString(1);
  if (c.failed) return;
  const { reply, span } = c;
  if (e === NULL || isBackwards(first, last) || !range.resolve(first, last, c.entries.valueLength(e))) {
    reply.bulk(EMPTY, 0, 0);
    return;
  }
  c.entries.value(e, span);
  reply.bulk(span.buf, span.start + range.first, range.last - range.first + 1);
}
