import { describe, expect, test } from "bun:test";
import { Cell, LATITUDE_MAX, STEPS_MAX, WRITTEN_BYTES, WRITTEN_LATITUDE_MAX } from "../../src/lib/geohash.ts";
import { Random } from "../../src/lib/random.ts";

function cellOf(longitude: number, latitude: number, step = STEPS_MAX): Cell {
  const cell = new Cell();
  cell.encode(longitude, latitude, step);
  cell.measure();
  return cell;
}

function cellOfScore(score: number): Cell {
  const cell = new Cell();
  cell.ofScore(score);
  cell.measure();
  return cell;
}

describe("a geohash", () => {
  test("is Redis's score of a place", () => {
    expect(cellOf(13.361389, 38.115556).scoreMin).toBe(3479099956230698);
    expect(cellOf(15.087269, 37.502669).scoreMin).toBe(3479447370796909);
    expect(cellOf(-73.9454966, 40.747533).scoreMin).toBe(1791875804419201);
    expect(cellOf(-180, -LATITUDE_MAX).scoreMin).toBe(0);
  });

  test("gives the cell back that the place was in", () => {
    const random = new Random(1);
    for (let i = 0; i < 5000; i++) {
      const longitude = random.unit() * 360 - 180;
      const latitude = (random.unit() * 2 - 1) * LATITUDE_MAX;
      const cell = cellOf(longitude, latitude);
      const again = cellOfScore(cell.scoreMin);
      expect(again.isSame(cell)).toBe(true);
      expect(again.west <= longitude && longitude < again.east).toBe(true);
      expect(again.south <= latitude && latitude < again.north).toBe(true);
      expect(Math.abs(again.longitude - longitude)).toBeLessThan(3e-6);
      expect(Math.abs(again.latitude - latitude)).toBeLessThan(1.4e-6);
    }
  });

  test("is written in eleven characters", () => {
    const cell = new Cell();
    cell.encode(-5.6, 42.6, STEPS_MAX, WRITTEN_LATITUDE_MAX);
    const text = new Uint8Array(WRITTEN_BYTES);
    cell.write(text, 0);
    expect(Buffer.from(text).toString()).toBe("ezs42e44yx0");
  });

  test("can be any number, as C makes an integer of it", () => {
    const [east, west] = [180, -179.99999731779099];
    const [north, south] = [LATITUDE_MAX, -85.05112751263943];
    const places: [score: number, longitude: number, latitude: number][] = [
      [0, west, south],
      [-1, east, north],
      [2 ** 52, west, north],
      [2 ** 53, east, south],
      [2 ** 64, west, south],
      [1e300, west, south],
      [-1e300, east, south],
      [Number.POSITIVE_INFINITY, west, south],
      [Number.NEGATIVE_INFINITY, east, south],
    ];
    for (const [score, longitude, latitude] of places) {
      const cell = cellOfScore(score);
      expect([score, cell.longitude, cell.latitude]).toEqual([score, longitude, latitude]);
    }
  });
});

describe("the scores of a larger cell", () => {
  test("are those of the places in it", () => {
    const random = new Random(2);
    for (let i = 0; i < 3000; i++) {
      const longitude = random.unit() * 360 - 180;
      const latitude = (random.unit() * 2 - 1) * LATITUDE_MAX;
      const step = 1 + random.below(26);
      const large = cellOf(longitude, latitude, step);
      const score = cellOf(longitude, latitude).scoreMin;
      expect(score >= large.scoreMin && score < large.scoreEnd).toBe(true);
      const other = cellOf(random.unit() * 360 - 180, latitude).scoreMin;
      const isInside = cellOfScore(other).longitude >= large.west && cellOfScore(other).longitude < large.east;
      expect(other >= large.scoreMin && other < large.scoreEnd).toBe(isInside);
    }
  });
});

describe("a neighbour", () => {
  test("has the common edge", () => {
    const random = new Random(3);
    const neighbour = new Cell();
    for (let i = 0; i < 1000; i++) {
      const cell = cellOf(random.unit() * 300 - 150, random.unit() * 140 - 70, 6 + random.below(20));
      neighbour.nextTo(cell, 1, -1);
      neighbour.measure();
      expect([neighbour.west, neighbour.north]).toEqual([cell.east, cell.south]);
    }
  });

  test("goes around the Earth", () => {
    const cell = cellOf(179.9, LATITUDE_MAX - 0.1, 8);
    const neighbour = new Cell();
    neighbour.nextTo(cell, 1, 1);
    neighbour.measure();
    expect([neighbour.west, neighbour.south]).toEqual([-180, -LATITUDE_MAX]);
  });
});
