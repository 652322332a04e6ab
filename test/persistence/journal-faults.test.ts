import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ManualClock } from "../../src/lib/clock.ts";
import { AofJournal, type FsyncPolicy } from "../../src/persistence/aof/journal.ts";
import { CapturedLog } from "./captured-log.ts";
import { FakeFile } from "./fake-file.ts";
import { readBeginning, readRequests, request } from "./requests.ts";

const POLICIES: readonly FsyncPolicy[] = ["always", "everysec", "no"];

function setUp(policy: FsyncPolicy) {
  const clock = new ManualClock();
  const file = new FakeFile();
  const journal = new AofJournal(file, 0, clock, new CapturedLog(clock));
  journal.policy = policy;
  const expected: string[] = [];
  /** Where the journal's end was behind each request. */
  const offsets: number[] = [];
  const write = (db: number, ...words: string[]) => {
    const bytes = request(...words);
    journal.append(db, bytes, 0, bytes.length);
    expected.push(`${db} ${words.join(" ")}`);
    offsets.push(journal.end);
  };
  /** Requests in one buffer, one after the other. */
  const writeRow = (db: number, count: number, value: string) => {
    const rows = Array.from({ length: count }, (_, i) => ["SET", `row${i}`, value]);
    const chunk = Buffer.concat(rows.map((words) => request(...words)));
    let at = 0;
    for (const words of rows) {
      const { length } = request(...words);
      journal.appendSteady(db, chunk, at, length);
      at += length;
      expected.push(`${db} ${words.join(" ")}`);
      offsets.push(journal.end);
    }
  };
  return { clock, file, journal, write, writeRow, expected, offsets };
}

/** One poll, and the end of all that others do. */
function pollAndSync({ journal, file }: ReturnType<typeof setUp>): boolean {
  journal.flush();
  file.finishWrite();
  file.finishSyncs();
  return journal.flush();
}

/** Makes all well again, and checks that the file holds every request once. */
function heal(parts: ReturnType<typeof setUp>): void {
  const { clock, file, journal, expected } = parts;
  file.room = Number.POSITIVE_INFINITY;
  file.canSync = file.canTruncate = true;
  journal.everySecond();
  file.finishWrite();
  file.finishSyncs();
  clock.advance(1000);
  journal.everySecond();
  pollAndSync(parts);
  expect(pollAndSync(parts)).toBe(true);
  expect(journal.lastError).toBe("");
  expect(journal.size).toBe(file.bytes.length);
  expect(journal.acknowledged).toBe(journal.end);
  expect(readRequests(file.bytes)).toEqual(expected);
}

/** Four polls of two requests each. */
function fourPolls(parts: ReturnType<typeof setUp>): void {
  const { journal, write, clock, file, expected } = parts;
  for (let poll = 0; poll < 4; poll++) {
    write(poll % 3, "SET", `key${poll}`, "first");
    write(poll % 2, "SET", `key${poll}`, "second");
    if (pollAndSync(parts)) expect(readRequests(file.bytes)).toEqual(expected);
    else expect(journal.lastError).not.toBe("");
    clock.advance(100);
  }
}

/** Checks that what may be acknowledged is in the file's first `bytes`. */
function expectAcknowledged({ journal, expected, offsets, file }: ReturnType<typeof setUp>, bytes: number): void {
  const count = offsets.filter((offset) => offset <= journal.acknowledged).length;
  expect(readBeginning(file.bytes.subarray(0, bytes)).slice(0, count)).toEqual(expected.slice(0, count));
}

describe("a disk that is full after any number of bytes", () => {
  for (const policy of POLICIES) {
    for (const canTruncate of [true, false]) {
      const how = canTruncate ? "what is torn is cut off" : "it can't be cut off";
      test(`loses and doubles nothing (appendfsync ${policy}, ${how})`, () => {
        const whole = setUp(policy);
        fourPolls(whole);
        for (let room = 0; room <= whole.file.bytes.length; room++) {
          const one = setUp(policy);
          one.file.room = room;
          one.file.canTruncate = canTruncate;
          fourPolls(one);
          if (canTruncate) expect(readRequests(one.file.bytes).length % 2).toBe(0);
          heal(one);
        }
      });
    }
  }
});

const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("write" as const), db: fc.nat(2), bytes: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("write" as const), db: fc.nat(2), bytes: fc.nat(90_000) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("row" as const), db: fc.nat(2), count: fc.nat(6), bytes: fc.nat(60) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("row" as const),
      db: fc.nat(2),
      count: fc.nat(6),
      bytes: fc.constant(9000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("flush" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("settle" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(3000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("second" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("synced" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("written" as const), ms: fc.constantFrom(0, 0, 0, 20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("policy" as const), policy: fc.constantFrom(...POLICIES) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("room" as const), more: fc.nat(500) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("faults" as const), sync: fc.boolean(), truncate: fc.boolean() }),
  },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

function perform(op: Operation, parts: ReturnType<typeof setUp>, n: number): void {
  const { clock, file, journal, write, writeRow, expected } = parts;
  switch (op.kind) {
    case "write":
      write(op.db, "SET", `key${n}`, "x".repeat(op.bytes));
      return;
    case "row":
      writeRow(op.db, op.count, "x".repeat(op.bytes));
      return;
    case "pass":
      clock.advance(op.ms);
      return;
    case "second":
      journal.everySecond();
      return;
    case "synced":
      file.finishSyncs();
      return;
    case "written":
      clock.advance(op.ms);
      file.finishWrite();
      return;
    case "policy":
      journal.policy = op.policy;
      return;
    case "room":
      file.room = file.bytes.length + op.more;
      return;
    case "faults":
      file.canSync = op.sync;
      file.canTruncate = op.truncate;
      return;
    case "flush":
      if (journal.flush()) expect(journal.lastError).toBe("");
      else expect(journal.lastError).not.toBe("");
      return;
    case "settle":
      if (!journal.settle()) return;
      expect(readRequests(file.bytes)).toEqual(expected);
      expect(journal.durable).toBe(journal.end);
  }
}

describe("any sequence of writes, flushes and faults", () => {
  test("ends with every request in the file once and in order, as soon as all is well", () => {
    fc.assert(
      fc.property(fc.constantFrom(...POLICIES), fc.array(operation, { maxLength: 60 }), (policy, operations) => {
        const parts = setUp(policy);
        for (const [n, op] of operations.entries()) {
          perform(op, parts, n);
          expect(parts.file.syncsInFlight).toBeLessThanOrEqual(1);
          expectAcknowledged(parts, parts.file.bytes.length);
        }
        heal(parts);
      }),
      { numRuns: 300 },
    );
  });

  test("acknowledges under the policy always what is on the disk, if what failed could be cut off", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const parts = setUp("always");
        for (const [n, op] of operations.entries()) {
          if (op.kind === "policy" || (op.kind === "faults" && !op.truncate)) continue;
          perform(op, parts, n);
          expectAcknowledged(parts, parts.file.durableBytes);
        }
        heal(parts);
        expect(parts.file.isDurable).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
