import { afterEach, expect, test } from "bun:test";
import { bulk, held, SlowDisk } from "./slow-disk.ts";

afterEach(() => SlowDisk.stopAll());

test("under appendfsync everysec, while a sync runs, who writes waits until that is in the file, and nobody else", async () => {
  const disk = await SlowDisk.start("everysec");
  const [a, b, c] = [await disk.connect(), await disk.connect(), await disk.connect()];
  await disk.send(a, ["SET", "a", "1"]);
  expect(held(a)).toEqual(["+OK\r\n"]);
  disk.journal.everySecond();
  await disk.send(a, ["SET", "a", "2"]);
  await disk.send(b, ["GET", "a"]);
  await disk.send(c, ["SET", "c", "1"]);
  expect([held(a), held(b), held(c)]).toEqual([[], [bulk("2")], []]);
  disk.file.finishWrite();
  await disk.settle();
  expect([held(a), held(c)]).toEqual([["+OK\r\n"], []]);
  disk.file.finishWrite();
  await disk.settle();
  expect([held(a), held(c)]).toEqual([[], ["+OK\r\n"]]);
});
