import { afterEach, describe, expect, test } from "bun:test";
import type { Arg, RawConnection } from "../support/raw.ts";
import { bulk, held, SlowDisk, turn } from "./slow-disk.ts";

afterEach(() => SlowDisk.stopAll());

describe("under appendfsync always", () => {
  test("a write is answered when it is on the disk, and what follows it in the same connection after it", async () => {
    const disk = await SlowDisk.start();
    const c = await disk.connect();
    await disk.send(c, ["PING"], ["SET", "a", "1"], ["PING"]);
    expect(held(c)).toEqual([]);
    await disk.send(c, ["GET", "other"]);
    expect(held(c)).toEqual([]);
    await disk.sync();
    expect(held(c)).toEqual(["+PONG\r\n", "+OK\r\n", "+PONG\r\n", "$-1\r\n"]);
    expect(disk.file.syncsInFlight).toBe(0);
  });

  test("writes of several polls are synced together, and answered as soon as their own sync ends", async () => {
    const disk = await SlowDisk.start();
    const [a, b, c] = [await disk.connect(), await disk.connect(), await disk.connect()];
    await disk.send(a, ["SET", "a", "1"]);
    await disk.send(b, ["SET", "b", "1"]);
    await disk.send(c, ["SET", "c", "1"]);
    await disk.send(a, ["SET", "a", "2"]);
    await disk.sync();
    expect([held(a), held(b), held(c)]).toEqual([["+OK\r\n"], [], []]);
    await disk.sync();
    expect([held(a), held(b), held(c)]).toEqual([["+OK\r\n"], ["+OK\r\n"], ["+OK\r\n"]]);
    expect(disk.file.syncsInFlight).toBe(0);
  });

  test("clients that read other data do not wait, clients that read what has changed do", async () => {
    const disk = await SlowDisk.start();
    const [writer, reader] = [await disk.connect(), await disk.connect()];
    await disk.send(writer, ["SET", "other", "x"]);
    await disk.sync();
    await disk.send(writer, ["MSET", "a", "1", "b", "2"]);
    await disk.send(reader, ["GET", "other"], ["EXISTS", "third"]);
    expect(held(reader)).toEqual([bulk("x"), ":0\r\n"]);
    const seeing: Arg[][] = [
      ["GET", "b"],
      ["SET", "a", "3", "NX"],
      ["MGET", "other", "b"],
      ["DBSIZE"],
      ["EVAL", "return redis.call('GET', 'a')", "0"],
      ["SORT_RO", "other list", "BY", "*"],
    ];
    const readers: RawConnection[] = [];
    for (const request of seeing) {
      const one = await disk.connect();
      readers.push(one);
      await disk.send(one, request);
    }
    const inTransaction = await disk.connect();
    await disk.send(inTransaction, ["MULTI"], ["GET", "a"]);
    expect(held(inTransaction)).toHaveLength(2);
    await disk.send(inTransaction, ["EXEC"]);
    readers.push(inTransaction);
    expect(readers.map(held)).toEqual(readers.map(() => []));
    expect(held(writer)).toEqual(["+OK\r\n"]);
    await disk.sync();
    expect(readers.map((one) => held(one).length)).toEqual(readers.map(() => 1));
    expect(held(writer)).toEqual(["+OK\r\n"]);
  });

  test("transactions, scripts and clients that were served wait for the sync of what they changed", async () => {
    const disk = await SlowDisk.start();
    const [a, b, waiting] = [await disk.connect(), await disk.connect(), await disk.connect()];
    await disk.send(a, ["MULTI"], ["SET", "a", "1"], ["SET", "a", "2"], ["EXEC"]);
    await disk.send(b, ["EVAL", "redis.call('SET', 'b', 1) redis.call('SET', 'b', 2) return 3", "0"]);
    await disk.send(waiting, ["BLPOP", "list", "0"]);
    expect([held(a), held(b)]).toEqual([[], []]);
    await disk.sync();
    expect([held(a).length, held(b).length]).toEqual([4, 0]);
    await disk.sync();
    expect(held(b)).toEqual([":3\r\n"]);
    await disk.send(a, ["RPUSH", "list", "x"]);
    expect([held(a), held(waiting)]).toEqual([[], []]);
    await disk.sync();
    expect(held(a)).toEqual([":1\r\n"]);
    expect(held(waiting)).toEqual([`*2\r\n${bulk("list")}${bulk("x")}`]);
  });

  test("messages wait while there are changes that they may tell of", async () => {
    const disk = await SlowDisk.start();
    const [subscriber, tracking, writer] = [await disk.connect(), await disk.connect(), await disk.connect()];
    await disk.send(subscriber, ["SUBSCRIBE", "news"]);
    await disk.send(tracking, ["HELLO", "3"], ["CLIENT", "TRACKING", "ON"], ["GET", "a"]);
    expect([held(subscriber).length, held(tracking).length]).toEqual([1, 3]);
    await disk.send(writer, ["PUBLISH", "news", "before"]);
    expect([held(subscriber).length, held(writer).length]).toEqual([1, 1]);
    await disk.send(writer, ["SET", "a", "1"], ["PUBLISH", "news", "a is 1"]);
    expect([held(subscriber), held(tracking), held(writer)]).toEqual([[], [], []]);
    await disk.sync();
    expect([held(subscriber).length, held(tracking).length, held(writer).length]).toEqual([1, 1, 2]);
  });

  test("a connection that is to be closed is sent its replies first", async () => {
    const disk = await SlowDisk.start();
    const c = await disk.connect();
    await disk.send(c, ["SET", "a", "1"], ["QUIT"]);
    expect([held(c), c.closed]).toEqual([[], false]);
    await disk.sync();
    expect(held(c)).toEqual(["+OK\r\n", "+OK\r\n"]);
    const half = await disk.connect();
    await disk.send(half, ["SET", "a", "1"]);
    half.halfClose();
    await disk.settle();
    expect(held(half)).toEqual([]);
    await disk.sync();
    expect(held(half)).toEqual(["+OK\r\n"]);
  });

  test("a client that is gone does not matter", async () => {
    const disk = await SlowDisk.start();
    const [c, other] = [await disk.connect(), await disk.connect()];
    await disk.send(c, ["SET", "a", "1"]);
    await disk.send(other, ["SET", "b", "1"]);
    c.close();
    await disk.settle();
    await disk.sync();
    await disk.sync();
    expect(held(other)).toEqual(["+OK\r\n"]);
  });

  test("replies are silent for clients that asked for it, and come again after that", async () => {
    const disk = await SlowDisk.start();
    const c = await disk.connect();
    await disk.send(c, ["CLIENT", "REPLY", "OFF"], ["SET", "a", "1"], ["CLIENT", "REPLY", "ON"], ["GET", "a"]);
    expect(held(c)).toEqual([]);
    await disk.sync();
    expect(held(c)).toEqual(["+OK\r\n", bulk("1")]);
  });

  test("large replies and many requests keep their order", async () => {
    const disk = await SlowDisk.start();
    const c = await disk.connect();
    const requests: Arg[][] = [];
    for (let i = 0; i < 300; i++) requests.push(["SET", "big", `${i}:`.padEnd(5000, "x")], ["GET", "big"]);
    const sent = disk.send(c, ...requests);
    while (disk.server.stats.inputBytes < 1_500_000) {
      await turn();
      disk.file.finishSyncs();
    }
    await sent;
    while (disk.journal.acknowledged < disk.journal.end) {
      disk.file.finishSyncs();
      await disk.settle();
    }
    const replies = (await c.read(600)).map((reply) => Buffer.from(reply).toString("latin1"));
    expect(replies.filter((reply) => reply === "+OK\r\n")).toHaveLength(300);
    expect(replies.filter((_, i) => i % 2 === 1).map((reply) => Number.parseInt(reply.slice(7), 10))).toEqual(
      Array.from({ length: 300 }, (_, i) => i),
    );
  });

  test("a write whose sync fails is not answered, others are refused, and it is answered once it is on the disk", async () => {
    const disk = await SlowDisk.start();
    const [writer, other] = [await disk.connect(), await disk.connect()];
    await disk.send(writer, ["SET", "a", "1"]);
    disk.file.canSync = false;
    await disk.sync();
    await disk.send(other, ["SET", "b", "1"], ["GET", "a"]);
    expect(held(other)).toEqual(["-MISCONF Errors writing to the AOF file: Input/output error\r\n", bulk("1")]);
    expect(held(writer)).toEqual([]);
    disk.file.canSync = true;
    while (disk.journal.lastError !== "") {
      await disk.settle();
      disk.file.finishSyncs();
    }
    await disk.settle();
    expect(held(writer)).toEqual(["+OK\r\n"]);
    expect(disk.file.isDurable).toBe(true);
  });

  test("everybody is answered when the file is given up", async () => {
    const disk = await SlowDisk.start();
    const c = await disk.connect();
    await disk.send(c, ["SET", "a", "1"]);
    disk.giveUp();
    await disk.settle();
    expect(held(c)).toEqual(["+OK\r\n"]);
  });

  test("a shutdown syncs, and answers, what waits", async () => {
    const disk = await SlowDisk.start();
    const c = await disk.connect();
    await disk.send(c, ["SET", "a", "1"]);
    let status = -1;
    disk.server.onEnd = (code) => {
      status = code;
    };
    expect(disk.server.shutDown(false)).toBe(true);
    expect(status).toBe(0);
    expect((await c.read(1)).map(String)).toHaveLength(1);
    expect(disk.file.isDurable).toBe(true);
  });

  test("a shutdown does not happen when the disk fails, unless it is forced", async () => {
    const disk = await SlowDisk.start();
    const c = await disk.connect();
    await disk.send(c, ["SET", "a", "1"]);
    disk.file.canSync = false;
    expect(disk.server.shutDown(false)).toBe(false);
    await disk.settle();
    expect(held(c)).toEqual([]);
    expect(disk.server.shutDown(true)).toBe(true);
  });
});

describe("under appendfsync everysec", () => {
  test("nobody waits for the disk", async () => {
    const disk = await SlowDisk.start("everysec");
    const [writer, subscriber] = [await disk.connect(), await disk.connect()];
    await disk.send(subscriber, ["SUBSCRIBE", "news"]);
    await disk.send(writer, ["SET", "a", "1"], ["PUBLISH", "news", "a is 1"]);
    expect(held(writer)).toEqual(["+OK\r\n", ":1\r\n"]);
    expect(held(subscriber)).toHaveLength(2);
    expect(disk.file.calls).toHaveLength(1);
  });
});
