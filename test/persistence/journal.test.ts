import { describe, expect, test } from "bun:test";
import { journalOverFake as setUp } from "./journal-over-fake.ts";
import { readRequests, request } from "./requests.ts";

const FULL = "No space left on device";
const LARGE = 32 * 1024;

describe("the journal", () => {
  test("brings everything that was appended to the file with one write", () => {
    const { file, journal, write } = setUp();
    write(0, "SET", "a", "1");
    write(0, "SET", "b", "2");
    expect(file.calls).toEqual([]);
    expect(journal.flush()).toBe(true);
    expect(file.calls).toEqual(["append 77/77"]);
    expect(readRequests(file.bytes)).toEqual(["0 SET a 1", "0 SET b 2"]);
  });

  test("does nothing when there is nothing to write", () => {
    const { file, journal } = setUp("always");
    expect(journal.flush()).toBe(true);
    expect(file.calls).toEqual([]);
  });

  test("names the database before the first request and wherever it changes", () => {
    const { file, journal, write } = setUp();
    for (const db of [3, 3, 0, 15, 15]) write(db, "PING");
    journal.flush();
    write(15, "PING");
    journal.flush();
    const selected = [...file.bytes.toString().matchAll(/SELECT\r\n\$\d\r\n(\d+)/g)].map(([, db]) => db);
    expect(selected).toEqual(["3", "0", "15"]);
    expect(readRequests(file.bytes)).toEqual(["3 PING", "3 PING", "0 PING", "15 PING", "15 PING", "15 PING"]);
  });

  test("takes the range it is given, and only that", () => {
    const { file, journal } = setUp();
    const bytes = Buffer.concat([Buffer.from("before"), request("PING"), Buffer.from("after")]);
    journal.append(0, bytes, 6, bytes.length - 11);
    bytes.fill(0);
    journal.flush();
    expect(readRequests(file.bytes)).toEqual(["0 PING"]);
  });

  test("copies requests that follow each other in one buffer when it must: in order, whatever comes between them", () => {
    const { file, journal, write } = setUp();
    const words = [
      ["SET", "a", "1"],
      ["SET", "b", "2"],
      ["GET", "c"],
      ["SET", "d", "4"],
    ];
    const chunk = Buffer.concat(words.map((one) => request(...one)));
    const [first, second, , fourth] = words.map((one) => chunk.indexOf(request(...one)));
    const len = request("SET", "a", "1").length;
    journal.appendSteady(0, chunk, first!, len);
    journal.appendSteady(0, chunk, second!, len);
    expect([journal.end, journal.used]).toEqual([77, 23]);
    journal.appendSteady(0, chunk, fourth!, len);
    write(0, "SET", "e", "5");
    journal.appendSteady(1, chunk, first!, len);
    journal.flush();
    chunk.fill(0);
    expect(readRequests(file.bytes)).toEqual(["0 SET a 1", "0 SET b 2", "0 SET d 4", "0 SET e 5", "1 SET a 1"]);
    expect(journal.end).toBe(file.bytes.length);
  });

  test("does not copy many requests in a row at all", () => {
    const { file, journal } = setUp();
    const one = request("SET", "key", "x".repeat(1000));
    const chunk = Buffer.concat(Array.from({ length: 50 }, () => one));
    for (let at = 0; at < chunk.length; at += one.length) journal.appendSteady(0, chunk, at, one.length);
    journal.flush();
    expect(file.calls).toEqual(["append 23/23", `append ${chunk.length}/${chunk.length}`]);
    expect(journal.end).toBe(file.bytes.length);
  });

  test("writes a large request at once, behind what came before it", () => {
    const { file, journal, write } = setUp();
    write(0, "SET", "a", "1");
    write(0, "SET", "b", "x".repeat(LARGE));
    expect(file.calls).toEqual(["append 50/50", "append 32798/32798"]);
    write(0, "SET", "c", "3");
    expect(journal.flush()).toBe(true);
    expect(readRequests(file.bytes).map((line) => line.slice(0, 8))).toEqual(["0 SET a ", "0 SET b ", "0 SET c "]);
  });

  test("gathers large requests too under the policy always, so that a failed sync can be made good", () => {
    const { file, journal, write } = setUp("always");
    write(0, "SET", "b", "x".repeat(LARGE * 8));
    expect(file.calls).toEqual([]);
    expect(journal.flush()).toBe(true);
    expect(file.calls).toEqual(["append 262198/262198", "sync"]);
  });

  test("notes the time once in every second with writes, before them", () => {
    const { clock, file, journal, write } = setUp();
    journal.timestamps = true;
    write(0, "SET", "a", "1");
    write(0, "SET", "b", "1");
    clock.advance(1000);
    write(0, "SET", "c", "1");
    journal.flush();
    const shown = file.bytes.toString().replace(/\*2\r\n\$6\r\nSELECT\r\n\$1\r\n0\r\n/, "<select>");
    expect(shown.replace(/\*3\r\n\$3\r\nSET\r\n\$1\r\n(.)\r\n\$1\r\n1\r\n/g, "<$1>")).toBe(
      "#TS:1700000000\r\n<select><a><b>#TS:1700000001\r\n<c>",
    );
  });

  test("knows how long the file is, and how much waits to be written", () => {
    const { file, journal, write } = setUp();
    write(0, "PING");
    expect([journal.size, journal.used]).toEqual([0, 37]);
    journal.flush();
    expect([journal.size, journal.used]).toEqual([37, 0]);
    file.room = 50;
    file.canTruncate = false;
    write(0, "PING");
    journal.flush();
    expect([journal.size, journal.used]).toEqual([50, 14]);
  });

  test("writes, syncs and closes at the end", () => {
    const { file, journal, write } = setUp("no");
    write(0, "PING");
    expect(journal.close()).toBe(true);
    expect(file.calls).toEqual(["append 37/37", "syncNow"]);
    expect(file.closed).toBe(true);
  });

  test("says at the end that not all could be written, after one more try", () => {
    const { file, journal, write } = setUp();
    file.room = 5;
    write(0, "PING");
    expect(journal.flush()).toBe(false);
    expect(journal.close()).toBe(false);
    expect(file.calls.filter((call) => call.startsWith("append"))).toHaveLength(2);
    expect(file.closed).toBe(true);
  });
});

describe("a full disk", () => {
  test("makes flush fail, with the reason, and leaves no part of a request in the file", () => {
    const { file, journal, log, write } = setUp();
    write(0, "PING");
    journal.flush();
    file.room = 50;
    write(0, "SET", "a", "1");
    expect(journal.flush()).toBe(false);
    expect(journal.lastError).toBe(FULL);
    expect(file.bytes).toHaveLength(37);
    expect(log.lines).toEqual(["Short write while writing to the AOF file: (nwritten=13, expected=27)"]);
  });

  test("is tried again after a pause, and all is written once there is room", () => {
    const { clock, file, journal, log, write } = setUp();
    file.room = 0;
    write(0, "SET", "a", "1");
    expect(journal.flush()).toBe(false);
    expect(log.lines).toEqual([`Error writing to the AOF file: ${FULL}`]);
    file.room = 1000;
    write(1, "SET", "b", "2");
    expect(journal.flush()).toBe(false);
    expect(file.calls).toHaveLength(1);
    clock.advance(100);
    expect(journal.flush()).toBe(true);
    expect(journal.lastError).toBe("");
    expect(readRequests(file.bytes)).toEqual(["0 SET a 1", "1 SET b 2"]);
    expect(log.lines.at(-1)).toBe("AOF write error looks solved, Redis can write again.");
  });

  test("is told of in the log every 30 seconds at most", () => {
    const { clock, file, journal, log, write } = setUp();
    file.room = 0;
    write(0, "SET", "a", "x".repeat(1000));
    for (let i = 0; i <= 600; i++) {
      journal.flush();
      clock.advance(100);
    }
    expect(log.lines).toHaveLength(3);
    file.canTruncate = false;
    for (let i = 0; i < 300; i++) {
      file.room = file.bytes.length + 1;
      journal.flush();
      clock.advance(100);
    }
    expect(log.lines).toHaveLength(5);
  });

  test("is gone on with where the file could not be cut back", () => {
    const { clock, file, journal, log, write } = setUp();
    file.room = 10;
    file.canTruncate = false;
    write(0, "SET", "a", "1");
    expect(journal.flush()).toBe(false);
    expect(file.bytes).toHaveLength(10);
    expect(log.lines.at(-1)).toContain("Could not remove short write from the append-only file.");
    file.room = 1000;
    clock.advance(100);
    expect(journal.flush()).toBe(true);
    expect(readRequests(file.bytes)).toEqual(["0 SET a 1"]);
  });

  test("does not lose a large request", () => {
    const { clock, file, journal, write } = setUp();
    file.room = 1000;
    write(0, "SET", "a", "x".repeat(LARGE));
    write(0, "SET", "b", "2");
    expect(journal.flush()).toBe(false);
    file.room = 1e6;
    clock.advance(100);
    expect(journal.flush()).toBe(true);
    expect(readRequests(file.bytes).map((line) => line.slice(0, 7))).toEqual(["0 SET a", "0 SET b"]);
  });
});

describe("syncing", () => {
  test("always: off the main loop, and nothing is acknowledged before", () => {
    const { file, journal, write } = setUp("always");
    write(0, "PING");
    expect(journal.flush()).toBe(true);
    expect(file.calls).toEqual(["append 37/37", "sync"]);
    expect([journal.end, journal.durable, journal.acknowledged]).toEqual([37, 0, 0]);
    file.finishSyncs();
    expect([journal.end, journal.durable, journal.acknowledged]).toEqual([37, 37, 37]);
    expect(journal.used).toBe(0);
    expect(file.isDurable).toBe(true);
  });

  test("always: one at a time; the next one covers all that was written meanwhile, from however many polls", () => {
    const { file, journal, write } = setUp("always");
    let ended = 0;
    journal.onSynced = () => ended++;
    for (let poll = 0; poll < 4; poll++) {
      write(0, "PING");
      expect(journal.flush()).toBe(true);
    }
    expect(file.syncsInFlight).toBe(1);
    file.finishSyncs();
    expect([ended, journal.acknowledged]).toEqual([1, 37]);
    expect(file.syncsInFlight).toBe(0);
    write(0, "PING");
    expect(journal.flush()).toBe(true);
    expect(file.syncsInFlight).toBe(1);
    file.finishSyncs();
    expect([ended, journal.acknowledged]).toEqual([2, journal.end]);
    journal.flush();
    expect(file.syncsInFlight).toBe(0);
    expect(readRequests(file.bytes)).toHaveLength(5);
  });

  test("always: what could not be synced is cut off and written anew, because the system has forgotten it", () => {
    const { clock, file, journal, log, write } = setUp("always");
    write(0, "SET", "a", "1");
    journal.flush();
    file.finishSyncs();
    file.canSync = false;
    write(0, "PING");
    journal.flush();
    write(0, "SET", "b", "2");
    journal.flush();
    file.finishSyncs();
    expect(file.bytes).toHaveLength(50);
    expect(journal.flush()).toBe(false);
    expect(journal.lastError).toBe("Input/output error");
    expect(log.lines).toEqual(["Fail to fsync the AOF file: Input/output error"]);
    file.canSync = true;
    clock.advance(100);
    expect(journal.flush()).toBe(false);
    expect(journal.acknowledged).toBe(50);
    file.finishSyncs();
    expect(journal.flush()).toBe(true);
    expect(journal.acknowledged).toBe(journal.end);
    expect(readRequests(file.bytes)).toEqual(["0 SET a 1", "0 PING", "0 SET b 2"]);
    expect(file.isDurable).toBe(true);
  });

  test("always: a disk that gets full during a sync loses nothing of what that covers", () => {
    const { clock, file, journal, write } = setUp("always");
    write(0, "SET", "a", "1");
    journal.flush();
    file.room = file.bytes.length + 5;
    write(0, "SET", "b", "2");
    expect(journal.flush()).toBe(true);
    expect(file.bytes).toHaveLength(50);
    file.finishSyncs();
    expect(journal.flush()).toBe(false);
    expect(journal.acknowledged).toBe(50);
    file.room = 1000;
    clock.advance(100);
    journal.flush();
    file.finishSyncs();
    expect(journal.flush()).toBe(true);
    expect(readRequests(file.bytes)).toEqual(["0 SET a 1", "0 SET b 2"]);
    expect(file.isDurable).toBe(true);
  });

  test("always: need not be done while it rests; afterwards all is synced again", () => {
    const { file, journal, write } = setUp("always");
    journal.resting = true;
    write(0, "PING");
    expect(journal.flush()).toBe(true);
    expect([journal.acknowledged, journal.durable]).toEqual([37, 0]);
    journal.everySecond();
    expect(file.calls).toEqual(["append 37/37"]);
    journal.resting = false;
    write(0, "PING");
    journal.flush();
    file.finishSyncs();
    expect([journal.acknowledged, journal.durable]).toEqual([51, 51]);
    expect(file.isDurable).toBe(true);
  });

  test("is done on the main loop when the journal is to be settled at once", () => {
    for (const policy of ["always", "everysec", "no"] as const) {
      const { file, journal, write } = setUp(policy);
      write(0, "PING");
      journal.flush();
      write(0, "PING");
      expect(journal.settle()).toBe(true);
      expect(file.isDurable).toBe(true);
      expect([journal.durable, journal.acknowledged, journal.used]).toEqual([51, 51, 0]);
      file.finishSyncs();
      expect(journal.durable).toBe(51);
    }
  });

  test("begins at once when it is wanted, and again when it was wanted during another one", () => {
    const { file, journal, write } = setUp();
    journal.wantSync();
    journal.flush();
    expect(file.syncsInFlight).toBe(0);
    write(0, "PING");
    journal.wantSync();
    journal.flush();
    expect(file.syncsInFlight).toBe(1);
    write(0, "PING");
    journal.wantSync();
    journal.flush();
    file.finishSyncs();
    expect(journal.durable).toBe(37);
    journal.flush();
    file.finishWrite();
    journal.flush();
    file.finishSyncs();
    expect(journal.durable).toBe(51);
  });

  test("is left to the system under the policy no, also when it is wanted", () => {
    const { file, journal, write } = setUp("no");
    write(0, "PING");
    journal.wantSync();
    journal.flush();
    expect([journal.acknowledged, journal.durable]).toEqual([37, 0]);
    expect(file.syncsInFlight).toBe(0);
  });

  test("everysec: once a second off the main loop, if there was a write", () => {
    const { file, journal, write } = setUp();
    journal.everySecond();
    expect(file.calls).toEqual([]);
    write(0, "PING");
    journal.flush();
    journal.everySecond();
    expect(journal.syncing).toBe(true);
    file.finishSyncs();
    expect(journal.syncing).toBe(false);
    journal.everySecond();
    expect(file.calls).toEqual(["append 37/37", "sync"]);
    expect(file.isDurable).toBe(true);
  });

  test("everysec: never two at once; one that keeps the next waiting for two seconds is counted", () => {
    const { clock, file, journal, log, write } = setUp();
    for (let second = 0; second < 6; second++) {
      write(0, "PING");
      expect(journal.flush()).toBe(true);
      journal.everySecond();
      expect(file.syncsInFlight).toBe(1);
      clock.advance(1000);
    }
    expect(journal.delays.slowSyncs).toBe(1);
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toContain("Asynchronous AOF fsync is taking too long (disk is busy?).");
    file.finishSyncs();
    journal.everySecond();
    file.finishSyncs();
    expect(file.isDurable).toBe(true);
  });

  test("everysec: after a failure flush is false until a sync works, and what is written meanwhile is written once", () => {
    const { file, journal, write } = setUp();
    write(0, "SET", "a", "1");
    journal.flush();
    file.canSync = false;
    journal.everySecond();
    file.finishSyncs();
    expect(journal.lastError).toBe("Input/output error");
    write(0, "SET", "b", "2");
    expect(journal.flush()).toBe(false);
    expect(journal.flush()).toBe(false);
    file.canSync = true;
    journal.everySecond();
    file.finishSyncs();
    expect(journal.flush()).toBe(true);
    expect(journal.lastError).toBe("");
    expect(readRequests(file.bytes)).toEqual(["0 SET a 1", "0 SET b 2"]);
  });

  test("no: never", () => {
    const { file, journal, write } = setUp("no");
    write(0, "PING");
    journal.flush();
    journal.everySecond();
    expect(file.calls).toEqual(["append 37/37"]);
  });

  test("follows a policy that changes while it runs", () => {
    const { file, journal, write } = setUp("no");
    write(0, "PING");
    journal.flush();
    journal.policy = "always";
    write(0, "PING");
    journal.flush();
    file.finishSyncs();
    expect(file.isDurable).toBe(true);
    journal.policy = "everysec";
    write(0, "PING");
    journal.flush();
    journal.everySecond();
    expect(file.calls.slice(-2)).toEqual(["append 14/14", "sync"]);
  });
});
