// Values in the forms that Redis wrote them in over the years, as the public descriptions of the RDB format have them.
import { Crc64 } from "../../../src/lib/crc.ts";

type Bytes = Uint8Array;
/** A text, or an integer that the form has its own way for. */
export type Item = string | bigint;

export const bytes = (...parts: (Bytes | number[] | string)[]): Bytes =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Uint8Array.from(part))));

/** An integer of so many bytes, the lowest first. */
export function little(value: number | bigint, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n));
}

const big = (value: number | bigint, count: number): number[] => little(value, count).reverse();

export function length(n: number | bigint): number[] {
  if (n < 64) return [Number(n)];
  if (n < 16_384) return [0x40 | (Number(n) >> 8), Number(n) & 255];
  return n < 2n ** 32n ? [0x80, ...big(n, 4)] : [0x81, ...big(n, 8)];
}

/** A string as it is. */
export function string(text: string | Bytes): Bytes {
  const content = bytes(text as string);
  return bytes(length(content.length), content);
}

export function double(value: number): Bytes {
  return new Uint8Array(Float64Array.of(value).buffer);
}

/** A score in the first form: its text. */
export function textDouble(text: string): Bytes {
  const special: Record<string, number> = { nan: 253, inf: 254, "-inf": 255 };
  return special[text] === undefined ? bytes([text.length], text) : bytes([special[text]]);
}

const fits = (value: bigint, bits: number) => BigInt.asIntN(bits, value) === value;

function ziplistContent(item: Item): Bytes {
  if (typeof item === "bigint") {
    if (item >= 0n && item <= 12n) return bytes([0xf1 + Number(item)]);
    const forms: [number, number][] = [
      [0xfe, 1],
      [0xc0, 2],
      [0xf0, 3],
      [0xd0, 4],
      [0xe0, 8],
    ];
    const [code, count] = forms.find(([, size]) => fits(item, size * 8))!;
    return bytes([code], little(item, count));
  }
  const n = item.length;
  if (n < 64) return bytes([n], item);
  return n < 16_384 ? bytes([0x40 | (n >> 8), n & 255], item) : bytes([0x80], big(n, 4), item);
}

export function ziplist(items: readonly Item[]): Bytes {
  const parts: Bytes[] = [];
  let before = 0;
  let last = 10;
  let at = 10;
  for (const item of items) {
    const head = before < 254 ? [before] : [254, ...little(before, 4)];
    const element = bytes(head, ziplistContent(item));
    parts.push(element);
    last = at;
    at += element.length;
    before = element.length;
  }
  const body = bytes(...parts);
  return bytes(little(11 + body.length, 4), little(last, 4), little(Math.min(items.length, 0xffff), 2), body, [255]);
}

function listpackContent(item: Item): Bytes {
  if (typeof item === "bigint") {
    if (item >= 0n && item < 128n) return bytes([Number(item)]);
    if (fits(item, 13)) return bytes([0xc0 | (Number(BigInt.asUintN(13, item)) >> 8), Number(BigInt.asUintN(8, item))]);
    const forms: [number, number][] = [
      [0xf1, 2],
      [0xf2, 3],
      [0xf3, 4],
      [0xf4, 8],
    ];
    const [code, count] = forms.find(([, size]) => fits(item, size * 8))!;
    return bytes([code], little(item, count));
  }
  const n = item.length;
  if (n < 64) return bytes([0x80 | n], item);
  return n < 4096 ? bytes([0xe0 | (n >> 8), n & 255], item) : bytes([0xf0], little(n, 4), item);
}

function listpackBack(size: number): number[] {
  const count = size <= 127 ? 1 : size < 16_383 ? 2 : size < 2_097_151 ? 3 : size < 268_435_455 ? 4 : 5;
  return Array.from({ length: count }, (_, i) => ((size >> (7 * (count - 1 - i))) & 127) | (i === 0 ? 0 : 128));
}

export function listpack(items: readonly Item[]): Bytes {
  const body = bytes(
    ...items.map((item) => {
      const content = listpackContent(item);
      return bytes(content, listpackBack(content.length));
    }),
  );
  return bytes(little(7 + body.length, 4), little(Math.min(items.length, 0xffff), 2), body, [255]);
}

function zipmapLength(n: number): number[] {
  return n < 254 ? [n] : [254, ...little(n, 4)];
}

/** `unused`: so many bytes behind each value belong to nobody. */
export function zipmap(pairs: readonly (readonly [string, string])[], unused = 0): Bytes {
  const body = pairs.map(([field, value]) =>
    bytes(zipmapLength(field.length), field, zipmapLength(value.length), [unused], value, new Array(unused).fill(0)),
  );
  return bytes([Math.min(pairs.length, 254)], ...body, [255]);
}

/** Integers in ascending order. */
export function intset(values: readonly bigint[], width: 2 | 4 | 8): Bytes {
  return bytes(little(width, 4), little(values.length, 4), ...values.map((value) => little(value, width)));
}

/** A stream's ID in its 16 bytes. */
export function rawId(ms: bigint, seq: bigint): Bytes {
  return bytes(big(ms, 8), big(seq, 8));
}

/** A value as DUMP gives it. */
export function payload(type: number, body: Bytes, version = 10): Bytes {
  const content = bytes([type], body, little(version, 2));
  const whole = bytes(content, new Array(8).fill(0));
  const crc = new Crc64();
  crc.update(whole, 0, content.length);
  crc.writeTo(whole, content.length);
  return whole;
}

/** A file: `items` are what is between its header and its end. */
export function file(version: number, ...items: (Bytes | number[])[]): Bytes {
  const content = bytes(`REDIS${String(version).padStart(4, "0")}`, ...items, [255]);
  if (version < 5) return content;
  const whole = bytes(content, new Array(8).fill(0));
  const crc = new Crc64();
  crc.update(whole, 0, content.length);
  crc.writeTo(whole, content.length);
  return whole;
}
