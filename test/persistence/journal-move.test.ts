import { describe, expect, test } from "bun:test";
import fc from "fast-check";
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

describe("moving from file to file, whatever fails meanwhile", () => {
  const steps = fc.array(
    fc.constantFrom("write", "flush", "flush", "second", "synced", "written", "move", "full", "bad", "well"),
    {
      maxLength: 60,
    },
  );

  test.each(["always", "everysec"] as const)("loses and doubles nothing (appendfsync %s)", (policy) => {
    fc.assert(
      fc.property(steps, (names) => {
        const { clock, file, journal, write } = journalOverFake(policy);
        const files = [file];
        const last = () => files.at(-1)!;
        const expected: string[] = [];
        const heal = () => {
          for (const one of files) Object.assign(one, { room: Number.POSITIVE_INFINITY, canSync: true });
          clock.advance(1000);
        };
        const act = {
          write: () => {
            write(expected.length % 2, "SET", `key${expected.length}`, "x");
            expected.push(`${expected.length % 2} SET key${expected.length} x`);
          },
          flush: () => journal.flush(),
          second: () => journal.everySecond(),
          synced: () => {
            for (const one of files) one.finishSyncs();
          },
          written: () => last().finishWrite(),
          move: () => {
            const next = new FakeFile();
            if (journal.moveTo(next, 0)) files.push(next);
          },
          full: () => Object.assign(last(), { room: last().bytes.length + 7 }),
          bad: () => Object.assign(last(), { canSync: false }),
          well: heal,
        };
        const inFlight = () => files.reduce((sum, one) => sum + one.syncsInFlight, 0);
        for (const name of names) {
          act[name as keyof typeof act]();
          expect(inFlight()).toBeLessThanOrEqual(1);
        }
        heal();
        for (let i = 0; i < 4 || inFlight() > 0; i++) {
          clock.advance(200);
          journal.flush();
          journal.everySecond();
          act.written();
          act.synced();
        }
        expect([journal.flush(), journal.lastError, journal.acknowledged]).toEqual([true, "", journal.end]);
        expect(files.flatMap((one) => readRequests(one.bytes))).toEqual(expected);
        expect(files.slice(0, -1).every((one) => one.closed)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
