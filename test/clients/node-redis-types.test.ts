import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createClient, WatchError } from "redis";
import { type Server, startOurs, underTestIsRedis } from "../support/oracle.ts";

for (const RESP of [2, 3] as const) {
  describe(`node-redis over RESP${RESP}`, () => {
    const connect = async () => {
      const client = createClient({ RESP, socket: { host: "127.0.0.1", port: server.port } });
      client.on("error", () => {});
      return await client.connect();
    };
    let server: Server;
    let redis: Awaited<ReturnType<typeof connect>>;
    beforeAll(async () => {
      server = await startOurs();
      redis = await connect();
    });
    beforeEach(() => redis.flushAll());
    afterAll(async () => {
      await redis.close();
      await server.stop();
    });

    test("works on lists", async () => {
      expect(await redis.rPush("l", ["a", "b", "c", "b"])).toBe(4);
      expect(await redis.lPush("l", "z")).toBe(5);
      expect(await redis.lRange("l", 0, -1)).toEqual(["z", "a", "b", "c", "b"]);
      expect(await redis.lIndex("l", -1)).toBe("b");
      expect(await redis.lInsert("l", "AFTER", "c", "x")).toBe(6);
      expect(await redis.lPos("l", "b", { RANK: -1 })).toBe(5);
      expect(await redis.lPosCount("l", "b", 0)).toEqual([2, 5]);
      expect(await redis.lRem("l", 0, "b")).toBe(2);
      await redis.lTrim("l", 1, 2);
      expect(await redis.lLen("l")).toBe(2);
      expect(await redis.lMove("l", "m", "LEFT", "RIGHT")).toBe("a");
      expect(await redis.lmPop(["nope", "l"], "LEFT", { COUNT: 5 })).toEqual(["l", ["c"]]);
      expect(await redis.rPopCount("m", 2)).toEqual(["a"]);
      expect(await redis.lPop("m")).toBeNull();
    });

    test("works on sets", async () => {
      expect(await redis.sAdd("a", ["1", "2", "3"])).toBe(3);
      await redis.sAdd("b", ["2", "3", "four"]);
      expect(await redis.sIsMember("a", "2")).toBe(1);
      expect(await redis.smIsMember("a", ["2", "9"])).toEqual([1, 0]);
      expect([...(await redis.sInter(["a", "b"]))].sort()).toEqual(["2", "3"]);
      expect([...(await redis.sDiff(["a", "b"]))]).toEqual(["1"]);
      expect(await redis.sInterCard(["a", "b"])).toBe(2);
      expect(await redis.sUnionStore("c", ["a", "b"])).toBe(4);
      expect([...(await redis.sMembers("c"))].sort()).toEqual(["1", "2", "3", "four"]);
      expect(await redis.sRandMemberCount("c", -7)).toHaveLength(7);
      expect(await redis.sRem("c", ["1", "nope"])).toBe(1);
      const found: string[] = [];
      for await (const page of redis.sScanIterator("c")) found.push(...page);
      expect(found.sort()).toEqual(["2", "3", "four"]);
    });

    test("works on sorted sets", async () => {
      const members = [
        { score: 1, value: "a" },
        { score: 2.5, value: "b" },
        { score: Number.POSITIVE_INFINITY, value: "c" },
      ];
      expect(await redis.zAdd("z", members)).toBe(3);
      expect(await redis.zRangeWithScores("z", 0, -1)).toEqual(members);
      expect(await redis.zAddIncr("z", { score: 0.5, value: "a" })).toBe(1.5);
      expect(await redis.zScore("z", "c")).toBe(Number.POSITIVE_INFINITY);
      expect(await redis.zmScore("z", ["a", "nope"])).toEqual([1.5, null]);
      expect(await redis.zRange("z", "+inf", 2, { BY: "SCORE", REV: true })).toEqual(["c", "b"]);
      expect(await redis.zRevRank("z", "c")).toBe(0);
      await redis.zAdd("y", [{ score: 10, value: "a" }]);
      expect(await redis.zInterWithScores(["z", "y"])).toEqual([{ value: "a", score: 11.5 }]);
      expect(await redis.zUnionStore("u", ["z", "y"], { AGGREGATE: "MIN" })).toBe(3);
      expect(await redis.zPopMax("u")).toEqual({ value: "c", score: Number.POSITIVE_INFINITY });
      expect(await redis.zPopMinCount("u", 9)).toEqual([
        { value: "a", score: 1.5 },
        { value: "b", score: 2.5 },
      ]);
      expect(await redis.exists("u")).toBe(0);
      expect(await redis.zRemRangeByScore("z", "-inf", 2)).toBe(1);
      expect(await redis.zRandMemberCountWithScores("z", 1)).toHaveLength(1);
    });

    test("works on places", async () => {
      const places = [
        { longitude: 13.361389, latitude: 38.115556, member: "Palermo" },
        { longitude: 15.087269, latitude: 37.502669, member: "Catania" },
      ];
      expect(await redis.geoAdd("g", places)).toBe(2);
      expect(await redis.geoDist("g", "Palermo", "Catania", "km")).toBe(166.2742);
      expect(await redis.geoHash("g", ["Palermo"])).toEqual(["sqc8b49rny0"]);
      const [palermo, missing] = await redis.geoPos("g", ["Palermo", "missing"]);
      expect(Number(palermo!.longitude)).toBe(13.361389338970184);
      expect(missing).toBeNull();
      const from = { longitude: 15, latitude: 37 };
      expect(await redis.geoSearch("g", from, { radius: 200, unit: "km" }, { SORT: "ASC" })).toEqual([
        "Catania",
        "Palermo",
      ]);
      const [nearest] = await redis.geoSearchWith("g", from, { radius: 100, unit: "km" }, ["WITHDIST", "WITHHASH"]);
      expect({ ...nearest! }).toMatchObject({
        member: "Catania",
        distance: 56.4413,
        hash: 3479447370796909,
      } as object);
      expect(await redis.geoSearchStore("d", "g", "Palermo", { width: 1, height: 1, unit: "m" })).toBe(1);
    });

    test("counts with HyperLogLog", async () => {
      expect(await redis.pfAdd("p", ["a", "b", "c"])).toBe(1);
      await redis.pfAdd("q", ["c", "d"]);
      expect(await redis.pfCount(["p", "q"])).toBe(4);
      await redis.pfMerge("r", ["p", "q"]);
      expect(await redis.pfCount("r")).toBe(4);
    });

    test("works on streams", async () => {
      expect(await redis.xAdd("s", "1-1", { f: "v" })).toBe("1-1");
      expect(await redis.xAdd("s", "1-*", { f: "w" })).toBe("1-2");
      expect(await redis.xLen("s")).toBe(2);
      const entries = await redis.xRange("s", "-", "+");
      expect(entries!.map(({ id, message }) => [id, { ...message }])).toEqual([
        ["1-1", { f: "v" }],
        ["1-2", { f: "w" }],
      ]);
      await redis.xGroupCreate("s", "g", "0");
      const read = await redis.xReadGroup("g", "worker", { key: "s", id: ">" }, { COUNT: 1 });
      expect(JSON.stringify(read)).toContain('"1-1"');
      expect(await redis.xPending("s", "g")).toMatchObject({ pending: 1, firstId: "1-1", lastId: "1-1" });
      expect(await redis.xAck("s", "g", "1-1")).toBe(1);
      expect((await redis.xInfoStream("s")).length).toBe(2);
      expect(await redis.xTrim("s", "MAXLEN", 1)).toBe(1);
    });

    test("executes transactions", async () => {
      expect(await redis.multi().set("k", "1").incr("k").get("k").exec()).toEqual(["OK", 2, "2"] as never);
      const watcher = await connect();
      await watcher.watch("k");
      await redis.set("k", "changed");
      await expect(watcher.multi().set("k", "mine").exec()).rejects.toThrow(WatchError);
      await watcher.watch("k");
      expect(await watcher.multi().set("k", "mine").exec()).toEqual(["OK"] as never);
      await expect(redis.multi().set("k", "text").incr("k").exec()).rejects.toThrow();
      await watcher.close();
    });

    test("waits for elements in the order in which the clients came", async () => {
      const clients = [await connect(), await connect()];
      const waiting: Promise<unknown>[] = [];
      for (const [i, client] of clients.entries()) {
        waiting.push(client.brPop(["empty", "queue"], 0));
        while (!(await redis.info("clients")).includes(`blocked_clients:${i + 1}\r`));
      }
      await redis.lPush("queue", ["first", "second"]);
      const popped = (await Promise.all(waiting)).map((pair) => ({ ...(pair as object) }));
      expect(popped).toEqual([
        { key: "queue", element: "first" },
        { key: "queue", element: "second" },
      ]);
      expect(await clients[0]!.blPop("nothing", 0.01)).toBeNull();
      for (const client of clients) await client.close();
    });

    test.skipIf(underTestIsRedis())("lets fields of hashes end", async () => {
      await redis.hSet("h", { a: "1", b: "2" });
      expect(await redis.hExpire("h", ["a", "nope"], 1000)).toEqual([1, -2]);
      expect(await redis.hpExpireAt("h", ["b"], 1)).toEqual([2]);
      expect((await redis.hTTL("h", ["a"]))![0]).toBeGreaterThan(990);
      expect(await redis.hPersist("h", ["a"])).toEqual([1]);
      expect(await redis.hGetEx("h", ["a"], { expiration: { type: "EX", value: 1000 } })).toEqual(["1"]);
      expect(await redis.hSetEx("h", { c: "3" }, { expiration: { type: "EX", value: 1000 } })).toBe(1);
      expect(await redis.hGetDel("h", ["a", "c"])).toEqual(["1", "3"]);
      expect(await redis.exists("h")).toBe(0);
    });
  });
}

describe("node-redis's client-side cache", () => {
  test("answers from memory until the server says that a key changed", async () => {
    const server = await startOurs();
    const socket = { host: "127.0.0.1", port: server.port };
    const caching = createClient({ RESP: 3, socket, clientSideCache: { ttl: 0, maxEntries: 100 } });
    const writer = createClient({ socket });
    await Promise.all([caching.connect(), writer.connect()]);
    await writer.set("k", "1");
    await writer.hSet("h", "f", "1");
    const gets = async (): Promise<string> =>
      /cmdstat_get:calls=\d+/.exec(await writer.info("commandstats"))?.[0] ?? "";
    expect(await caching.get("k")).toBe("1");
    const asked = await gets();
    for (let i = 0; i < 10; i++) expect(await caching.get("k")).toBe("1");
    expect(await caching.hGet("h", "f")).toBe("1");
    expect(await gets()).toBe(asked);
    // A request to the server in between lets the message about the change come in.
    await writer.set("k", "2");
    while ((await caching.get("k")) !== "2") await caching.ping();
    await writer.del("h");
    while ((await caching.hGet("h", "f")) !== null) await caching.ping();
    await writer.flushAll();
    while ((await caching.get("k")) !== null) await caching.ping();
    await caching.close();
    await writer.close();
    await server.stop();
  });
});
