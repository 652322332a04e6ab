import type { Keyspace } from "../keyspace/keyspace.ts";
import { encode, own, Span } from "../lib/bytes.ts";
import { formatDouble } from "../lib/float.ts";
import type { Ptr } from "../memory/arena.ts";
import { NO_DEADLINE } from "../types/hash-deadlines.ts";
import { HASH, LIST, SET, STREAM, STRING, ZSET } from "../types/kinds.ts";
import { ID_TEXT_MAX, type StreamId } from "../types/stream-id.ts";

/**
 * Redis's digest of data: equal for equal data, whatever its order in tables, and equal to what redis-server computes for the same data.
 * SHA-1 sums are combined in two ways: `xor`, for things in any order, and `mix`, for things in a given order.
 */
const DIGEST_BYTES = 20;
const DASH = 45;
const DOT = 46;
const HAS_DEADLINE = encode("!!expire!!");
const FIELD_HAS_DEADLINE = encode("!!hexpire!!");

class Digest {
  private readonly bytes = new Uint8Array(DIGEST_BYTES);

  xor(buf: Uint8Array, start = 0, len = buf.length): void {
    const sum = sha1(own(buf, start, len));
    for (let i = 0; i < DIGEST_BYTES; i++) this.bytes[i] ^= sum[i];
  }

  mix(buf: Uint8Array, start = 0, len = buf.length): void {
    this.xor(buf, start, len);
    this.bytes.set(sha1(this.bytes));
  }

  xorDigest(other: Digest): void {
    this.xor(other.bytes);
  }

  get hex(): string {
    return Buffer.from(this.bytes).toString("hex");
  }
}

/** The digest of all databases, 40 hexadecimal characters; zeros when they are empty. */
export function datasetDigest(keyspace: Keyspace): string {
  const total = new Digest();
  for (const db of keyspace.databases) {
    if (db.size === 0) continue;
    total.mix(bigEndian(db.id));
    keyspace.dict.forEach(db.table, (e) => total.xorDigest(keyDigest(keyspace, e)));
  }
  return total.hex;
}

function keyDigest(keyspace: Keyspace, e: Ptr): Digest {
  const name = new Span();
  keyspace.entries.name(e, name);
  const digest = new Digest();
  digest.mix(name.buf, name.start, name.len);
  addValue(keyspace, e, digest);
  return digest;
}

/** The digest of one value with its type, and of whether it has a deadline. */
export function valueDigest(keyspace: Keyspace, e: Ptr): string {
  const digest = new Digest();
  addValue(keyspace, e, digest);
  return digest.hex;
}

/** The digest where there is no key. */
export const NO_VALUE_DIGEST = new Digest().hex;

function addValue(keyspace: Keyspace, e: Ptr, digest: Digest): void {
  const { entries } = keyspace;
  const type = entries.type(e);
  digest.mix(bigEndian(type));
  ADDERS[type](keyspace, e, digest);
  if (entries.isTimed(e)) digest.xor(HAS_DEADLINE);
}

/** By type: adds a value's content. */
const ADDERS: Readonly<Record<number, (keyspace: Keyspace, e: Ptr, digest: Digest) => void>> = {
  [STRING]({ entries }, e, digest) {
    const value = new Span();
    entries.value(e, value);
    digest.mix(value.buf, value.start, value.len);
  },
  [LIST]({ lists }, e, digest) {
    const element = new Span();
    for (let more = lists.seek(e, 0); more; more = lists.next()) {
      lists.read(element);
      digest.mix(element.buf, element.start, element.len);
    }
  },
  [ZSET]({ zsets }, e, digest) {
    zsets.forEach(e, ({ buf, start, len }, score) => {
      const element = new Digest();
      element.mix(buf, start, len);
      element.mix(encode(formatDouble(score)));
      digest.xorDigest(element);
    });
  },
  [STREAM]({ streams }, e, digest) {
    const { entries } = streams;
    const text = new Span();
    for (let more = entries.seekFirst(streams.header(e)); more; more = entries.next()) {
      digest.mix(dottedId(entries.id));
      for (let i = 0; i < 2 * entries.fields; i++) {
        entries.nextText(text);
        digest.mix(text.buf, text.start, text.len);
      }
    }
  },
  [SET]({ sets }, e, digest) {
    sets.forEach(e, ({ buf, start, len }) => digest.xor(buf, start, len));
  },
  [HASH]({ hashes }, e, digest) {
    hashes.forEach(e, (field, value, deadlineMs) => {
      const element = new Digest();
      element.mix(field.buf, field.start, field.len);
      element.mix(value.buf, value.start, value.len);
      if (deadlineMs !== NO_DEADLINE) element.xor(FIELD_HAS_DEADLINE);
      digest.xorDigest(element);
    });
  },
};

/** The ID as the digest has it: with a dot. */
function dottedId(id: StreamId): Uint8Array {
  const text = new Uint8Array(ID_TEXT_MAX);
  const len = id.format(text, 0);
  text[text.indexOf(DASH)] = DOT;
  return text.subarray(0, len);
}

function bigEndian(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function sha1(bytes: Uint8Array): Uint8Array {
  return new Bun.CryptoHasher("sha1").update(bytes).digest();
}
