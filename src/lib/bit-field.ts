/**
 * Integers of any width at any bit offset, as BITFIELD needs them: signed of 1 to 64 bits, unsigned of 1 to 63. Bit 0 is
 * the most significant bit of the first byte, and the first bit of a field is its most significant one.
 *
 * Fields of up to NARROW_BITS_MAX bits with operands of up to 2^52 work in JS numbers, exactly; everything else takes the
 * functions with bigints. Offsets are in bits from `start`.
 */

/** Sums of a field of this width and an operand of up to NARROW_OPERAND_MAX stay exact. */
export const NARROW_BITS_MAX = 52;
export const NARROW_OPERAND_MAX = 2 ** 52;
const LOW_BITS = 32;

/** What happens to a value that does not fit its field. */
export type Overflow = "wrap" | "saturate" | "fail";

/** Reads a field of up to 52 bits from a string of `len` bytes; what lies beyond its end reads as zeros. */
export function readField(
  buf: Uint8Array,
  start: number,
  len: number,
  offset: number,
  width: number,
  signed: boolean,
): number {
  const value = readUnsigned(buf, start, len, offset, width);
  return signed && value >= 2 ** (width - 1) ? value - 2 ** width : value;
}

/** As `readField`, for any width. */
export function readBigField(
  buf: Uint8Array,
  start: number,
  len: number,
  offset: number,
  width: number,
  signed: boolean,
): bigint {
  const highBits = Math.max(width - LOW_BITS, 0);
  const high = readUnsigned(buf, start, len, offset, highBits);
  const low = readUnsigned(buf, start, len, offset + highBits, width - highBits);
  const value = (BigInt(high) << BigInt(LOW_BITS)) | BigInt(low);
  return signed ? BigInt.asIntN(width, value) : value;
}

/** Writes the low bits of an integer into a field of up to 52 bits, which must lie within the string. */
export function writeField(buf: Uint8Array, start: number, offset: number, width: number, value: number): void {
  let rest = value < 0 ? value + 2 ** width : value;
  // From the field's last byte to its first, the lowest bits first.
  let end = offset + width;
  for (let left = width; left > 0; ) {
    const at = start + Math.floor((end - 1) / 8);
    const inByte = ((end - 1) & 7) + 1;
    const take = Math.min(inByte, left);
    const shift = 8 - inByte;
    const mask = ((1 << take) - 1) << shift;
    const higher = Math.floor(rest / (1 << take));
    buf[at] = (buf[at] & ~mask) | ((rest - higher * (1 << take)) << shift);
    rest = higher;
    end -= take;
    left -= take;
  }
}

/** As `writeField`, for any width. */
export function writeBigField(buf: Uint8Array, start: number, offset: number, width: number, value: bigint): void {
  const bits = BigInt.asUintN(width, value);
  const highBits = Math.max(width - LOW_BITS, 0);
  writeField(buf, start, offset, highBits, Number(bits >> BigInt(LOW_BITS)));
  writeField(buf, start, offset + highBits, width - highBits, Number(BigInt.asUintN(LOW_BITS, bits)));
}

/**
 * What a field of up to 52 bits holds after `value + increment`, both at most 2^52 in magnitude; NaN when it must not change.
 * BITFIELD SET is an increment of 0 on the new value. As in Redis, a negative value saturates an unsigned field to its maximum.
 */
export function fitField(value: number, increment: number, width: number, signed: boolean, overflow: Overflow): number {
  const max = 2 ** (signed ? width - 1 : width) - 1;
  const min = signed ? -max - 1 : 0;
  const sum = value + increment;
  const above = value > max || (!signed && value < 0) || (increment >= 0 && sum > max);
  const below = !above && (value < min || sum < min);
  if (!above && !below) return sum;
  if (overflow === "fail") return Number.NaN;
  if (overflow === "saturate") return above ? max : min;
  const range = 2 ** width;
  const wrapped = sum - Math.floor(sum / range) * range;
  return wrapped > max ? wrapped - range : wrapped;
}

/**
 * As `fitField`, for any width and any 64-bit operands; undefined when the field must not change. Redis works in 64 bits, where the
 * distance from a very low value to the maximum itself overflows: BITFIELD OVERFLOW SAT SET i8 0 -9223372036854775808 stores 127.
 */
export function fitBigField(
  value: bigint,
  increment: bigint,
  width: number,
  signed: boolean,
  overflow: Overflow,
): bigint | undefined {
  const max = (1n << BigInt(signed ? width - 1 : width)) - 1n;
  const min = signed ? -max - 1n : 0n;
  const room = BigInt.asIntN(64, max - value);
  const above = value > max || (!signed && value < 0n) || (increment > room && (width < 64 || value >= 0n));
  const below = !above && (value < min || value + increment < min);
  if (!above && !below) return value + increment;
  if (overflow === "fail") return undefined;
  if (overflow === "saturate") return above ? max : min;
  return signed ? BigInt.asIntN(width, value + increment) : BigInt.asUintN(width, value + increment);
}

function readUnsigned(buf: Uint8Array, start: number, len: number, offset: number, width: number): number {
  let value = 0;
  let at = Math.floor(offset / 8);
  let skip = offset & 7;
  for (let left = width; left > 0; at++) {
    const take = Math.min(8 - skip, left);
    const byte = at < len ? buf[start + at] : 0;
    value = value * (1 << take) + ((byte >>> (8 - skip - take)) & ((1 << take) - 1));
    left -= take;
    skip = 0;
  }
  return value;
}
