/**
 * Places on Earth as cells of a grid: longitude and latitude are halved again and again, `step` times each. A cell has two numbers, its column
 * (from the west) and its row (from the south); their bits, interleaved with the row's as the lowest, are the geohash. With 26 steps it has
 * 52 bits, which a double holds: that is the score of a place in a sorted set.
 */
export const LONGITUDE_MAX = 180;
/** Where the square map of the Mercator projection ends. */
export const LATITUDE_MAX = 85.05112878;
/** Latitudes of geohashes that people write. */
export const WRITTEN_LATITUDE_MAX = 90;
export const STEPS_MAX = 26;
const WORD = 2 ** 32;
const ALPHABET = Buffer.from("0123456789bcdefghjkmnpqrstuvwxyz");
/** Characters of a written geohash, five bits each. There are bits for ten and a bit; the last one is always that of zero. */
export const WRITTEN_BYTES = 11;
const WRITTEN_BITS = 5;

/** A cell, or a place as the middle of one. */
export class Cell {
  column = 0;
  row = 0;
  step = 0;
  west = 0;
  east = 0;
  south = 0;
  north = 0;

  /** The cell that a place is in. Latitudes go from -`latitudeMax` to it. */
  encode(longitude: number, latitude: number, step: number, latitudeMax = LATITUDE_MAX): void {
    this.step = step;
    // At the end of the range the number is one too large; so it is in Redis, and scores of such places are known.
    this.column = (((longitude + LONGITUDE_MAX) / (2 * LONGITUDE_MAX)) * 2 ** step) >>> 0;
    this.row = (((latitude + latitudeMax) / (2 * latitudeMax)) * 2 ** step) >>> 0;
  }

  /** The cell of the finest grid that a score stands for, whatever number it is. */
  ofScore(score: number): void {
    const bits = asInteger(score);
    const high = Math.floor(bits / WORD);
    const low = bits - high * WORD;
    this.step = STEPS_MAX;
    this.row = (squeeze(low) | (squeeze(high) << 16)) >>> 0;
    this.column = (squeeze(low >>> 1) | (squeeze(high >>> 1) << 16)) >>> 0;
  }

  /** The interleaved bits. Beyond 2^53 (at the ends of the ranges) they are rounded. */
  get bits(): number {
    const low = (spread(this.row & 0xffff) | (spread(this.column & 0xffff) << 1)) >>> 0;
    const high = (spread(this.row >>> 16) | (spread(this.column >>> 16) << 1)) >>> 0;
    return high * WORD + low;
  }

  /** The lowest score of places in the cell. */
  get scoreMin(): number {
    return this.bits * 4 ** (STEPS_MAX - this.step);
  }

  /** Scores of places in the cell are below this. */
  get scoreEnd(): number {
    return (this.bits + 1) * 4 ** (STEPS_MAX - this.step);
  }

  /** The cell so many columns east and rows north of another, around the world. */
  nextTo(other: Cell, columns: number, rows: number): void {
    const mask = 2 ** other.step - 1;
    this.step = other.step;
    this.column = columns === 0 ? other.column : (other.column + columns) & mask;
    this.row = rows === 0 ? other.row : (other.row + rows) & mask;
  }

  isSame(other: Cell): boolean {
    return this.column === other.column && this.row === other.row && this.step === other.step;
  }

  /** Computes the edges of the cell. */
  measure(): void {
    const cells = 2 ** this.step;
    const width = LONGITUDE_MAX * 2;
    const height = LATITUDE_MAX * 2;
    this.west = -LONGITUDE_MAX + (this.column / cells) * width;
    this.east = -LONGITUDE_MAX + (((this.column + 1) >>> 0) / cells) * width;
    this.south = -LATITUDE_MAX + (this.row / cells) * height;
    this.north = -LATITUDE_MAX + (((this.row + 1) >>> 0) / cells) * height;
  }

  /** The middle, after `measure`. */
  get longitude(): number {
    return Math.min(Math.max((this.west + this.east) / 2, -LONGITUDE_MAX), LONGITUDE_MAX);
  }

  get latitude(): number {
    return Math.min(Math.max((this.south + this.north) / 2, -LATITUDE_MAX), LATITUDE_MAX);
  }

  /** Writes the 11 characters of the geohash. */
  write(buf: Uint8Array, at: number): void {
    const { bits } = this;
    for (let i = 0; i < WRITTEN_BYTES - 1; i++) {
      const shifted = Math.floor(bits / 2 ** (2 * STEPS_MAX - (i + 1) * WRITTEN_BITS));
      buf[at + i] = ALPHABET[shifted % ALPHABET.length];
    }
    buf[at + WRITTEN_BYTES - 1] = ALPHABET[0];
  }
}

/**
 * A double as C on x86-64 makes a 64-bit integer of it, signed below 2^63. Scores that no place has must not be errors: clients can give a
 * member any score.
 */
function asInteger(value: number): number {
  if (value >= WORD * WORD) return 0;
  return value > -(2 ** 63) ? Math.trunc(value) : -(2 ** 63);
}

/** The lower 16 bits with a zero before each. */
function spread(value: number): number {
  let x = value;
  x = (x | (x << 8)) & 0x00ff00ff;
  x = (x | (x << 4)) & 0x0f0f0f0f;
  x = (x | (x << 2)) & 0x33333333;
  return (x | (x << 1)) & 0x55555555;
}

/** Every second bit, from the lowest on. */
function squeeze(value: number): number {
  let x = value & 0x55555555;
  x = (x | (x >>> 1)) & 0x33333333;
  x = (x | (x >>> 2)) & 0x0f0f0f0f;
  x = (x | (x >>> 4)) & 0x00ff00ff;
  return (x | (x >>> 8)) & 0x0000ffff;
}
