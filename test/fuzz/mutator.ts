// Damages payloads and files: the same seed damages them in the same ways.
import { Random } from "../../src/lib/random.ts";

/** Bytes that mean something in the RDB format and in what is inside of it. */
const TELLING = [
  0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3, 0xf0, 0xf4, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
];
/** Lengths: small ones, on borders, and lies of 32 and 64 bits. */
const LENGTHS = [
  [0],
  [1],
  [63],
  [0x40, 0],
  [0x7f, 0xff],
  [0x80, 0, 0, 0, 0],
  [0x80, 0, 1, 0, 0],
  [0x80, 0x7f, 0xff, 0xff, 0xff],
  [0x80, 0xff, 0xff, 0xff, 0xff],
  [0x81, 0, 0, 1, 0, 0, 0, 0, 0],
  [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
];
const CHANGES_MAX = 4;

export class Mutator {
  private readonly random: Random;

  constructor(
    private readonly seeds: readonly Uint8Array[],
    seed: number,
  ) {
    this.random = new Random(seed);
  }

  /** One of the seeds, damaged in a few places between `from` and `tail` bytes before the end. */
  next(from: number, tail: number): Uint8Array {
    const { random } = this;
    let bytes: Uint8Array = Uint8Array.from(this.pick(this.seeds));
    for (let left = 1 + random.below(CHANGES_MAX); left > 0; left--) {
      if (bytes.length - tail <= from + 1) break;
      bytes = this.change(bytes, from, bytes.length - tail);
    }
    return bytes;
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.random.below(from.length)]!;
  }

  private change(bytes: Uint8Array, from: number, end: number): Uint8Array {
    const { random } = this;
    const at = from + random.below(end - from);
    const size = 1 + random.below(Math.min(32, end - at));
    switch (random.below(9)) {
      case 0:
        bytes[at] ^= 1 << random.below(8);
        return bytes;
      case 1:
        bytes[at] = random.below(256);
        return bytes;
      case 2:
      case 3:
        bytes[at] = this.pick(TELLING);
        return bytes;
      case 4:
        bytes[at] += random.below(2) === 0 ? 1 : 255;
        return bytes;
      case 5:
        return joined(bytes.subarray(0, at), bytes.subarray(at + size));
      case 6:
        return joined(bytes.subarray(0, at + size), bytes.subarray(at));
      case 7: {
        const other = this.pick(this.seeds);
        const start = random.below(other.length);
        return joined(bytes.subarray(0, at), other.subarray(start, start + size), bytes.subarray(at));
      }
      default:
        return joined(bytes.subarray(0, at), Uint8Array.from(this.pick(LENGTHS)), bytes.subarray(at + 1));
    }
  }
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
