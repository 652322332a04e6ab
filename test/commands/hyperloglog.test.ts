import { describe, expect, test } from "bun:test";
import { int, OK, Recording } from "./recording.ts";

function recording(): Recording {
  const r = new Recording();
  r.prepare("PFADD k a b", "PFADD other x", "SET s text");
  return r;
}

describe("PFADD", () => {
  test("is journalled and announced when it changes the value", () => {
    recording().expect(
      ["PFADD k c", int(1), "PFADD k c", "pfadd:k"],
      ["PFADD k c a", int(0)],
      ["PFADD new", int(1), "PFADD new", "pfadd:new"],
    );
  });

  test("counts every element that changed something as a change", () => {
    const r = new Recording();
    r.prepare("PFADD k a b c");
    expect(r.server.stats.dirty).toBe(4);
    r.prepare("PFADD k a b d");
    expect(r.server.stats.dirty).toBe(5);
  });
});

describe("PFCOUNT", () => {
  test("keeps its result in the value, which is journalled but not announced", () => {
    recording().expect(["PFCOUNT k", int(2), "PFCOUNT k"], ["PFCOUNT k", int(2)]);
  });

  test("of several keys changes nothing", () => {
    recording().expect(["PFCOUNT k other", int(3)], ["PFCOUNT k other missing", int(3)]);
  });
});

describe("PFMERGE", () => {
  test("is announced as PFADD, whether it changes anything or not", () => {
    recording().expect(
      ["PFMERGE k other", OK, "PFMERGE k other", "pfadd:k"],
      ["PFMERGE k other", OK, "PFMERGE k other", "pfadd:k"],
      ["PFCOUNT k", int(3), "PFCOUNT k"],
    );
  });
});

describe("PFDEBUG", () => {
  test("journals a conversion that nobody else is told of", () => {
    recording().expect(["PFDEBUG TODENSE k", int(1), "PFDEBUG TODENSE k"], ["PFDEBUG TODENSE k", int(0)]);
  });
});

describe("HyperLogLog values", () => {
  test("give their memory back, in both forms and with a deadline", () => {
    const r = new Recording();
    const { arena } = r.server.keyspace;
    const before = arena.usedBytes;
    r.prepare("PFADD k a", "PEXPIRE k 100000");
    for (let i = 0; i < 3000; i++) r.prepare(`PFADD k ${i} ${i + 10_000}`);
    r.expect(["PFDEBUG ENCODING k", "+dense\r\n"]);
    expect(arena.usedBytes).toBeGreaterThan(before + 12_000);
    r.prepare("DEL k");
    r.server.keyspace.databases[0]!.dropIdleWheel();
    expect(arena.usedBytes).toBe(before);
  });
});
