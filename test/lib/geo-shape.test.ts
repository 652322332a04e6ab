import { describe, expect, test } from "bun:test";
import { distanceMeters, Shape } from "../../src/lib/geo-shape.ts";
import { Cell, STEPS_MAX } from "../../src/lib/geohash.ts";
import { Random } from "../../src/lib/random.ts";

describe("a distance", () => {
  test("is Redis's to the last digit", () => {
    // The places of Palermo and Catania as GEOPOS gives them; the distances as GEOSEARCHSTORE STOREDIST stores them.
    const palermo = [13.361389338970184, 38.1155563954963] as const;
    const catania = [15.087267458438873, 37.50266842333162] as const;
    expect(distanceMeters(...palermo, ...catania) / 1000).toBe(166.27415156960032);
    expect(distanceMeters(15, 37, ...palermo) / 1000).toBe(190.44242984775784);
    expect(distanceMeters(...palermo, ...palermo)).toBe(0);
  });
});

describe("the cells that cover a shape", () => {
  /** Places around a middle, so that many are near the edge of a shape of that size. */
  function nearby(random: Random, shape: Shape, degrees: number): [number, number] {
    const longitude = shape.longitude + (random.unit() * 2 - 1) * degrees;
    const latitude = shape.latitude + (random.unit() * 2 - 1) * degrees;
    return [longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude, latitude];
  }

  for (const isBox of [false, true]) {
    test(`contain every place in it, if it is a ${isBox ? "box" : "circle"} that is neither huge nor at a pole`, () => {
      const random = new Random(4);
      const shape = new Shape();
      const cell = new Cell();
      let inside = 0;
      for (let round = 0; round < 300; round++) {
        shape.isBox = isBox;
        shape.longitude = random.unit() * 360 - 180;
        shape.latitude = random.unit() * 140 - 70;
        shape.radius = 10 + random.unit() * 200_000;
        shape.width = shape.radius * (0.2 + random.unit());
        shape.height = shape.radius * (0.2 + random.unit());
        shape.cover();
        for (let i = 0; i < 100; i++) {
          const [longitude, latitude] = nearby(random, shape, shape.radius / 80_000);
          if (!shape.contains(longitude, latitude)) continue;
          inside++;
          cell.encode(longitude, latitude, STEPS_MAX);
          const score = cell.scoreMin;
          const isCovered = shape.cells.some((c, k) => shape.isNeeded[k] && score >= c.scoreMin && score < c.scoreEnd);
          expect({ longitude, latitude, isCovered }).toEqual({ longitude, latitude, isCovered: true });
        }
      }
      expect(inside).toBeGreaterThan(2000);
    });
  }

  test("are few around a small shape in the middle of a cell", () => {
    const shape = new Shape();
    const cell = new Cell();
    cell.encode(15, 37, 12);
    cell.measure();
    shape.longitude = cell.longitude;
    shape.latitude = cell.latitude;
    shape.radius = 2500;
    shape.cover();
    expect(shape.isNeeded.filter(Boolean).length).toBeLessThan(9);
  });
});
