import { readSync } from "node:fs";
import type { Span } from "../../lib/bytes.ts";
import { Crc64 } from "../../lib/crc.ts";
import { parseDouble } from "../../lib/float.ts";
import { formatInteger, INTEGER_TEXT_MAX } from "../../lib/integer.ts";
import { unpackedBytesMax, unpackLzf } from "../../lib/lzf.ts";
import { osErrorText } from "../../lib/os-errors.ts";
import { CHECKSUM_BYTES, LENGTH_32_BITS, LENGTH_64_BITS, SPECIAL_INT_32, SPECIAL_LZF } from "./codes.ts";

/** The file is read in pieces of this size. A string of more than half of it is read into a buffer of its own. */
const WINDOW_BYTES = 1024 * 1024;
const OWN_BUFFER_BYTES_MIN = WINDOW_BYTES / 2;
const SCRATCH_KEPT_BYTES_MAX = 1024 * 1024;
/** Unpacking is faster with some room behind what is unpacked. */
const UNPACKED_SPARE = 4;
/** No typed array is larger than this here, and no value of a key is. */
const STRING_BYTES_MAX = 2 ** 31 - 2 ** 27;
const TWO_32 = 2 ** 32;
/** The text of a double has its length in a byte, or one of these in its place. */
const DOUBLE_NAN = 253;
const DOUBLE_INFINITE = 254;
const DOUBLE_MINUS_INFINITE = 255;

/** What is read is not what it should be. */
export class RdbError extends Error {
  /** `isEnd`: the bytes end before they should. */
  constructor(
    message: string,
    readonly isEnd = false,
  ) {
    super(message);
  }
}

/**
 * The bytes of an RDB file or of a payload, read from front to back.
 *
 * Invariants
 * 1. `buf` holds what is between the offsets `base` and `base + end` of the whole; `at` is the next byte.
 * 2. A length that reaches beyond the end of the whole is refused before anything is allocated for it. So no memory is taken that is not in
 *    proportion to bytes that are there.
 * 3. There are two windows, used in turn, and so it is with the scratch of strings that are not written as they are. What `string` gave
 *    is valid until the second call after it.
 * 4. The checksum covers what is before `crcAt`. It is brought up to `at` before a window is left.
 */
export class RdbInput {
  buf: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  /** After `length`: it was none, but told how a string is written. */
  isSpecial = false;
  /** After `length`: its 64 bits as two words. */
  high = 0;
  low = 0;

  private base = 0;
  private fd = -1;
  private size = 0;
  private checks = false;
  private crcAt = 0;
  private readonly crc = new Crc64();
  private readonly windows: (Uint8Array | undefined)[] = [undefined, undefined];
  private turn = 0;
  private readonly texts = [new Uint8Array(INTEGER_TEXT_MAX), new Uint8Array(INTEGER_TEXT_MAX)];
  private readonly unpacked = [new Uint8Array(1024), new Uint8Array(1024)];
  private readonly double = new Float64Array(1);
  private readonly doubleBytes = new Uint8Array(this.double.buffer);

  /** Reads a payload: `len` bytes from `start` on. They must not change meanwhile. */
  open(buf: Uint8Array, start: number, len: number): void {
    this.buf = buf;
    this.at = start;
    this.end = start + len;
    this.base = 0;
    this.size = this.end;
    this.fd = -1;
    this.checks = false;
  }

  /** Reads a file of `size` bytes, whose descriptor stays the caller's. `checks`: with its checksum. */
  openFile(fd: number, size: number, checks: boolean): void {
    this.open(this.buf, 0, 0);
    this.fd = fd;
    this.size = size;
    this.checks = checks;
    this.crcAt = 0;
    this.crc.reset();
  }

  /** Bytes that have been read. */
  get offset(): number {
    return this.base + this.at;
  }

  /** Bytes that are still to be read. */
  get left(): number {
    return this.size - this.base - this.at;
  }

  /** Makes sure that the next `bytes` bytes are in `buf`. Throws RdbError when there are not as many. */
  need(bytes: number): void {
    if (this.end - this.at < bytes) this.fill(bytes);
  }

  private fill(bytes: number): void {
    if (bytes > this.left) throw new RdbError("Unexpected EOF reading RDB file", true);
    this.sum();
    const { buf, at } = this;
    const kept = this.end - at;
    const to = this.nextBuffer(bytes);
    to.set(buf.subarray(at, this.end));
    this.base += at;
    this.buf = to;
    this.at = this.crcAt = 0;
    this.end = kept;
    while (this.end < bytes) this.read();
  }

  private nextBuffer(bytes: number): Uint8Array {
    if (bytes > OWN_BUFFER_BYTES_MIN) return new Uint8Array(bytes);
    this.turn ^= 1;
    this.windows[this.turn] ??= new Uint8Array(WINDOW_BYTES);
    return this.windows[this.turn]!;
  }

  private read(): void {
    const { buf, end, base } = this;
    let count = 0;
    try {
      count = readSync(this.fd, buf, end, Math.min(buf.length - end, this.size - base - end), base + end);
    } catch (error) {
      throw new RdbError(`Error reading the RDB file: ${osErrorText(error)}`, true);
    }
    if (count === 0) throw new RdbError("Unexpected EOF reading RDB file", true);
    this.end = end + count;
  }

  /** Brings the checksum up to `at`. */
  private sum(): void {
    if (this.checks) this.crc.update(this.buf, this.crcAt, this.at - this.crcAt);
    this.crcAt = this.at;
  }

  /** Reads the checksum at the end. Returns what it should be, and what it is; undefined when it was not computed. */
  checksum(): { expected: bigint; found: bigint | undefined } {
    this.sum();
    const found = this.checks ? this.crc.value() : undefined;
    this.need(CHECKSUM_BYTES);
    let expected = 0n;
    for (let i = CHECKSUM_BYTES - 1; i >= 0; i--) expected = (expected << 8n) | BigInt(this.buf[this.at + i]);
    this.at += CHECKSUM_BYTES;
    return { expected, found };
  }

  byte(): number {
    if (this.at === this.end) this.fill(1);
    return this.buf[this.at++];
  }

  /** A signed integer of 32 bits, the lowest byte first. */
  int32(): number {
    this.need(4);
    const { buf, at } = this;
    this.at = at + 4;
    return buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24);
  }

  /** A time in ms: a signed integer of 64 bits, the lowest byte first. Beyond 2^53 it is not exact. */
  milliseconds(): number {
    const low = this.int32() >>> 0;
    return this.int32() * TWO_32 + low;
  }

  /** A double in its eight bytes. */
  binaryDouble(): number {
    this.need(8);
    for (let i = 0; i < 8; i++) this.doubleBytes[i] = this.buf[this.at + i];
    this.at += 8;
    return this.double[0];
  }

  /** A double as text, its length before it. */
  textDouble(): number {
    const len = this.byte();
    if (len === DOUBLE_NAN) return Number.NaN;
    if (len === DOUBLE_INFINITE) return Number.POSITIVE_INFINITY;
    if (len === DOUBLE_MINUS_INFINITE) return Number.NEGATIVE_INFINITY;
    this.need(len);
    const value = parseDouble(this.buf, this.at, len);
    this.at += len;
    if (value === undefined) throw new RdbError("Zset with a score that is no number detected");
    return value;
  }

  /** A length. Beyond 2^53 it is not exact, but `high` and `low` are. Whoever expects a length looks at `isSpecial`, or calls `count`. */
  length(): number {
    const first = this.byte();
    this.isSpecial = false;
    this.high = 0;
    if (first < 64) {
      this.low = first;
      return first;
    }
    if (first < 128) {
      this.low = ((first & 63) << 8) | this.byte();
      return this.low;
    }
    if (first >= 192) {
      this.isSpecial = true;
      this.low = first & 63;
      return this.low;
    }
    return this.wideLength(first);
  }

  private wideLength(first: number): number {
    if (first === LENGTH_64_BITS) this.high = this.bigEndian();
    else if (first !== LENGTH_32_BITS) throw new RdbError(`Unknown length encoding ${first >> 6} in rdbLoadLen()`);
    this.low = this.bigEndian();
    return (this.high >>> 0) * TWO_32 + (this.low >>> 0);
  }

  private bigEndian(): number {
    this.need(4);
    const { buf, at } = this;
    this.at = at + 4;
    return (buf[at] << 24) | (buf[at + 1] << 16) | (buf[at + 2] << 8) | buf[at + 3];
  }

  /** A length that is one. */
  plainLength(): number {
    const length = this.length();
    if (this.isSpecial) throw new RdbError("Unexpected string encoding in the place of a length");
    return length;
  }

  /** How many things follow, of which each takes `bytesEach` bytes or more. So it is in proportion to what is there. */
  count(bytesEach: number): number {
    const count = this.plainLength();
    if (count * bytesEach > this.left) throw new RdbError("Unexpected EOF reading RDB file", true);
    return count;
  }

  /** A string. */
  string(out: Span): void {
    const length = this.length();
    if (this.isSpecial) {
      this.specialString(length, out);
      return;
    }
    if (length > STRING_BYTES_MAX) throw new RdbError("Unexpected EOF reading RDB file", true);
    this.need(length);
    out.set(this.buf, this.at, length);
    this.at += length;
  }

  private specialString(how: number, out: Span): void {
    if (how <= SPECIAL_INT_32) {
      const text = this.texts[0];
      this.texts[0] = this.texts[1];
      this.texts[1] = text;
      out.set(text, 0, formatInteger(this.integer(1 << how), text, 0));
      return;
    }
    if (how !== SPECIAL_LZF) throw new RdbError(`Unknown RDB string encoding type ${how}`);
    this.compressedString(out);
  }

  private integer(bytes: number): number {
    this.need(bytes);
    let value = 0;
    for (let i = 0; i < bytes; i++) value |= this.buf[this.at + i] << (8 * i);
    this.at += bytes;
    const unused = 32 - 8 * bytes;
    return (value << unused) >> unused;
  }

  private compressedString(out: Span): void {
    const packed = this.count(1);
    const length = this.plainLength();
    if (length > unpackedBytesMax(packed)) throw new RdbError("Invalid LZF compressed string");
    this.need(packed);
    const to = this.scratch(length);
    if (!unpackLzf(this.buf, this.at, packed, to, length)) throw new RdbError("Invalid LZF compressed string");
    this.at += packed;
    out.set(to, 0, length);
  }

  private scratch(bytes: number): Uint8Array {
    const { unpacked } = this;
    let to = unpacked[0];
    unpacked[0] = unpacked[1];
    if (to.length < bytes + UNPACKED_SPARE || to.length > SCRATCH_KEPT_BYTES_MAX)
      to = new Uint8Array(Math.max(1024, bytes + UNPACKED_SPARE));
    unpacked[1] = to;
    return to;
  }

  /** Passes over bytes. */
  skip(bytes: number): void {
    for (let rest = bytes; rest > 0; ) {
      const step = Math.min(rest, OWN_BUFFER_BYTES_MIN);
      this.need(step);
      this.at += step;
      rest -= step;
    }
  }
}
