import { describe, expect, test } from "bun:test";
import { FakeFile } from "./fake-file.ts";
import { journalOverFake } from "./journal-over-fake.ts";
import { readRequests } from "./requests.ts";

const FULL = "No space left on device";

/** A sync of a first request runs. */
function duringSync() {
  const parts = journalOverFake();
  parts.write(0, "SET", "a", "1");
  parts.journal.flush();
  parts.journal.everySecond();
  expect(parts.file.calls.splice(0)).toEqual(["append 50/50", "sync"]);
  return parts;
}

describe("much at once", () => {
  test("is written by another thread, though nothing else is at the file", () => {
    const { file, journal, write } = journalOverFake();
    write(0, "SET", "a", "x".repeat(3 << 20));
    expect(file.calls).toEqual([]);
    expect(journal.flush()).toBe(true);
    const { end } = journal;
    expect([file.calls, journal.acknowledged]).toEqual([[`aside ${end}`], 0]);
    write(0, "SET", "b", "2");
    journal.flush();
    file.finishWrite();
    expect(journal.acknowledged).toBe(end);
    journal.flush();
    expect(file.calls.at(-1)).toBe("append 27/27");
    expect(readRequests(file.bytes).map((line) => line.slice(0, 9))).toEqual(["0 SET a x", "0 SET b 2"]);
    expect(journal.acknowledged).toBe(journal.end);
  });

  test("is synced when it has been written, under the policy always", () => {
    const { file, journal, write } = journalOverFake("always");
    write(0, "SET", "a", "x".repeat(3 << 20));
    journal.flush();
    file.finishWrite();
    expect(journal.acknowledged).toBe(0);
    journal.flush();
    file.finishSyncs();
    expect([file.calls.at(-1), journal.acknowledged]).toEqual(["sync", journal.end]);
  });
});

describe("while a sync runs", () => {
  test("another thread writes, and nothing is acknowledged before it has", () => {
    const { file, journal, write } = duringSync();
    write(0, "SET", "b", "2");
    expect(journal.flush()).toBe(true);
    expect(file.calls).toEqual(["aside 27"]);
    expect([journal.end, journal.acknowledged, journal.used]).toEqual([77, 50, 27]);
    file.finishWrite();
    expect([journal.end, journal.acknowledged, journal.used]).toEqual([77, 77, 0]);
    expect(readRequests(file.bytes)).toEqual(["0 SET a 1", "0 SET b 2"]);
  });

  test("one write at a time is on its way; the next has all that was appended meanwhile", () => {
    const { file, journal, write } = duringSync();
    let ended = 0;
    journal.onSynced = () => ended++;
    for (let poll = 0; poll < 4; poll++) {
      write(0, "PING");
      journal.flush();
    }
    file.finishWrite();
    expect([ended, journal.acknowledged]).toEqual([1, 64]);
    journal.flush();
    file.finishWrite();
    expect(file.calls).toEqual(["aside 14", "aside 14/14", "aside 42", "aside 42/42"]);
    expect([ended, journal.acknowledged]).toEqual([2, journal.end]);
  });

  test("large requests wait, too", () => {
    const { file, journal, write } = duringSync();
    write(0, "SET", "b", "x".repeat(100_000));
    expect(file.calls).toEqual([]);
    journal.flush();
    file.finishWrite();
    expect(journal.acknowledged).toBe(journal.end);
    expect(readRequests(file.bytes)).toHaveLength(2);
  });

  test("what is written meanwhile needs a sync of its own", () => {
    const { file, journal, write } = duringSync();
    write(0, "PING");
    journal.flush();
    file.finishSyncs();
    file.finishWrite();
    expect([journal.durable, journal.acknowledged]).toEqual([50, 64]);
    journal.everySecond();
    file.finishSyncs();
    expect(journal.durable).toBe(64);
  });

  test("the main loop writes again when nobody else is at the file", () => {
    const { file, journal, write } = duringSync();
    write(0, "PING");
    journal.flush();
    file.finishSyncs();
    write(0, "PING");
    journal.flush();
    file.finishWrite();
    write(0, "PING");
    journal.flush();
    expect(file.calls).toEqual(["aside 14", "aside 14/14", "append 28/28"]);
    expect(journal.acknowledged).toBe(journal.end);
  });

  test("a full disk is found out by the other thread: nothing torn is left, and it is tried again after a pause", () => {
    const { clock, file, journal, log, write } = duringSync();
    file.room = 60;
    write(0, "SET", "b", "2");
    journal.flush();
    file.finishWrite();
    expect(journal.lastError).toBe(FULL);
    expect([file.bytes.length, journal.acknowledged]).toEqual([50, 50]);
    expect(log.lines).toEqual(["Short write while writing to the AOF file: (nwritten=10, expected=27)"]);
    expect(journal.flush()).toBe(false);
    expect(file.isWriting).toBe(false);
    file.room = 1000;
    clock.advance(100);
    journal.flush();
    file.finishWrite();
    expect(journal.flush()).toBe(true);
    expect(journal.lastError).toBe("");
    expect(readRequests(file.bytes)).toEqual(["0 SET a 1", "0 SET b 2"]);
  });

  test("to settle writes the same to the same place, and does not wait for the other thread", () => {
    const { file, journal, write } = duringSync();
    write(0, "SET", "b", "2");
    journal.flush();
    write(0, "SET", "c", "3");
    expect(journal.settle()).toBe(true);
    expect([journal.durable, journal.acknowledged]).toEqual([journal.end, journal.end]);
    write(0, "SET", "d", "4");
    file.finishWrite();
    file.finishSyncs();
    journal.flush();
    expect(readRequests(file.bytes)).toEqual(["0 SET a 1", "0 SET b 2", "0 SET c 3", "0 SET d 4"]);
    expect(journal.lastError).toBe("");
  });

  test("the file is closed at the end when both threads have left it", () => {
    const { file, journal, write } = duringSync();
    write(0, "SET", "b", "2");
    journal.flush();
    expect(journal.close()).toBe(true);
    file.finishSyncs();
    expect(file.closed).toBe(false);
    file.finishWrite();
    expect(file.closed).toBe(true);
    expect(readRequests(file.bytes)).toEqual(["0 SET a 1", "0 SET b 2"]);
  });

  test("another file can be gone on with when the other thread has written", () => {
    const { file, journal, write } = duringSync();
    write(0, "SET", "b", "2");
    journal.flush();
    expect([journal.isIdle, journal.moveTo(new FakeFile(), 0)]).toEqual([false, false]);
    file.finishWrite();
    file.finishSyncs();
    expect([journal.isIdle, journal.moveTo(new FakeFile(), 0)]).toEqual([true, true]);
  });

  test("that takes two seconds, it is counted and logged, again and again", () => {
    const { clock, file, journal, log, write } = duringSync();
    for (let i = 0; i < 9; i++) {
      write(0, "PING");
      journal.flush();
      file.finishWrite();
      clock.advance(500);
    }
    expect(journal.delays.slowSyncs).toBe(1);
    expect(log.lines).toHaveLength(1);
    for (let i = 0; i < 4; i++) {
      journal.everySecond();
      journal.flush();
      write(0, "PING");
      journal.flush();
      clock.advance(500);
    }
    expect(journal.delays.slowSyncs).toBe(2);
  });

  test("always: what is appended is written when that has ended, for the next one", () => {
    const { file, journal, write } = journalOverFake("always");
    for (let poll = 0; poll < 3; poll++) {
      write(0, "PING");
      journal.flush();
    }
    expect(file.calls).toEqual(["append 37/37", "sync"]);
    file.finishSyncs();
    journal.flush();
    expect(file.calls.splice(2)).toEqual(["append 28/28", "sync"]);
    file.finishSyncs();
    expect(journal.acknowledged).toBe(journal.end);
  });
});

describe("a write that took long", () => {
  test.each(["always", "everysec", "no"] as const)(
    "keeps the main loop from writing for a second (appendfsync %s)",
    (policy) => {
      const { clock, file, journal, write } = journalOverFake(policy);
      file.onAppend = () => clock.advance(11);
      write(0, "PING");
      journal.flush();
      file.finishSyncs();
      file.onAppend = () => {};
      for (const call of ["aside 14", "aside 14"]) {
        file.calls.length = 0;
        write(0, "PING");
        journal.flush();
        expect(file.calls).toEqual([call]);
        file.finishWrite();
        journal.flush();
        file.finishSyncs();
        expect(journal.acknowledged).toBe(journal.end);
        clock.advance(400);
      }
      clock.advance(200);
      file.calls.length = 0;
      write(0, "PING");
      journal.flush();
      expect(file.calls[0]).toBe("append 14/14");
    },
  );

  test("is noticed wherever it is done", () => {
    const { clock, file, journal, write } = journalOverFake("no");
    file.onAppend = () => clock.advance(500);
    write(0, "SET", "a", "x".repeat(50_000));
    file.onAppend = () => {};
    for (let i = 0; i < 2; i++) {
      file.calls.length = 0;
      write(0, "PING");
      journal.flush();
      expect(file.calls).toEqual(["aside 14"]);
      clock.advance(990);
      file.finishWrite();
    }
  });
});
