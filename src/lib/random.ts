/**
 * The one source of chance: xoshiro128** (Blackman and Vigna 2018), seeded from the operating system or, in tests, from a number.
 * Not for secrets: those come from `randomSecret`.
 */
export class Random {
  private readonly state = new Int32Array(4);

  constructor(seed?: number) {
    if (seed === undefined) crypto.getRandomValues(this.state);
    else this.seed(seed);
  }

  /** Fills the state from one number (splitmix32), so that equal seeds give equal sequences. */
  seed(seed: number): void {
    let s = seed | 0;
    for (let i = 0; i < 4; i++) {
      s = (s + 0x9e3779b9) | 0;
      let z = Math.imul(s ^ (s >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      this.state[i] = z ^ (z >>> 15);
    }
  }

  /** A signed 32-bit integer, every value equally likely. */
  int32(): number {
    const s = this.state;
    const x = Math.imul(s[1], 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9);
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** A number in [0, 1) with 53 random bits. */
  unit(): number {
    return ((this.int32() >>> 5) * 67108864 + (this.int32() >>> 6)) / 9007199254740992;
  }

  /** An integer in [0, bound), bound at most 2^53. */
  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }
}

/** Two secret words from the operating system, for keyed hashing. */
export function randomSecret(): [number, number] {
  const words = crypto.getRandomValues(new Int32Array(2));
  return [words[0], words[1]];
}

/** Lower-case hexadecimal characters from the operating system's generator (run ids, replication ids). */
export function randomHex(characters: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array((characters + 1) >> 1));
  return Buffer.from(bytes).toString("hex").slice(0, characters);
}
