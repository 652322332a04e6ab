import { describe, test } from "bun:test";
import { bulk, int, Recording } from "./recording.ts";

const PLACES = "13.361389 38.115556 Palermo 15.087269 37.502669 Catania";
const SCORES = "3479099956230698 Palermo 3479447370796909 Catania";

function recording(): Recording {
  const r = new Recording();
  r.prepare(`GEOADD s ${PLACES}`);
  return r;
}

describe("GEOADD", () => {
  test("is journalled and announced as ZADD", () => {
    new Recording().expect(
      [`GEOADD s ${PLACES}`, int(2), `ZADD s ${SCORES}`, "zadd:s"],
      [`GEOADD s ${PLACES}`, int(0)],
      ["GEOADD s ch xx 13.361389 38.115556 Catania", int(1), "ZADD s ch xx 3479099956230698 Catania", "zadd:s"],
      ["GEOADD other XX 1 1 a", int(0)],
    );
  });
});

describe("GEORADIUS", () => {
  test("with STORE is journalled as it is", () => {
    recording().expect(
      ["GEORADIUS s 15 37 200 km STORE d", int(2), "GEORADIUS s 15 37 200 km STORE d", "georadiusstore:d"],
      ["GEORADIUS s 15 37 200 m STORE d", int(0), "GEORADIUS s 15 37 200 m STORE d", "del:d"],
      ["GEORADIUS s 15 37 200 m STORE d", int(0)],
      ["GEORADIUS missing 15 37 200 m STORE s", int(0), "GEORADIUS missing 15 37 200 m STORE s", "del:s"],
    );
  });
});

describe("COMMAND GETKEYS", () => {
  test("knows the key that GEORADIUS stores into, also the last of several", () => {
    const keys = (...names: string[]): string => `*${names.length}\r\n${names.map((name) => bulk(name)).join("")}`;
    new Recording().expect(
      ["COMMAND GETKEYS GEORADIUS k 1 1 1 km", keys("k")],
      ["COMMAND GETKEYS GEORADIUS k 1 1 1 km STORE a ASC", keys("k", "a")],
      ["COMMAND GETKEYS GEORADIUS k 1 1 1 km STOREDIST a STORE b", keys("k", "b", "a")],
      ["COMMAND GETKEYS GEORADIUS k 1 1 1 km STORE a STOREDIST b STORE c", keys("k", "a", "b", "c")],
      ["COMMAND GETKEYS GEORADIUSBYMEMBER k m 1 km STORE a STORE b", keys("k", "a", "b")],
    );
  });
});

describe("GEOSEARCHSTORE", () => {
  test("may store into the sorted set that it searches", () => {
    recording().expect(
      [
        "GEOSEARCHSTORE s s FROMLONLAT 15 37 BYRADIUS 100 km",
        int(1),
        "GEOSEARCHSTORE s s FROMLONLAT 15 37 BYRADIUS 100 km",
        "geosearchstore:s",
      ],
      ["GEOHASH s Palermo Catania", "*2\r\n$-1\r\n$11\r\nsqdtr74hyu0\r\n"],
    );
  });
});
