import { describe, expect, test } from "bun:test";
import { infoText } from "../../src/info/info.ts";
import { LocalServer } from "../commands/local-server.ts";

describe("INFO keysizes", () => {
  test("counts the lengths of values by powers of two, for each type and database", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say('SET empty ""', "SET one 1", "SET two 22", "SET three 333", "HSET h a 1 b 2 c 3 d 4", "SELECT 2", "SET k v");
    c.say(`SET long ${"x".repeat(3000)}`);
    expect(infoText(server, ["keysizes"]).split("\r\n")).toEqual([
      "# Keysizes",
      "db0_distrib_strings_sizes:0=1,1=1,2=2",
      "db0_distrib_hashes_items:4=1",
      "db2_distrib_strings_sizes:1=1,2K=1",
      "",
    ]);
  });

  test("estimates where there are many keys", () => {
    const server = new LocalServer();
    const c = server.connect();
    for (let i = 0; i < 30_000; i++) c.say(`SET k${i} ${i % 3 === 0 ? "xxxx" : "x"}`);
    const [, short, long] = /strings_sizes:1=(\d+),4=(\d+)/.exec(infoText(server, ["keysizes"]))!.map(Number);
    expect(short + long).toBeWithin(29_900, 30_101);
    expect(long).toBeWithin(8000, 12_000);
  });
});
