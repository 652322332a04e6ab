import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { type Server, startOurs, underTestIsRedis } from "../support/oracle.ts";

for (const protocol of [2, 3] as const) {
  describe(`ioredis over RESP${protocol}`, () => {
    let server: Server;
    let redis: Redis;
    const connect = (): Redis => new Redis({ port: server.port, protocol });
    beforeAll(async () => {
      server = await startOurs();
      redis = connect();
    });
    beforeEach(() => redis.flushall());
    afterAll(async () => {
      await redis.quit();
      await server.stop();
    });

    test("works on lists", async () => {
      expect(await redis.rpush("l", "a", "b", "c", "b")).toBe(4);
      expect(await redis.lpush("l", "z")).toBe(5);
      expect(await redis.lrange("l", 0, -1)).toEqual(["z", "a", "b", "c", "b"]);
      expect(await redis.lindex("l", -1)).toBe("b");
      expect(await redis.linsert("l", "BEFORE", "c", "x")).toBe(6);
      expect(await redis.lpos("l", "b", "RANK", -1)).toBe(5);
      expect(await redis.lpos("l", "b", "COUNT", 0)).toEqual([2, 5]);
      expect(await redis.lset("l", 0, "y")).toBe("OK");
      expect(await redis.lrem("l", 0, "b")).toBe(2);
      expect(await redis.ltrim("l", 0, 2)).toBe("OK");
      expect(await redis.llen("l")).toBe(3);
      expect(await redis.rpoplpush("l", "m")).toBe("x");
      expect(await redis.lmove("l", "m", "LEFT", "RIGHT")).toBe("y");
      expect(await redis.lpop("m", 5)).toEqual(["x", "y"]);
      expect(await redis.lmpop(2, "m", "l", "LEFT", "COUNT", 9)).toEqual(["l", ["a"]]);
      expect(await redis.rpop("l")).toBeNull();
    });

    test("works on sets", async () => {
      expect(await redis.sadd("a", "1", "2", "3")).toBe(3);
      expect(await redis.sadd("b", "2", "3", "four")).toBe(3);
      expect(await redis.scard("a")).toBe(3);
      expect(await redis.sismember("a", "2")).toBe(1);
      expect(await redis.smismember("a", "2", "9")).toEqual([1, 0]);
      expect((await redis.sinter("a", "b")).sort()).toEqual(["2", "3"]);
      expect((await redis.sunion("a", "b")).sort()).toEqual(["1", "2", "3", "four"]);
      expect(await redis.sdiff("a", "b")).toEqual(["1"]);
      expect(await redis.sintercard(2, "a", "b", "LIMIT", 1)).toBe(1);
      expect(await redis.sunionstore("c", "a", "b")).toBe(4);
      expect(await redis.smove("c", "a", "four")).toBe(1);
      expect((await redis.smembers("c")).sort()).toEqual(["1", "2", "3"]);
      expect(await redis.srandmember("c", -7)).toHaveLength(7);
      expect(["1", "2", "3"]).toContain((await redis.spop("c"))!);
      expect(await redis.srem("c", "1", "2", "3")).toBe(2);
      const found: string[] = [];
      await redis.sadd("big", ...Array.from({ length: 1000 }, (_none, i) => `m${i}`));
      for await (const page of redis.sscanStream("big", { match: "m*1" })) found.push(...page);
      expect(found).toHaveLength(100);
    });

    test("works on sorted sets", async () => {
      expect(await redis.zadd("z", 1, "a", "2.5", "b", "+inf", "c")).toBe(3);
      expect(await redis.zadd("z", "XX", "CH", 2, "a", 9, "new")).toBe(1);
      expect(await redis.zincrby("z", 0.5, "a")).toBe("2.5");
      expect(await redis.zscore("z", "c")).toBe("inf");
      expect(await redis.zrank("z", "b")).toBe(1);
      expect(await redis.zrange("z", "0", "-1")).toEqual(["a", "b", "c"]);
      expect(await redis.zrange("z", "(2", "3", "BYSCORE", "LIMIT", 1, 1)).toEqual(["b"]);
      await redis.zadd("lex", 0, "a", 0, "b", 0, "c");
      expect(await redis.zrangebylex("lex", "(a", "+")).toEqual(["b", "c"]);
      expect(await redis.zcount("z", "-inf", 3)).toBe(2);
      await redis.zadd("y", 10, "a", 20, "d");
      expect(await redis.zunionstore("u", 2, "z", "y", "WEIGHTS", 1, 2, "AGGREGATE", "MAX")).toBe(4);
      expect(await redis.zscore("u", "a")).toBe("20");
      expect(await redis.zinter(2, "z", "y")).toEqual(["a"]);
      expect(await redis.zdiff(2, "z", "y")).toEqual(["b", "c"]);
      expect(await redis.zrangestore("part", "u", 0, 0)).toBe(1);
      expect(await redis.zmpop(1, "part", "MIN")).toEqual(["part", [["b", "2.5"]]]);
      expect(await redis.zremrangebyrank("u", 0, 0)).toBe(1);
      expect(await redis.zrem("u", "d", "nope")).toBe(1);
      expect(await redis.zcard("u")).toBe(2);
    });

    test("works on places", async () => {
      expect(await redis.geoadd("g", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")).toBe(2);
      expect(await redis.geodist("g", "Palermo", "Catania", "KM")).toBe("166.2742");
      expect(await redis.geohash("g", "Palermo", "missing")).toMatchObject(["sqc8b49rny0", null as never]);
      const [palermo, missing] = await redis.geopos("g", "Palermo", "missing");
      expect(palermo!.map(Number)).toEqual([13.361389338970184, 38.1155563954963]);
      expect(missing).toBeNull();
      expect(await redis.geosearch("g", "FROMLONLAT", 15, 37, "BYBOX", 400, 400, "KM", "ASC")).toEqual([
        "Catania",
        "Palermo",
      ]);
      expect(await redis.georadius("g", 15, 37, 100, "KM", "WITHDIST")).toEqual([["Catania", "56.4413"]]);
      expect(await redis.geosearchstore("near", "g", "FROMMEMBER", "Palermo", "BYRADIUS", 1, "M")).toBe(1);
      expect(await redis.zscore("near", "Palermo")).toBe("3479099956230698");
    });

    test("counts with HyperLogLog", async () => {
      expect(await redis.pfadd("p", "a", "b", "c")).toBe(1);
      expect(await redis.pfadd("p", "a")).toBe(0);
      expect(await redis.pfadd("q", "c", "d")).toBe(1);
      expect(await redis.pfcount("p", "q")).toBe(4);
      expect(await redis.pfmerge("r", "p", "q")).toBe("OK");
      expect(await redis.pfcount("r")).toBe(4);
      await redis.set("copy", (await redis.getBuffer("r"))!);
      expect(await redis.pfcount("copy")).toBe(4);
    });

    test("works on streams", async () => {
      expect(await redis.xadd("s", "1-1", "f", "v")).toBe("1-1");
      expect(await redis.xadd("s", "MAXLEN", "=", 3, "1-*", "f", "w")).toBe("1-2");
      await redis.xadd("s", "2-0", "a", "1", "b", "2");
      expect(await redis.xlen("s")).toBe(3);
      expect(await redis.xrange("s", "-", "+", "COUNT", 1)).toEqual([["1-1", ["f", "v"]]]);
      expect(await redis.xrevrange("s", "+", "2")).toEqual([["2-0", ["a", "1", "b", "2"]]]);
      expect(await redis.xgroup("CREATE", "s", "g", "0")).toBe("OK");
      const read = await redis.xreadgroup("GROUP", "g", "worker", "COUNT", 2, "STREAMS", "s", ">");
      expect(JSON.stringify(read)).toContain('[["1-1",["f","v"]],["1-2",["f","w"]]]');
      expect(await redis.xack("s", "g", "1-1")).toBe(1);
      expect(await redis.xpending("s", "g")).toEqual([1, "1-2", "1-2", [["worker", "1"]]]);
      expect(await redis.xclaim("s", "g", "other", 0, "1-2")).toEqual([["1-2", ["f", "w"]]]);
      expect(await redis.xautoclaim("s", "g", "third", 0, "-")).toEqual(["0-0", [["1-2", ["f", "w"]]], []]);
      expect(await redis.xdel("s", "2-0")).toBe(1);
      expect(await redis.xtrim("s", "MAXLEN", 0)).toBe(2);
    });

    test("executes transactions", async () => {
      const results = await redis.multi().set("k", "1").incr("k").lpush("k", "x").get("k").exec();
      const [set, increment, push, get] = results!;
      expect([set, increment, get]).toEqual([
        [null, "OK"],
        [null, 2],
        [null, "2"],
      ]);
      expect(push![0]?.message).toContain("WRONGTYPE");
      await redis.watch("k");
      const other = connect();
      await other.set("k", "changed");
      expect(await redis.multi().set("k", "mine").exec()).toBeNull();
      expect(await redis.get("k")).toBe("changed");
      await redis.watch("k");
      expect(await redis.multi().set("k", "mine").exec()).toEqual([[null, "OK"]]);
      await expect(redis.multi().set("k", "v").call("SET", "k").exec()).rejects.toThrow("EXECABORT");
      await other.quit();
    });

    test("waits for elements in the order in which the clients came", async () => {
      const clients = [connect(), connect(), connect()];
      const waiting: Promise<unknown>[] = [];
      for (const [i, client] of clients.entries()) {
        waiting.push(client.blpop("empty", "queue", 0));
        while (!(await redis.info("clients")).includes(`blocked_clients:${i + 1}\r`));
      }
      await redis.rpush("queue", "first", "second");
      await redis.rpush("queue", "third");
      expect(await Promise.all(waiting)).toEqual([
        ["queue", "first"],
        ["queue", "second"],
        ["queue", "third"],
      ]);
      const [mover, popper, reader] = clients as [Redis, Redis, Redis];
      const moved = mover.blmove("from", "to", "RIGHT", "LEFT", 0);
      const popped = popper.bzpopmin("zset", 0);
      const read = reader.xread("BLOCK", 0, "STREAMS", "stream", "$");
      while (!(await redis.info("clients")).includes("blocked_clients:3\r"));
      await redis.multi().rpush("from", "x").zadd("zset", 5, "m").xadd("stream", "1-1", "f", "v").exec();
      expect(await moved).toBe("x");
      expect(await popped).toEqual(["zset", "m", "5"]);
      expect(JSON.stringify(await read)).toContain('["1-1",["f","v"]]');
      expect(await redis.lrange("to", 0, -1)).toEqual(["x"]);
      expect(await mover.blpop("nothing", 0.01)).toBeNull();
      for (const client of clients) await client.quit();
    });

    test.skipIf(underTestIsRedis())("lets fields of hashes end", async () => {
      await redis.hset("h", { a: "1", b: "2", c: "3" });
      expect(await redis.hexpire("h", 1000, "FIELDS", 2, "a", "nope")).toEqual([1, -2]);
      expect(await redis.hpexpireat("h", 1, "FIELDS", 1, "b")).toEqual([2]);
      expect(await redis.hkeys("h")).toEqual(["a", "c"]);
      expect((await redis.httl("h", "FIELDS", 1, "a"))[0]).toBeGreaterThan(990);
      expect(await redis.hpersist("h", "FIELDS", 2, "a", "c")).toEqual([1, -1]);
      expect(await redis.hgetdel("h", "FIELDS", 1, "c")).toEqual(["3"]);
    });
  });
}
