import { describe, expect, test } from "bun:test";
import { FakeFile } from "./fake-file.ts";
import { journalOverFake } from "./journal-over-fake.ts";
import { readRequests } from "./requests.ts";

describe("moving to another file", () => {
  function move(parts: ReturnType<typeof journalOverFake>) {
    const next = new FakeFile();
    return { next, moved: parts.journal.moveTo(next, 0) };
  }

  test("brings what was appended before to the old file, and names the database anew", () => {
    const parts = journalOverFake();
    parts.write(3, "SET", "a", "1");
    const { next, moved } = move(parts);
    parts.write(3, "SET", "b", "2");
    parts.journal.flush();
    expect(moved).toBe(true);
    expect(readRequests(parts.file.bytes)).toEqual(["3 SET a 1"]);
    expect(readRequests(next.bytes)).toEqual(["3 SET b 2"]);
    expect(parts.journal.size).toBe(50);
  });

  test("syncs and closes the old file before the new one, off the main loop", () => {
    const parts = journalOverFake();
    const { file, journal, write } = parts;
    write(0, "SET", "a", "1");
    const { next } = move(parts);
    write(0, "SET", "b", "2");
    journal.flush();
    expect(file.calls).toEqual(["append 50/50"]);
    journal.everySecond();
    expect([file.syncsInFlight, next.syncsInFlight]).toEqual([1, 0]);
    file.finishSyncs();
    expect([file.closed, file.isDurable, journal.durable]).toEqual([true, true, 0]);
    next.finishSyncs();
    expect(journal.durable).toBe(100);
    expect(next.isDurable).toBe(true);
  });

  test("lets a sync that is running end first", () => {
    const parts = journalOverFake();
    const { file, journal, write } = parts;
    write(0, "SET", "a", "1");
    journal.flush();
    journal.everySecond();
    const { next } = move(parts);
    expect(file.closed).toBe(false);
    file.finishSyncs();
    expect(journal.durable).toBe(50);
    journal.everySecond();
    file.finishSyncs();
    next.finishSyncs();
    expect(file.closed).toBe(true);
  });

  test("always: leaves nothing unsynced behind", () => {
    const parts = journalOverFake("always");
    parts.write(0, "SET", "a", "1");
    expect(move(parts).moved).toBe(true);
    expect(parts.file.isDurable).toBe(true);
    expect(parts.journal.acknowledged).toBe(50);
  });

  test("does not happen when the old file can't be written", () => {
    for (const policy of ["always", "everysec"] as const) {
      const parts = journalOverFake(policy);
      parts.file.room = 10;
      parts.write(0, "SET", "a", "1");
      expect(move(parts).moved).toBe(false);
      parts.file.room = 1000;
      parts.clock.advance(100);
      parts.journal.flush();
      expect(readRequests(parts.file.bytes)).toEqual(["0 SET a 1"]);
    }
  });

  test("closes both files at the end, when no sync runs any longer", () => {
    const parts = journalOverFake();
    const { file, journal, write } = parts;
    write(0, "SET", "a", "1");
    journal.flush();
    journal.everySecond();
    const { next } = move(parts);
    expect(journal.close()).toBe(true);
    expect([file.closed, next.closed]).toEqual([false, false]);
    file.finishSyncs();
    expect([file.closed, next.closed]).toEqual([true, true]);
    expect(file.isDurable).toBe(true);
  });
});
