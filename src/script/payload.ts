// Libraries as FUNCTION DUMP gives them: for each the opcode and the string of an RDB file, then the version and the checksum.
import { copyBytes, EMPTY, type OwnedBytes, own } from "../lib/bytes.ts";
import { Crc64 } from "../lib/crc.ts";
import { decompressLzf } from "../lib/lzf.ts";

const LIBRARY_OPCODE = 245;
const RDB_VERSION = 10;
/** Later versions write libraries as version 10 does. */
const RDB_VERSION_MAX = 13;
const TRAILER_BYTES = 10;
const CHECKSUM_BYTES = 8;

/** The first two bits of a length say how it is written. */
const LENGTH_6_BITS_MAX = 63;
const LENGTH_14_BITS_MAX = 16383;
const LENGTH_14_BITS = 0x40;
const LENGTH_32_BITS = 0x80;
const LENGTH_64_BITS = 0x81;
const SPECIAL = 3;
const SPECIAL_COMPRESSED = 3;
const INTEGER_BYTES = [1, 2, 4];

export const BAD_CHECKSUM = "ERR DUMP payload version or checksum are wrong";
const BAD_CONTENT = "ERR failed loading the given functions payload";

export function encodeLibraries(codes: readonly Uint8Array[]): Uint8Array {
  const parts = codes.map((code) => {
    const head = [LIBRARY_OPCODE, ...encodeLength(code.length)];
    const part = new Uint8Array(head.length + code.length);
    part.set(head);
    copyBytes(code, 0, code.length, part, head.length);
    return part;
  });
  const body = Buffer.concat([...parts, Uint8Array.of(RDB_VERSION & 255, RDB_VERSION >> 8)]);
  const payload = new Uint8Array(body.length + CHECKSUM_BYTES);
  payload.set(body);
  const crc = new Crc64();
  crc.update(payload, 0, body.length);
  crc.writeTo(payload, body.length);
  return payload;
}

function encodeLength(length: number): number[] {
  if (length <= LENGTH_6_BITS_MAX) return [length];
  if (length <= LENGTH_14_BITS_MAX) return [LENGTH_14_BITS | (length >> 8), length & 255];
  return [LENGTH_32_BITS, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
}

/** The code of each library in a payload, or the error's text. */
export function decodeLibraries(payload: Uint8Array): OwnedBytes[] | string {
  if (!isIntact(payload)) return BAD_CHECKSUM;
  const reader = new PayloadReader(payload, payload.length - TRAILER_BYTES);
  const codes: OwnedBytes[] = [];
  while (!reader.atEnd) {
    if (reader.byte() !== LIBRARY_OPCODE) return "ERR given type is not a function";
    const code = reader.string();
    if (reader.broken) return BAD_CONTENT;
    codes.push(code);
  }
  return codes;
}

function isIntact(payload: Uint8Array): boolean {
  const { length } = payload;
  if (length < TRAILER_BYTES) return false;
  const version = payload[length - TRAILER_BYTES] | (payload[length - TRAILER_BYTES + 1] << 8);
  const crc = new Crc64();
  crc.update(payload, 0, length - CHECKSUM_BYTES);
  return version <= RDB_VERSION_MAX && crc.equals(payload, length - CHECKSUM_BYTES);
}

/** Reads what an RDB file holds, and notes when it is not what it should be. */
class PayloadReader {
  broken = false;
  private at = 0;
  /** The length that was read last is none, but says how the string is written. */
  private isSpecial = false;

  constructor(
    private readonly buf: Uint8Array,
    private readonly end: number,
  ) {}

  get atEnd(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.atEnd) this.broken = true;
    return this.broken ? 0 : this.buf[this.at++];
  }

  string(): OwnedBytes {
    const length = this.length();
    if (!this.isSpecial) return own(this.take(length));
    if (length === SPECIAL_COMPRESSED) return this.compressed();
    const bytes = INTEGER_BYTES[length];
    if (bytes === undefined) this.broken = true;
    return bytes === undefined ? own(EMPTY) : own(Buffer.from(String(this.integer(bytes))));
  }

  private compressed(): OwnedBytes {
    const packed = this.length();
    const length = this.length();
    const bytes = this.broken ? undefined : decompressLzf(this.take(packed), length);
    if (bytes === undefined) this.broken = true;
    return own(bytes ?? EMPTY);
  }

  /** A signed integer, the lowest byte first. */
  private integer(bytes: number): number {
    let value = 0;
    for (let i = 0; i < bytes; i++) value |= this.byte() << (8 * i);
    const unused = 32 - 8 * bytes;
    return (value << unused) >> unused;
  }

  private length(): number {
    const first = this.byte();
    const kind = first >> 6;
    this.isSpecial = kind === SPECIAL;
    if (kind === 0 || this.isSpecial) return first & 63;
    if (kind === 1) return ((first & 63) << 8) | this.byte();
    if (first === LENGTH_32_BITS) return this.wide(4);
    if (first === LENGTH_64_BITS) return this.wide(8);
    this.broken = true;
    return 0;
  }

  /** An unsigned integer, the highest byte first. */
  private wide(bytes: number): number {
    let value = 0;
    for (let i = 0; i < bytes; i++) value = value * 256 + this.byte();
    return value;
  }

  private take(length: number): Uint8Array {
    if (this.broken || length > this.end - this.at) {
      this.broken = true;
      return EMPTY;
    }
    this.at += length;
    return this.buf.subarray(this.at - length, this.at);
  }
}
