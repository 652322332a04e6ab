import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { parseMemory } from "../config/text.ts";
import { Span } from "../lib/bytes.ts";
import { parseInteger } from "../lib/integer.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { ENCODING_NAMES, HASH, INT, LIST, SET, STREAM, ZSET } from "../types/kinds.ts";

const BAD_THRESHOLD = error("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
const THRESHOLD_MAX = 2 ** 32 - 2 ** 20;
const DEFAULT_THRESHOLD = 2 ** 30;
const SCORE_BYTES = 8;
const ID_BYTES = 16;

const metadata = { group: "server", since: "1.0.0" } as const;

export const debugObject = command({
  ...metadata,
  name: "object",
  arity: 3,
  summary: "Tells how the value of a key is held.",
  run(c) {
    const { entries, keyspace, db } = c;
    const { buf, start, len } = c.args;
    const e = db.inspect(buf, start[2], len[2], db.hash(buf, start[2], len[2]));
    if (e === NULL) return c.fail(ERRORS.noSuchKey);
    const access = entries.access(e);
    const idle = keyspace.access.lfu ? 0 : keyspace.access.idleSeconds(access);
    c.reply.status(
      `Value at:0x${(e >>> 0).toString(16)} refcount:1 encoding:${ENCODING_NAMES[entries.encoding(e)]} ` +
        `serializedlength:${serializedBytes(c, e)} lru:${access} lru_seconds_idle:${idle}`,
    );
  },
});

export const debugQuicklistPackedThreshold = command({
  ...metadata,
  name: "quicklist-packed-threshold",
  arity: 3,
  summary: "From which length on an element of a list shares its leaf with no others; 0: the usual.",
  run(c) {
    const bytes = parseMemory(c.args.text(2));
    if (bytes === undefined || bytes > THRESHOLD_MAX) return c.fail(BAD_THRESHOLD);
    c.keyspace.lists.ownLeafBytes = bytes === 0 ? DEFAULT_THRESHOLD : bytes;
    c.reply.ok();
  },
});

/** About how many bytes the value takes in a snapshot without compression. */
function serializedBytes(c: Call, e: Ptr): number {
  const collection = c.keyspace.collections[c.entries.type(e)];
  return collection === undefined
    ? textBytes(c, e)
    : lengthBytes(collection.length(e)) + ELEMENT_BYTES[c.entries.type(e)](c, e);
}

function textBytes({ entries }: Call, e: Ptr): number {
  const value = new Span();
  entries.value(e, value);
  return entries.encoding(e) === INT ? integerBytes(value) : stringBytes(value.len);
}

/** By type: bytes of all elements. */
const ELEMENT_BYTES: Readonly<Record<number, (c: Call, e: Ptr) => number>> = {
  [LIST]({ keyspace: { lists } }, e) {
    const element = new Span();
    let bytes = 0;
    for (let more = lists.seek(e, 0); more; more = lists.next()) {
      lists.read(element);
      bytes += stringBytes(element.len);
    }
    return bytes;
  },
  [SET]({ keyspace: { sets } }, e) {
    let bytes = 0;
    sets.forEach(e, ({ len }) => (bytes += stringBytes(len)));
    return bytes;
  },
  [ZSET]({ keyspace: { zsets } }, e) {
    let bytes = 0;
    zsets.forEach(e, ({ len }) => (bytes += stringBytes(len) + SCORE_BYTES));
    return bytes;
  },
  [HASH]({ keyspace: { hashes } }, e) {
    let bytes = 0;
    hashes.forEach(e, (field, value) => (bytes += stringBytes(field.len) + stringBytes(value.len)));
    return bytes;
  },
  [STREAM]({ keyspace: { streams } }, e) {
    const { entries } = streams;
    const text = new Span();
    let bytes = 0;
    for (let more = entries.seekFirst(streams.header(e)); more; more = entries.next()) {
      bytes += ID_BYTES;
      for (let i = 0; i < 2 * entries.fields; i++) {
        entries.nextText(text);
        bytes += stringBytes(text.len);
      }
    }
    return bytes;
  },
};

function integerBytes({ buf, start, len }: Span): number {
  const value = parseInteger(buf, start, len);
  const bits = [8, 16, 32].find((width) => value >= -(2 ** (width - 1)) && value < 2 ** (width - 1));
  return bits === undefined ? stringBytes(len) : 1 + bits / 8;
}

function stringBytes(len: number): number {
  return lengthBytes(len) + len;
}

function lengthBytes(length: number): number {
  if (length < 1 << 6) return 1;
  return length < 1 << 14 ? 2 : 5;
}
