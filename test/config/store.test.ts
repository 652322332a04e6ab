import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigStore } from "../../src/config/store.ts";
import { byteString } from "../../src/config/text.ts";
import { CWD, fakeHost } from "./fixtures/host.ts";

const newStore = () => new ConfigStore(fakeHost());
const failed = (name: string, reason: string) =>
  `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;

function started(...argv: string[]): ConfigStore {
  const result = loadConfig({ argv, env: {}, product: "go-redis", host: fakeHost({ "/data/x": "" }) });
  if (result.action !== "run") throw new Error(JSON.stringify(result));
  return result.config;
}

describe("CONFIG GET", () => {
  test("finds a name in any case and gives it back as it was asked for", () => {
    expect(newStore().get(["MAXMEMORY"])).toEqual([["MAXMEMORY", "0"]]);
  });

  test("matches patterns against names and aliases in any case", () => {
    expect(newStore().get(["SLAVEO?", "ReplicaO*"])).toEqual([
      ["slaveof", ""],
      ["replicaof", ""],
    ]);
  });

  test("gives each name once, whichever way it is asked for", () => {
    const names = newStore().get(["MAXMEMORY", "maxmemory", "maxmem[o]ry"]);
    expect(names).toEqual([["MAXMEMORY", "0"]]);
  });

  test("shows an alias beside the name that was asked for", () => {
    expect(
      newStore()
        .get(["repl-ping-*"])
        .map(([name]) => name),
    ).toEqual(["repl-ping-replica-period", "repl-ping-slave-period"]);
  });

  test("shows hidden directives under their full name only", () => {
    const config = newStore();
    expect(config.get(["*"]).some(([name]) => name === "key-load-delay")).toBe(false);
    expect(config.get(["key-load-dela?"])).toEqual([]);
    expect(config.get(["Key-Load-Delay"])).toEqual([["Key-Load-Delay", "0"]]);
  });

  test("finds nothing under unknown names and broken patterns", () => {
    expect(newStore().get(["nosuch", "", "maxmemory[", "max\\memory"])).toEqual([]);
  });
});

describe("CONFIG SET", () => {
  test("changes the typed values", () => {
    const config = newStore();
    expect(
      config.set([
        ["timeout", "7"],
        ["appendonly", "NO"],
        ["save", "900 1 60 5"],
      ]),
    ).toBeUndefined();
    expect(config.values.timeout).toBe(7);
    expect(config.values.appendonly).toBe(false);
    expect(config.values.save).toEqual([
      { seconds: 900, changes: 1 },
      { seconds: 60, changes: 5 },
    ]);
  });

  test("keeps the limits of classes that are not named", () => {
    const config = newStore();
    config.set([["client-output-buffer-limit", "pubsub 1mb 512kb 7"]]);
    expect(config.values["client-output-buffer-limit"]).toEqual({
      normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
      replica: { hardBytes: 268435456, softBytes: 67108864, softSeconds: 60 },
      pubsub: { hardBytes: 1048576, softBytes: 524288, softSeconds: 7 },
    });
  });

  test("sets nothing when one value is bad, and names that one", () => {
    const config = newStore();
    const error = config.set([
      ["maxmemory", "1mb"],
      ["maxmemory-clients", "200%"],
      ["timeout", "x"],
    ]);
    expect(error).toBe(failed("maxmemory-clients", "percentage argument must be less or equal to 100"));
    expect(config.text("maxmemory")).toBe("0");
  });

  test("looks at all names before any value", () => {
    const config = newStore();
    const unknown = "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'";
    expect(
      config.set([
        ["maxmemory", "xx"],
        ["nosuch", "1"],
      ]),
    ).toBe(unknown);
    expect(
      config.set([
        ["nosuch", "1"],
        ["daemonize", "yes"],
      ]),
    ).toBe(unknown);
    expect(
      config.set([
        ["daemonize", "yes"],
        ["nosuch", "1"],
      ]),
    ).toBe(failed("daemonize", "can't set immutable config"));
  });

  test("names a directive as it was written while looking at names, and in lower case after that", () => {
    const config = newStore();
    expect(config.set([["DAEMONIZE", "yes"]])).toBe(failed("DAEMONIZE", "can't set immutable config"));
    expect(
      config.set([
        ["maxmemory", "1"],
        ["MAXMEMORY", "2"],
      ]),
    ).toBe(failed("MAXMEMORY", "duplicate parameter"));
    expect(config.set([["MaxMemory", "xx"]])).toBe(failed("maxmemory", "argument must be a memory value"));
  });

  test("takes a name and its alias as two, of which the later counts", () => {
    const config = newStore();
    expect(
      config.set([
        ["hash-max-ziplist-entries", "1"],
        ["hash-max-listpack-entries", "2"],
      ]),
    ).toBeUndefined();
    expect(config.values["hash-max-listpack-entries"]).toBe(2);
  });

  test("keeps passwords of any bytes", () => {
    const config = newStore();
    config.set([["requirepass", "a\x00\xff\n "]]);
    expect([...config.values.requirepass]).toEqual([97, 0, 255, 10, 32]);
    expect(config.text("requirepass")).toBe("a\x00\xff\n ");
  });

  test("keeps paths as text", () => {
    const config = started("--logfile", "/var/log/größe.log");
    expect(config.values.logfile).toBe("/var/log/größe.log");
    expect(config.text("logfile")).toBe(byteString("/var/log/größe.log"));
  });

  test("resolves a folder from the one before it, and wants it to be there", () => {
    const config = started("--dir", "/data");
    expect(config.set([["dir", ".."]])).toBeUndefined();
    expect(config.values.dir).toBe("/");
    expect(config.set([["dir", "work/"]])).toBeUndefined();
    expect(config.values.dir).toBe(CWD);
    expect(config.set([["dir", "/data/x"]])).toBe(failed("dir", "Not a directory"));
    expect(config.set([["dir", "nosuch"]])).toBe(failed("dir", "No such file or directory"));
  });

  test("moves some numbers to the nearest that makes sense", () => {
    const config = newStore();
    config.set([
      ["hz", "9999"],
      ["repl-backlog-size", "1"],
    ]);
    expect(config.values.hz).toBe(500);
    expect(config.values["repl-backlog-size"]).toBe(16384);
  });

  test("refuses sizes that a number cannot hold exactly", () => {
    const config = newStore();
    const reason = "argument must be between 0 and 9007199254740991 inclusive";
    expect(config.set([["maxmemory", "9007199254740992"]])).toBe(failed("maxmemory", reason));
    expect(config.set([["maxmemory", "17179869184gb"]])).toBe(failed("maxmemory", reason));
    expect(config.set([["slowlog-max-len", "9223372036854775807"]])).toContain("9007199254740991");
    expect(config.set([["slowlog-max-len", "-1"]])).toContain("9223372036854775807");
  });

  test("refuses what this server cannot do", () => {
    const config = newStore();
    expect(config.set([["tls-port", "7000"]])).toBe(failed("tls-port", "go-redis does not speak TLS"));
    expect(config.set([["tls-replication", "yes"]])).toBe(failed("tls-replication", "go-redis does not speak TLS"));
    expect(
      config.set([
        ["tls-port", "0"],
        ["tls-cluster", "no"],
      ]),
    ).toBeUndefined();
  });
});

describe("protected directives", () => {
  const remote = { local: false, loading: false };
  const local = { local: true, loading: false };
  const denied = failed("dir", "can't set protected config");

  test("are changed by nobody by default, before their value is looked at", () => {
    const config = started();
    expect(
      config.set(
        [
          ["maxmemory", "xx"],
          ["dir", "/"],
        ],
        local,
      ),
    ).toBe(denied);
    expect(config.set([["dir", "/"]], remote)).toBe(denied);
    expect(config.set([["dbfilename", "x"]], local)).toBe(failed("dbfilename", "can't set protected config"));
  });

  test("are changed by clients of this machine when they may", () => {
    const config = started("--enable-protected-configs", "local");
    expect(config.set([["dir", "/"]], remote)).toBe(denied);
    expect(config.set([["dir", "/"]], local)).toBeUndefined();
  });

  test("are changed by all when they may", () => {
    expect(started("--enable-protected-configs", "yes").set([["dir", "/"]], remote)).toBeUndefined();
  });
});

describe("while data is being loaded", () => {
  test("only directives that do not touch data are changed", () => {
    const config = newStore();
    const caller = { local: true, loading: true };
    const loading = "LOADING Redis is loading the dataset in memory";
    expect(config.set([["loglevel", "debug"]], caller)).toBeUndefined();
    expect(
      config.set(
        [
          ["maxmemory", "xx"],
          ["appendonly", "no"],
        ],
        caller,
      ),
    ).toBe(loading);
    expect(config.set([["appendonly", "no"]], { local: true, loading: false })).toBeUndefined();
  });
});

describe("listeners", () => {
  test("are told of the new and the old value once all are in place", () => {
    const config = newStore();
    const told: unknown[] = [];
    config.onChange("timeout", (value, previous) => void told.push([value, previous, config.values.hz]));
    config.set([
      ["timeout", "5"],
      ["hz", "20"],
    ]);
    expect(told).toEqual([[5, 0, 20]]);
  });

  test("are not told when the value stays", () => {
    const config = newStore();
    let calls = 0;
    config.onChange("client-output-buffer-limit", () => void calls++);
    config.set([["client-output-buffer-limit", "normal 0 0 0"]]);
    expect(calls).toBe(0);
  });

  test("are told once when a name and its alias are set together", () => {
    const config = newStore();
    const told: number[] = [];
    config.onChange("replica-priority", (value) => void told.push(value));
    config.set([
      ["slave-priority", "1"],
      ["replica-priority", "2"],
    ]);
    expect(told).toEqual([2]);
  });

  test("undo everything with a reason", () => {
    const config = newStore();
    const timeouts: number[][] = [];
    config.onChange("timeout", (value, previous) => void timeouts.push([value, previous]));
    config.onChange("port", () => "Unable to listen on this port");
    const error = config.set([
      ["timeout", "5"],
      ["port", "1"],
      ["hz", "20"],
    ]);
    expect(error).toBe(failed("port", "Unable to listen on this port"));
    expect(config.get(["timeout", "port", "hz"]).map(([, text]) => text)).toEqual(["0", "6379", "10"]);
    expect(timeouts).toEqual([
      [5, 0],
      [0, 5],
    ]);
  });
});
