import { describe, expect, test } from "bun:test";
import { command, type KeySpec, keysAt, keysCounted } from "../../src/command/command.ts";
import { keysOf, takesKeys } from "../../src/command/keys.ts";
import { argsOf } from "../../src/resp/args.ts";

function keysIn(specs: readonly KeySpec[], request: string, keyFlags?: () => readonly string[]): string[] | undefined {
  const metadata = { name: "x", arity: -1, group: "generic", since: "1.0.0", summary: "" };
  const args = argsOf(...request.split(" "));
  const found = keysOf(command({ ...metadata, keys: specs, ...(keyFlags && { keyFlags }) }), args);
  return found?.map(({ index, flags }) => `${args.text(index)} ${flags.join("+")}`);
}

const STREAMS: KeySpec = {
  flags: ["RO"],
  begin: { keyword: "STREAMS", startFrom: 1 },
  find: { lastKey: -1, step: 1, limit: 2 },
};

describe("the keys of a request", () => {
  test("stand at fixed places", () => {
    expect(keysIn([keysAt(1, "RO access")], "GET a")).toEqual(["a RO+access"]);
    expect(keysIn([keysAt(1, "RO"), keysAt(2, "OW")], "COPY a b REPLACE")).toEqual(["a RO", "b OW"]);
  });

  test("stand up to the end, or in steps", () => {
    expect(keysIn([keysAt(1, "RM", -1)], "DEL a b c")).toEqual(["a RM", "b RM", "c RM"]);
    expect(keysIn([keysAt(1, "OW", -1, 2)], "MSET a 1 b 2")).toEqual(["a OW", "b OW"]);
    expect(keysIn([keysAt(1, "RW", -2)], "BLPOP a b 0")).toEqual(["a RW", "b RW"]);
  });

  test("follow their number", () => {
    const counted = [keysCounted(1, "RO")];
    expect(keysIn(counted, "ZUNION 2 a b WITHSCORES")).toEqual(["a RO", "b RO"]);
    expect(keysIn([keysCounted(1, "OW", 0, 1, 2)], "MSETEX 2 a 1 b 2 EX 10")).toEqual(["a OW", "b OW"]);
    expect(keysIn(counted, "ZUNION 0 a")).toEqual([]);
    for (const bad of ["ZUNION 3 a b", "ZUNION x a", "ZUNION -1 a", "ZUNION"])
      expect(keysIn(counted, bad)).toBeUndefined();
  });

  test("follow a keyword, as a part of what follows it", () => {
    expect(keysIn([STREAMS], "XREAD COUNT 2 streams a b 0 0")).toEqual(["a RO", "b RO"]);
    expect(keysIn([STREAMS], "XREAD COUNT 2")).toEqual([]);
    const last: KeySpec = {
      ...STREAMS,
      begin: { keyword: "KEYS", startFrom: -2 },
      find: { lastKey: -1, step: 1, limit: 0 },
    };
    expect(keysIn([last], "MIGRATE h 1 KEYS 0 KEYS a b")).toEqual(["a RO", "b RO"]);
  });

  test("can't be told where a specification is unknown", () => {
    expect(keysIn([{ flags: ["RO"], begin: { index: 1 }, find: "unknown" }], "SORT a BY b")).toBeUndefined();
  });

  test("have the flags of the request where those of the command vary", () => {
    const varying = [keysAt(1, "RW access update variable_flags")];
    expect(keysIn(varying, "SET a 1", () => ["OW"])).toEqual(["a OW"]);
    expect(keysIn(varying, "SET a 1")).toEqual(["a RW+access+update+variable_flags"]);
  });

  test("do not include channels", () => {
    const channels = command({
      name: "x",
      arity: 2,
      group: "pubsub",
      since: "7.0.0",
      summary: "",
      keys: [keysAt(1, "not_key")],
    });
    expect(takesKeys(channels)).toBe(false);
    expect(keysOf(channels, argsOf("SPUBLISH", "c"))).toEqual([]);
  });
});
