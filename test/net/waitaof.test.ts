import { afterEach, describe, expect, test } from "bun:test";
import { held, SlowDisk } from "./slow-disk.ts";

afterEach(() => SlowDisk.stopAll());

const reply = (local: number) => `*2\r\n:${local}\r\n:0\r\n`;
const NO_FILE = "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n";

describe("WAITAOF", () => {
  test("waits until the connection's writes are on the disk, and has them synced at once", async () => {
    const disk = await SlowDisk.start("everysec");
    const c = await disk.connect();
    await disk.send(c, ["SET", "a", "1"], ["WAITAOF", "1", "0", "0"], ["PING"]);
    expect(held(c)).toEqual(["+OK\r\n"]);
    await disk.sync();
    expect(held(c)).toEqual([reply(1), "+PONG\r\n"]);
  });

  test("is not content with a sync that began before the write", async () => {
    const disk = await SlowDisk.start("everysec");
    const [a, b] = [await disk.connect(), await disk.connect()];
    await disk.send(a, ["SET", "a", "1"], ["WAITAOF", "1", "0", "0"]);
    await disk.send(b, ["SET", "b", "1"], ["WAITAOF", "1", "0", "0"]);
    await disk.sync();
    disk.file.finishWrite();
    await disk.settle();
    expect([held(a), held(b)]).toEqual([["+OK\r\n", reply(1)], ["+OK\r\n"]]);
    await disk.sync();
    expect(held(b)).toEqual([reply(1)]);
  });

  test("answers at once when everything is on the disk, or nothing was written", async () => {
    const disk = await SlowDisk.start("everysec");
    const [a, b] = [await disk.connect(), await disk.connect()];
    await disk.send(a, ["SET", "a", "1"], ["WAITAOF", "1", "0", "0"]);
    await disk.send(b, ["WAITAOF", "1", "0", "0"]);
    expect(held(b)).toEqual([reply(1)]);
    await disk.sync();
    await disk.send(a, ["WAITAOF", "1", "0", "0"], ["WAITAOF", "0", "0", "0"]);
    expect(held(a)).toEqual(["+OK\r\n", reply(1), reply(1), reply(1)]);
  });

  test("under appendfsync always tells of what was synced before its reply", async () => {
    const disk = await SlowDisk.start("always");
    const c = await disk.connect();
    await disk.send(c, ["SET", "a", "1"], ["WAITAOF", "1", "0", "0"]);
    expect(held(c)).toEqual([]);
    await disk.sync();
    expect(held(c)).toEqual(["+OK\r\n", reply(1)]);
  });

  test("tells the truth when its time is up: nothing synced, or no replica", async () => {
    const disk = await SlowDisk.start("no");
    const c = await disk.connect();
    await disk.send(c, ["SET", "a", "1"], ["WAITAOF", "1", "0", "1"]);
    await c.read(1);
    expect(String(Buffer.from((await c.read(1))[0]!))).toBe(reply(0));
    expect(disk.file.calls).toHaveLength(1);
    disk.journal.settle();
    await disk.send(c, ["WAITAOF", "1", "1", "1"]);
    expect(String(Buffer.from((await c.read(1))[0]!))).toBe(reply(1));
  });

  test("says so when the file that it waits for is given up", async () => {
    const disk = await SlowDisk.start("no");
    const c = await disk.connect();
    await disk.send(c, ["SET", "a", "1"], ["WAITAOF", "1", "0", "0"]);
    disk.giveUp();
    await disk.settle();
    expect(held(c)).toEqual(["+OK\r\n", NO_FILE]);
  });

  test("counts nothing as safe while there is no base file", async () => {
    const disk = await SlowDisk.start("everysec");
    const c = await disk.connect();
    disk.journal.isBaseless = true;
    await disk.send(c, ["SET", "a", "1"], ["WAITAOF", "1", "0", "0"]);
    await disk.sync();
    expect(held(c)).toEqual(["+OK\r\n"]);
    disk.journal.isBaseless = false;
    await disk.settle();
    expect(held(c)).toEqual([reply(1)]);
  });

  test("does not wait in transactions and scripts, whose own writes are not on the disk", async () => {
    const disk = await SlowDisk.start("everysec");
    const c = await disk.connect();
    await disk.send(c, ["MULTI"], ["WAITAOF", "1", "0", "0"], ["SET", "a", "1"], ["WAITAOF", "1", "0", "0"], ["EXEC"]);
    expect(held(c).at(-1)).toBe(`*3\r\n${reply(1)}+OK\r\n${reply(0)}`);
  });

  test("ends with its connection", async () => {
    const disk = await SlowDisk.start("no");
    const c = await disk.connect();
    await disk.send(c, ["SET", "a", "1"], ["WAITAOF", "1", "0", "0"]);
    expect(disk.server.syncWaits.size).toBe(1);
    c.close();
    await disk.settle();
    expect(disk.server.syncWaits.size).toBe(0);
  });

  test("refuses what it can't wait for", async () => {
    const disk = await SlowDisk.start("everysec");
    const c = await disk.connect();
    await disk.send(
      c,
      ["WAITAOF", "2", "0", "0"],
      ["WAITAOF", "-1", "0", "0"],
      ["WAITAOF", "x", "0", "0"],
      ["WAITAOF", "1", "-1", "0"],
      ["WAITAOF", "1", "x", "0"],
      ["WAITAOF", "1", "0", "-1"],
      ["WAITAOF", "1", "0", "x"],
    );
    expect(held(c)).toEqual([
      "-ERR value is out of range, value must between 0 and 1\r\n",
      "-ERR value is out of range, value must between 0 and 1\r\n",
      "-ERR value is not an integer or out of range\r\n",
      "-ERR value is out of range, must be positive\r\n",
      "-ERR value is out of range, must be positive\r\n",
      "-ERR timeout is negative\r\n",
      "-ERR timeout is not an integer or out of range\r\n",
    ]);
    disk.giveUp();
    await disk.send(c, ["WAITAOF", "1", "0", "0"], ["WAITAOF", "0", "0", "0"]);
    expect(held(c)).toEqual([NO_FILE, reply(0)]);
  });
});
