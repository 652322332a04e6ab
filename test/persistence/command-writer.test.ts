import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AofServer, cleanUp, FOLDER } from "./aof-server.ts";
import { scratch } from "./scratch.ts";

afterEach(cleanUp);

/** The base that a rewrite makes of what these requests left, and the server after it. */
async function baseOf(requests: string[], settings: Record<string, string> = {}) {
  const aof = new AofServer(scratch(), { "aof-use-rdb-preamble": "no", ...settings });
  expect(await aof.load()).toBeUndefined();
  for (const line of requests) aof.say(line);
  aof.say("BGREWRITEAOF");
  await aof.rewritten();
  return { aof, base: readFileSync(join(aof.dir, FOLDER, "database.aof.2.base.aof"), "latin1") };
}

/** Its requests, a line each. */
const lines = (base: string) =>
  base
    .split(/\*\d+\r\n/)
    .slice(1)
    .map((request) =>
      request
        .split(/\$\d+\r\n/)
        .slice(1)
        .map((word) => word.slice(0, -2))
        .join(" "),
    );

describe("a base made of commands", () => {
  test("has the command that makes each key, and its deadline", async () => {
    const { base } = await baseOf(["SET a 1", "PEXPIREAT a 4102444800000"]);
    expect(lines(base)).toEqual(["SELECT 0", "SET a 1", "PEXPIREAT a 4102444800000"]);
    expect(lines((await baseOf(["SELECT 3", "RPUSH l a b"])).base)).toEqual(["SELECT 3", "RPUSH l a b"]);
    expect(lines((await baseOf(["SADD s 3 1 2"])).base)).toEqual(["SELECT 0", "SADD s 1 2 3"]);
    expect(lines((await baseOf(["SADD s b a"])).base)).toEqual(["SELECT 0", "SADD s b a"]);
    expect(lines((await baseOf(["ZADD z 2 b 1.5 a"])).base)).toEqual(["SELECT 0", "ZADD z 1.5 a 2 b"]);
    expect(lines((await baseOf(["HSET h f v g w"])).base)).toEqual(["SELECT 0", "HMSET h f v g w"]);
  });

  test("has 64 elements in a command, as redis-server's", async () => {
    const elements = Array.from({ length: 130 }, (_, i) => String(i));
    const { base } = await baseOf([`RPUSH l ${elements.join(" ")}`]);
    expect(lines(base)).toEqual([
      "SELECT 0",
      `RPUSH l ${elements.slice(0, 64).join(" ")}`,
      `RPUSH l ${elements.slice(64, 128).join(" ")}`,
      "RPUSH l 128 129",
    ]);
  });

  test("keeps the deadlines of fields", async () => {
    const small = await baseOf(["HSET h f v g w", "HPEXPIREAT h 4102444800000 FIELDS 1 g"]);
    expect(lines(small.base)).toEqual(["SELECT 0", "HMSET h f v g w", "HPEXPIREAT h 4102444800000 FIELDS 1 g"]);
    const large = await baseOf(["HSET h f v g w", "HPEXPIREAT h 4102444800000 FIELDS 1 g"], {
      "hash-max-listpack-entries": "1",
    });
    expect(lines(large.base).sort()).toEqual([
      "HMSET h f v",
      "HMSET h g w",
      "HPEXPIREAT h 4102444800000 FIELDS 1 g",
      "SELECT 0",
    ]);
  });

  test("keeps a stream's numbers, groups, consumers and pending entries", async () => {
    const { base } = await baseOf([
      "XADD s 1-1 f v",
      "XADD s 2-1 f w",
      "XDEL s 2-1",
      "XGROUP CREATE s g 0 ENTRIESREAD 1",
      "XGROUP CREATECONSUMER s g idle",
      "XREADGROUP GROUP g c STREAMS s >",
      "XADD empty MAXLEN 0 5-0 f v",
    ]);
    const has = lines(base);
    expect(has).toContain("XADD s 1-1 f v");
    expect(has).toContain("XSETID s 2-1 ENTRIESADDED 2 MAXDELETEDID 2-1");
    expect(has.filter((line) => line.startsWith("XGROUP")).sort()).toEqual([
      "XGROUP CREATE s g 1-1 ENTRIESREAD -1",
      "XGROUP CREATECONSUMER s g c",
      "XGROUP CREATECONSUMER s g idle",
    ]);
    expect(has).toContain("XCLAIM s g c 0 1-1 TIME 1700000000000 RETRYCOUNT 1 JUSTID FORCE");
    expect(has).toContain("XADD empty MAXLEN 0 5-0 x y");
    expect(has).toContain("XSETID empty 5-0 ENTRIESADDED 1 MAXDELETEDID 0-0");
  });

  test("keeps a stream's settings, the messages of producers, and pending entries that were given back", async () => {
    const [first, second, third] = [0, 1, 2].map((n) => `1700000000000-${n}`);
    const { aof, base } = await baseOf([
      "XADD s IDMP p forgotten * f v",
      `XDEL s ${first}`,
      "XCFGSET s IDMP-DURATION 50 IDMP-MAXSIZE 3",
      "XADD s IDMP p one * f v",
      "XADD s IDMP q one * f v",
      "XADD s IDMP p deleted * f v",
      "XDEL s 1700000000000-3",
      "XADD t IDMP p one * f v",
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g c STREAMS s >",
      `XNACK s g FATAL IDS 1 ${third}`,
      `XNACK s g FAIL IDS 1 ${second} RETRYCOUNT 7`,
    ]);
    const later = lines(base).filter((line) => /^X(CFGSET|IDMPRECORD|NACK) /.test(line));
    expect(later.sort()).toEqual([
      "XCFGSET s IDMP-DURATION 50 IDMP-MAXSIZE 3",
      `XIDMPRECORD s p one ${second}`,
      `XIDMPRECORD s q one ${third}`,
      `XIDMPRECORD t p one ${first}`,
      `XNACK s g FAIL IDS 1 ${second} RETRYCOUNT 7 FORCE`,
      `XNACK s g FAIL IDS 1 ${third} RETRYCOUNT 9223372036854775807 FORCE`,
    ]);
    const again = new AofServer(aof.dir);
    expect(await again.load()).toBeUndefined();
    for (const request of [
      "XPENDING s g - + 10",
      "XADD s IDMP p one * f v",
      "XADD t IDMP p one * f v",
      "XREADGROUP GROUP g d CLAIM 0 STREAMS s >",
    ]) {
      expect([request, again.say(request)]).toEqual([request, aof.say(request)]);
    }
  });

  test("starts with the time, if times are noted, and with the functions", async () => {
    const library = "FUNCTION LOAD \"#!lua name=l\\nredis.register_function('f', function() return 1 end)\"";
    const { base } = await baseOf(["SET a 1", library], { "aof-timestamp-enabled": "yes" });
    expect(base).toStartWith("#TS:1700000000\r\n*3\r\n$8\r\nFUNCTION\r\n$4\r\nLOAD\r\n");
  });

  test("is what the server has when it loads it", async () => {
    const { aof } = await baseOf(["SET a 1", "SET b 2"]);
    aof.say("SET c 3");
    const again = new AofServer(aof.dir);
    expect(await again.load()).toBeUndefined();
    expect(again.strings()).toEqual({ a: "1", b: "2", c: "3" });
  });
});
