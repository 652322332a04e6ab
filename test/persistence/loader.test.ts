import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GATE_BUSY, GATE_LOADING } from "../../src/command/context.ts";
import { AofServer, aofFolder, cleanUp, FOLDER } from "./aof-server.ts";
import { request } from "./requests.ts";
import { scratch } from "./scratch.ts";

afterEach(cleanUp);

const set = (key: string, value: string) => request("SET", key, value);
const A = set("a", "1");
const B = set("b", "2");
const MULTI = request("MULTI");
const EXEC = request("EXEC");
const join2 = (...parts: Uint8Array[]) => Buffer.concat(parts);
const INCREMENT = "database.aof.1.incr.aof";

/** Loads an increment. */
async function load(increment: string | Uint8Array, settings: Record<string, string> = {}) {
  const dir = aofFolder(increment);
  const aof = new AofServer(dir, settings);
  const failure = await aof.load();
  return { aof, failure, file: () => readFileSync(join(dir, FOLDER, INCREMENT)) };
}

describe("loading", () => {
  test("executes base and increments in order, each request in its database", async () => {
    const dir = aofFolder(join2(request("SELECT", "3"), A, request("SELECT", "0"), B, set("a", "3")), {
      "database.aof.1.base.aof": A,
    });
    const aof = new AofServer(dir);
    expect(await aof.load()).toBeUndefined();
    expect(aof.strings(0)).toEqual({ a: "3", b: "2" });
    expect(aof.strings(3)).toEqual({ a: "1" });
    expect(aof.log.lines.map((line) => line.replace(/\d\.\d{3}/, "0.000"))).toEqual([
      "DB loaded from base file database.aof.1.base.aof: 0.000 seconds",
      "DB loaded from incr file database.aof.1.incr.aof: 0.000 seconds",
      "DB loaded from append only file: 0.000 seconds",
      "Opening AOF incr file database.aof.1.incr.aof on server start",
    ]);
  });

  test("starts every file in database 0", async () => {
    const dir = aofFolder(B, { "database.aof.1.base.aof": join2(request("SELECT", "5"), A) });
    const aof = new AofServer(dir);
    expect(await aof.load()).toBeUndefined();
    expect([aof.strings(0), aof.strings(5)]).toEqual([{ b: "2" }, { a: "1" }]);
  });

  test("restores what a server wrote before", async () => {
    const dir = scratch();
    const first = new AofServer(dir);
    expect(await first.load()).toBeUndefined();
    for (const line of ["SET a 1", "INCR a", "SELECT 7", "SET b x", "APPEND b y", "SET c 1", "DEL c"]) first.say(line);
    expect(first.server.persistence.close()).toBe(true);
    const second = new AofServer(dir);
    expect(await second.load()).toBeUndefined();
    expect([second.strings(0), second.strings(7)]).toEqual([{ a: "2" }, { b: "xy" }]);
  });

  test("reads files larger than its buffer, and requests larger than it", async () => {
    const large = "x".repeat(3_000_000);
    const many = Buffer.concat(Array.from({ length: 50_000 }, (_, i) => set(`key${i}`, `value${i}`)));
    const { aof, failure } = await load(join2(many, set("large", large), A));
    expect(failure).toBeUndefined();
    expect(aof.say("DBSIZE")).toBe(":50002\r\n");
    expect(aof.say("STRLEN large")).toBe(":3000000\r\n");
    expect(aof.say("GET key49999")).toBe("$10\r\nvalue49999\r\n");
  });

  test("keeps keys whose time is past, because the file may give them more", async () => {
    const past = request("SET", "a", "1", "PXAT", "1000");
    const { aof, failure } = await load(
      join2(past, request("PEXPIREAT", "a", "99999999999999"), past, request("PERSIST", "a")),
    );
    expect(failure).toBeUndefined();
    expect(aof.strings()).toEqual({ a: "1" });
  });

  test("skips notes, wherever they stand between requests", async () => {
    const note = Buffer.from("#TS:1700000000\r\n");
    const { aof, failure } = await load(join2(note, A, note, MULTI, note, B, note, EXEC, Buffer.from("#x\n"), note));
    expect(failure).toBeUndefined();
    expect(aof.strings()).toEqual({ a: "1", b: "2" });
  });

  test("executes transactions", async () => {
    const { aof, failure } = await load(join2(MULTI, A, B, EXEC, set("c", "3"), MULTI, EXEC));
    expect(failure).toBeUndefined();
    expect(aof.strings()).toEqual({ a: "1", b: "2", c: "3" });
  });

  test("executes transactions larger than its buffer", async () => {
    const inner = Buffer.concat(Array.from({ length: 100_000 }, (_, i) => set(`key${i}`, `value${i}`)));
    const { aof, failure } = await load(join2(A, MULTI, inner, EXEC, B));
    expect(failure).toBeUndefined();
    expect(aof.say("DBSIZE")).toBe(":100002\r\n");
  });

  test("goes on writing where the file ends", async () => {
    const { aof, file } = await load(A);
    aof.say("SET b 2");
    aof.server.persistence.close();
    expect(file().toString()).toBe(`${A}*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n${B}`);
  });

  test("lets clients be answered between slices, that it is loading and how far it is", async () => {
    const many = Buffer.concat(Array.from({ length: 20_000 }, (_, i) => set(`key${i}`, "x".repeat(100))));
    const aof = new AofServer(aofFolder(many));
    aof.clock.lookMs = 20;
    const loading = aof.load();
    const seen: { gate: number; loaded: number }[] = [];
    let done = false;
    loading.finally(() => {
      done = true;
    });
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      const progress = aof.server.persistence.loading;
      if (progress !== undefined) {
        expect(progress.totalBytes).toBe(many.length);
        seen.push({ gate: aof.server.gate & GATE_LOADING, loaded: progress.loadedBytes });
      }
    }
    expect(await loading).toBeUndefined();
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.every(({ gate }) => gate !== 0)).toBe(true);
    expect(seen.map(({ loaded }) => loaded)).toEqual(seen.map(({ loaded }) => loaded).sort((x, y) => x - y));
    expect(aof.server.gate).toBe(0);
    expect(aof.server.persistence.loading).toBeUndefined();
    expect(aof.log.lines.some((line) => /^Loading the AOF: \d+\.\d\d% /.test(line))).toBe(true);
  });

  test("is refused to clients with LOADING, except for commands that need no data", async () => {
    const aof = new AofServer(aofFolder(A));
    const loading = aof.load();
    expect(aof.say("GET a")).toBe("-LOADING Redis is loading the dataset in memory\r\n");
    await loading;
    expect(aof.say("GET a")).toBe("$1\r\n1\r\n");
  });

  test("does nothing while the AOF is off", async () => {
    const aof = new AofServer(aofFolder(A), { appendonly: "no" });
    expect(await aof.load()).toBeUndefined();
    expect(aof.say("GET a")).toBe("$-1\r\n");
    expect(aof.server.journal).toBeUndefined();
  });
});

describe("a base file in RDB form", () => {
  const empty = Buffer.from("REDIS0010\xfa\x08aof-base\xc0\x01\xff\0\0\0\0\0\0\0\0", "latin1");
  const base = (content: Uint8Array) => {
    const manifest = "file database.aof.1.base.rdb seq 1 type b\nfile database.aof.1.incr.aof seq 1 type i\n";
    return aofFolder(A, { "database.aof.manifest": manifest, "database.aof.1.base.rdb": content });
  };

  test("is accepted when it is empty", async () => {
    const aof = new AofServer(base(empty));
    expect(await aof.load()).toBeUndefined();
    expect(aof.strings()).toEqual({ a: "1" });
  });

  test("may be followed by requests in the same file", async () => {
    const aof = new AofServer(base(join2(empty, B)));
    expect(await aof.load()).toBeUndefined();
    expect(aof.strings()).toEqual({ a: "1", b: "2" });
  });

  test("may hold data", async () => {
    const data = Buffer.from("REDIS0010\xfe\0\xfb\x01\0\0\x01b\x01b\xff\0\0\0\0\0\0\0\0", "latin1");
    const aof = new AofServer(base(data));
    expect(await aof.load()).toBeUndefined();
    expect(aof.strings()).toEqual({ a: "1", b: "b" });
  });
});

describe("a torn tail", () => {
  test("is cut off at every byte of the last request, and told of", async () => {
    const last = set("b", "value\r\n*1\r\n");
    for (let length = A.length + 1; length < A.length + last.length; length++) {
      const { aof, failure, file } = await load(join2(A, last).subarray(0, length));
      expect(failure).toBeUndefined();
      expect(aof.strings()).toEqual({ a: "1" });
      expect(file().toString()).toBe(A.toString());
      expect(aof.log.lines.slice(0, 3)).toEqual([
        `!!! Warning: short read while loading the AOF file ${INCREMENT}!!!`,
        `!!! Truncating the AOF ${INCREMENT} at offset ${A.length} !!!`,
        `AOF ${INCREMENT} loaded anyway because aof-load-truncated is enabled`,
      ]);
      aof.say("SET c 3");
      aof.server.persistence.close();
      const again = new AofServer(aof.dir);
      expect(await again.load()).toBeUndefined();
      expect(again.strings()).toEqual({ a: "1", c: "3" });
    }
  });

  test("takes the whole transaction with it, wherever it is torn", async () => {
    const transaction = join2(MULTI, B, set("c", "3"), EXEC);
    for (let length = A.length + 1; length < A.length + transaction.length; length++) {
      const { aof, failure, file } = await load(join2(A, transaction).subarray(0, length));
      expect(failure).toBeUndefined();
      expect(aof.strings()).toEqual({ a: "1" });
      expect(file().toString()).toBe(A.toString());
      const reverted = aof.log.lines[0] === `Revert incomplete MULTI/EXEC transaction in AOF file ${INCREMENT}`;
      expect(reverted).toBe(length >= A.length + MULTI.length);
    }
  });

  test("may be a torn note", async () => {
    const { aof, failure, file } = await load(join2(A, Buffer.from("#TS:17000")));
    expect(failure).toBeUndefined();
    expect(aof.strings()).toEqual({ a: "1" });
    expect(file().toString()).toBe(A.toString());
  });

  test("may be a request that is larger than the buffer", async () => {
    const { failure, file } = await load(join2(A, set("b", "x".repeat(5_000_000))).subarray(0, 4_000_000));
    expect(failure).toBeUndefined();
    expect(file()).toHaveLength(A.length);
  });

  test("stops the start when aof-load-truncated says so, and the file stays as it is", async () => {
    const { failure, file } = await load(join2(A, B.subarray(0, 10)), { "aof-load-truncated": "no" });
    expect(failure).toStartWith(`Unexpected end of file reading the append only file ${INCREMENT}. You can: 1)`);
    expect(failure).toContain(`(offset ${A.length})`);
    expect(file()).toHaveLength(A.length + 10);
  });

  test("stops the start when more files follow", async () => {
    const dir = aofFolder(B, { "database.aof.1.base.aof": A.subarray(0, 10) });
    expect(await new AofServer(dir).load()).toBe(
      "Fatal error: the truncated file is not the last file (database.aof.1.base.aof, offset 0)",
    );
    expect(readFileSync(join(dir, FOLDER, "database.aof.1.base.aof"))).toHaveLength(10);
  });
});

const BAD = `Bad file format reading the append only file ${INCREMENT}: make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>`;
const at = (offset: number, reason: string) => `${BAD} (offset ${offset}: ${reason})`;
const n = A.length;
const text = (...parts: (string | Uint8Array)[]) => Buffer.concat(parts.map((part) => Buffer.from(part as string)));

/** What stands in the file, and why it is not loaded. */
const DAMAGED: [string, Uint8Array, string][] = [
  ["garbage", text(A, "garbage\r\n", B), at(n, "expected '*', got 'g'")],
  ["zeros at the end", text(A, "\0\0\0\0"), at(n, "expected '*', got '\0'")],
  ["an inline command", text(A, "SET b 2\r\n"), at(n, "expected '*', got 'S'")],
  ["a count that is none", text(A, "*x\r\n", B), at(n, "invalid multibulk length")],
  ["a count of zero", text(A, "*0\r\n", B), at(n, "not a request")],
  ["a negative count", text(A, "*-1\r\n", B), at(n, "not a request")],
  ["a length that is none", text(A, "*1\r\n$x\r\n"), at(n, "invalid bulk length")],
  ["a negative length", text(A, "*1\r\n$-1\r\n", B), at(n, "invalid bulk length")],
  ["a missing length", text(A, "*1\r\nPING\r\n"), at(n, "expected '$', got 'P'")],
  ["a line break that is none", text("*1\r\n$4\r\nPINGxx", A), at(0, "not a request")],
  ["a request that starts in the middle of another", text(A, B.subarray(0, 13), B), at(n, "expected '$', got '*'")],
  ["an end that no torn write leaves", text(A, "*1\r\n$4x"), at(n, "not a request")],
  ["an EXEC without MULTI", text(A, EXEC, B), at(n, "unexpected EXEC")],
  ["a MULTI in a transaction", text(MULTI, A, MULTI, B, EXEC), at(MULTI.length + n, "unexpected MULTI")],
  [
    "an unknown command in a transaction that has no end",
    text(A, MULTI, request("EXEB"), B),
    at(n + MULTI.length, "unknown command 'EXEB'"),
  ],
  [
    "an unknown command",
    text(A, request("FOO", "x"), B),
    `Unknown command 'FOO' reading the append only file ${INCREMENT} (offset ${n})`,
  ],
  [
    "a command that fails",
    text(A, request("SET", "b", "x"), request("INCR", "b")),
    `Command 'INCR' failed reading the append only file ${INCREMENT} (offset ${2 * n}): ERR value is not an integer or out of range`,
  ],
  [
    "a command with the wrong number of arguments",
    text(A, request("SET", "b"), B),
    `Command 'SET' failed reading the append only file ${INCREMENT} (offset ${n}): ERR wrong number of arguments for 'set' command`,
  ],
  [
    "a length that swallows good commands",
    text(A, B.toString().replace("$1\r\n2", "$9999\r\n2"), A, B),
    at(n, `a length reaches beyond the end of the file, but there are whole commands from offset ${2 * n + 3} on`),
  ],
];

describe("damage", () => {
  test.each(DAMAGED)("stops the start and is told with its offset: %s", async (_what, content, reason) => {
    const { failure, file } = await load(content);
    expect(failure).toBe(reason);
    expect(file().equals(content)).toBe(true);
  });

  test("of any bit before the last request never makes requests vanish unnoticed", async () => {
    const lines = [A, request("SELECT", "1"), B, MULTI, set("c", "3"), EXEC, set("d", "4"), set("e", "5")];
    const whole = Buffer.concat(lines);
    for (let i = 0; i < whole.length - lines.at(-1)!.length; i++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(whole);
        flipped[i]! ^= 1 << bit;
        const { aof, failure, file } = await load(flipped);
        expect(file().equals(flipped)).toBe(true);
        if (failure !== undefined) {
          expect(failure).toMatch(/offset \d+/);
          continue;
        }
        // A letter of a key, a value or the database's number is another one; a key may have become the same as another.
        expect(aof.keyCount).toBeGreaterThanOrEqual(4);
      }
    }
  });

  test("of the folder stops the start: a bad manifest, a missing file", async () => {
    const dir = aofFolder(A);
    writeFileSync(join(dir, FOLDER, "database.aof.manifest"), "nonsense\n");
    expect(await new AofServer(dir).load()).toContain("*** FATAL AOF MANIFEST FILE ERROR ***");
    const other = aofFolder(A);
    writeFileSync(join(other, FOLDER, "database.aof.manifest"), "file missing seq 1 type b\n");
    expect(await new AofServer(other).load()).toBe(
      "Unable to obtain the AOF file missing length. stat: No such file or directory",
    );
  });
});

describe("a script in the file that runs for long", () => {
  const slow = request("EVAL", "for i = 1, 5e5 do end redis.call('SET', 'late', redis.call('EXISTS', 'timed'))", "0");
  const timed = request("SET", "timed", "1", "PXAT", "1");

  async function loadSlowly(script: Uint8Array) {
    const aof = new AofServer(aofFolder(join2(timed, script, B)), { "busy-reply-threshold": "1" });
    aof.clock.lookMs = 10;
    const loading = aof.load();
    while ((aof.server.gate & GATE_BUSY) === 0) await new Promise((resolve) => setImmediate(resolve));
    return { aof, loading };
  }

  test("lets clients be told that the server loads, and may not be killed", async () => {
    const { aof, loading } = await loadSlowly(slow);
    expect(aof.log.lines.join("\n")).toContain("Slow script detected: still in execution after");
    const loadingError = "-LOADING Redis is loading the dataset in memory\r\n";
    expect(["PING", "GET b", "SCRIPT KILL"].map((line) => aof.say(line))).toEqual(Array(3).fill(loadingError));
    expect(["INFO", "SHUTDOWN"].map((line) => aof.say(line).slice(0, 5))).toEqual(["-BUSY", "-BUSY"]);
    expect(await loading).toBeUndefined();
    expect(aof.say("PING")).toBe("+PONG\r\n");
  });

  test("goes on in the time of the file, and the file goes on behind it", async () => {
    const { aof, loading } = await loadSlowly(slow);
    expect(aof.server.keyspace.nowMs).toBeGreaterThan(0);
    expect(await loading).toBeUndefined();
    expect(aof.strings()).toEqual({ b: "2", late: "1" });
  });

  test("ends the loading if it fails", async () => {
    const { loading } = await loadSlowly(request("EVAL", "for i = 1, 5e5 do end return redis.call('INCR')", "0"));
    expect(await loading).toStartWith(
      "Command 'EVAL' failed reading the append only file database.aof.1.incr.aof (offset ",
    );
  });
});
