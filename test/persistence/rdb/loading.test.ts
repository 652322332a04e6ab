// The snapshot of a folder at the start, without a network: what is in it besides keys, and damage.
import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GATE_LOADING } from "../../../src/command/context.ts";
import { TYPE } from "../../../src/persistence/rdb/codes.ts";
import { AofServer, cleanUp } from "../aof-server.ts";
import { scratch } from "../scratch.ts";
import { bytes, file, length, little, string } from "./encoders.ts";

afterEach(cleanUp);

type Part = Uint8Array | number[];

const aux = (name: string, value: string) => bytes([0xfa], string(name), string(value));
const select = (db: number) => bytes([0xfe], length(db));
const key = (name: string, value = "v") => bytes([TYPE.STRING], string(name), string(value));
/** The number of a module's type: nine characters in six bits each, and ten bits of a version. */
const MODULE = "testmodul";
const CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const moduleType = () => {
  let number = 0n;
  for (const character of MODULE) number = (number << 6n) | BigInt(CHARACTERS.indexOf(character));
  return length((number << 10n) | 1n);
};
const MODULE_VALUE = bytes(
  [1, 5, 2, 0x81, 1, 2, 3, 4, 5, 6, 7, 8, 3, 0, 0, 0, 0, 4],
  new Array(8).fill(1),
  [5],
  string("x"),
  [0],
);
const moduleKey = bytes([TYPE.MODULE], string("m"), moduleType(), MODULE_VALUE);

/** Starts over a folder with these bytes as its snapshot. */
async function start(content: Uint8Array, settings: Record<string, string> = {}) {
  const dir = scratch();
  writeFileSync(join(dir, "dump.rdb"), content);
  const server = new AofServer(dir, { appendonly: "no", ...settings });
  return { server, failure: await server.load(), lines: server.log.lines };
}

const load = (...parts: Part[]) => start(file(12, ...parts));

describe("a snapshot", () => {
  test("holds keys of several databases, with deadlines of either precision", async () => {
    const { server, failure } = await load(
      [0xfb, 3, 2],
      bytes([0xfd], little(2_000_000_000, 4), key("seconds")),
      bytes([0xfc], little(4_000_000_000_123, 8), key("milliseconds")),
      key("ever"),
      ...[select(7), key("other")],
    );
    expect(failure).toBeUndefined();
    expect(server.say("PEXPIRETIME milliseconds")).toBe(":4000000000123\r\n");
    expect(server.say("PEXPIRETIME ever")).toBe(":-1\r\n");
    expect([server.strings(0), server.strings(7)]).toEqual([
      { ever: "v", milliseconds: "v", seconds: "v" },
      { other: "v" },
    ]);
  });

  test("loses keys whose time is past, and those that nothing is in", async () => {
    const past = bytes([0xfc], little(1_600_000_000_000, 8), key("past"));
    const list = bytes([0xfc], little(1_600_000_000_000, 8), [TYPE.LIST], string("list"), length(1), string("x"));
    const empty = bytes([TYPE.LIST], string("empty"), length(0));
    const { server, failure, lines } = await load(past, list, empty, key("stays"));
    expect(failure).toBeUndefined();
    expect(server.strings()).toEqual({ stays: "v" });
    expect(lines).toContain("rdbLoadObject skipping empty key: empty");
    expect(lines).toContain("Done loading RDB, keys loaded: 1, keys expired: 2, empty keys skipped: 1.");
    expect(server.server.persistence.lastLoad).toEqual({ keysLoaded: 1, keysExpired: 2 });
  });

  test("says how long keys were idle", async () => {
    const { server } = await load(bytes([0xf8], length(1000), key("idle")), bytes([0xf9, 100], key("often")));
    expect(server.say("OBJECT IDLETIME idle")).toBe(":1000\r\n");
    expect(server.say("OBJECT IDLETIME often")).toBe(":0\r\n");
  });

  test("tells of itself", async () => {
    const { lines } = await load(
      ...[aux("redis-ver", "7.4.1"), aux("ctime", "1699999990"), aux("used-mem", "1048576"), aux("aof-base", "0")],
      ...[aux("unknown", "x"), aux("%own", "y"), bytes([0xf4], length(1), length(2), length(3))],
    );
    expect(lines.slice(0, -1)).toEqual([
      "Loading RDB produced by version 7.4.1",
      "RDB age 10 seconds",
      "RDB memory usage when created 1.00 Mb",
      "RDB '%own': y",
      "Done loading RDB, keys loaded: 0, keys expired: 0.",
    ]);
  });

  test("brings libraries of functions", async () => {
    const code = "#!lua name=lib\nredis.register_function('f', function() return 5 end)";
    const { server, failure } = await load(bytes([0xf5], string(code)), key("a"));
    expect(failure).toBeUndefined();
    expect(server.say("FCALL f 0")).toBe(":5\r\n");
    expect((await load(bytes([0xf5], string("#!lua name=lib\nnonsense")))).failure).toBeDefined();
    expect((await load(bytes([0xf6], string("lib")))).failure).toBeDefined();
  });

  const members = Array.from({ length: 20_000 }, (_, i) => string(`member ${i}`));
  const SLICED: Record<string, Uint8Array> = {
    "of many keys": file(10, ...Array.from({ length: 5000 }, (_, i) => key(`key${i}`))),
    "of one large value": file(10, bytes([TYPE.SET], string("set"), length(members.length), ...members)),
  };
  for (const [what, content] of Object.entries(SLICED)) {
    test(`${what} is loaded in slices, in which clients are told so`, async () => {
      const dir = scratch();
      writeFileSync(join(dir, "dump.rdb"), content);
      const server = new AofServer(dir, { appendonly: "no" });
      server.clock.lookMs = 20;
      const loading = server.load();
      const { persistence } = server.server;
      expect(server.server.gate & GATE_LOADING).toBe(GATE_LOADING);
      const loaded: number[] = [];
      let done = false;
      loading.finally(() => {
        done = true;
      });
      while (!done) {
        await new Promise((resolve) => setImmediate(resolve));
        if (persistence.loading !== undefined) loaded.push(persistence.loading.loadedBytes);
      }
      expect(await loading).toBeUndefined();
      expect(loaded.length).toBeGreaterThan(5);
      expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
      expect(server.keyCount).toBe(what === "of many keys" ? 5000 : 1);
    });
  }

  test("need not be there", async () => {
    const server = new AofServer(scratch(), { appendonly: "no" });
    expect(await server.load()).toBeUndefined();
    expect(server.log.lines).toEqual([]);
  });
});

describe("values of modules", () => {
  const whole = file(
    12,
    bytes([0xf7], moduleType(), length(2), length(1), MODULE_VALUE),
    moduleKey,
    moduleKey,
    key("a"),
  );

  test("are named, and refused", async () => {
    const { failure, lines } = await start(file(12, moduleKey));
    expect(failure).toBe("Terminating server after rdb file reading failure.");
    expect(lines.at(-1)).toContain("module data I can't load: no matching module type 'testmodul'");
    expect((await start(whole)).lines.at(-1)).toContain("AUX module data I can't load: no matching module 'testmodul'");
  });

  test("are left out and counted, if that is wanted", async () => {
    const { server, failure, lines } = await start(whole, { "rdb-module-values": "skip" });
    expect(failure).toBeUndefined();
    expect(server.strings()).toEqual({ a: "v" });
    expect(lines).toContain("Skipped 3 values of the module 'testmodul', which there is none of here");
  });
});

describe("a damaged snapshot", () => {
  const whole = file(
    10,
    aux("redis-ver", "7.0.15"),
    key("a", "x".repeat(100)),
    bytes([TYPE.LIST], string("l"), length(2), string("1"), string("2")),
  );

  test("stops the start wherever it is cut", async () => {
    for (let size = 0; size < whole.length; size++) {
      const { server, failure } = await start(whole.subarray(0, size));
      expect({ size, failure }).toEqual({ size, failure: "Terminating server after rdb file reading failure." });
      expect(server.log.lines.at(-2)).toBe("Short read or OOM loading DB. Unrecoverable error, aborting now.");
    }
  });

  test("stops the start whatever bit of it is another one", async () => {
    for (let at = 9; at < whole.length; at++) {
      const damaged = Uint8Array.from(whole);
      damaged[at] ^= 1 << (at & 7);
      const { failure } = await start(damaged);
      expect({ at, isRefused: failure !== undefined }).toEqual({ at, isRefused: true });
    }
  });

  test("is refused in Redis's words", async () => {
    const refused = async (content: Uint8Array) => {
      const { failure, lines } = await start(content);
      return [...lines.slice(-1), failure];
    };
    const INVALID = "Fatal error loading the DB: Invalid argument. Exiting.";
    const END = "Terminating server after rdb file reading failure.";
    expect(await refused(bytes("XEDIS0010", [255]))).toEqual(["Wrong signature trying to load DB from file", INVALID]);
    expect(await refused(bytes("REDIS0099", [255]))).toEqual(["Can't handle RDB format version 99", INVALID]);
    expect((await refused(file(10, [200], string("k"))))[0]).toContain("Unknown RDB encoding type 200");
    expect((await refused(file(10, key("a"), key("a"))))[0]).toContain("RDB has duplicated key 'a' in DB 0");
    expect((await refused(file(10, select(16)))).at(-1)).toContain(
      "configured to handle more than 16 databases. Exiting",
    );
    const wrong = Uint8Array.from(whole);
    wrong[wrong.length - 1] ^= 1;
    const checked = await start(wrong);
    expect(checked.failure).toBe(END);
    expect(checked.lines.at(-2)).toMatch(
      /^Wrong RDB checksum expected: \([0-9a-f]+\) but got \([0-9a-f]+\)\. Aborting now\.$/,
    );
  });

  test("is loaded all the same if checksums are not wanted", async () => {
    const wrong = Uint8Array.from(whole);
    wrong[wrong.length - 1] ^= 1;
    const dir = scratch();
    writeFileSync(join(dir, "dump.rdb"), wrong);
    const server = new AofServer(dir, { appendonly: "no" });
    Object.assign(server.config.values, { rdbchecksum: false });
    expect(await server.load()).toBeUndefined();
  });

  test("may have been written without a checksum", async () => {
    const plain = Uint8Array.from(whole).fill(0, whole.length - 8);
    const { failure, lines } = await start(plain);
    expect(failure).toBeUndefined();
    expect(lines).toContain("RDB file was saved with checksum disabled: no check performed.");
    expect((await start(file(3, key("a")))).failure).toBeUndefined();
  });

  test("that can't be opened is told of", async () => {
    const dir = scratch();
    mkdirSync(join(dir, "dump.rdb"));
    expect(await new AofServer(dir, { appendonly: "no" }).load()).toBe(
      "Terminating server after rdb file reading failure.",
    );
  });
});
