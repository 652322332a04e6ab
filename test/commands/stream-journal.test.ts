import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GATE_LOADING } from "../../src/command/context.ts";
import { argsOf } from "../../src/resp/args.ts";
import { LocalServer } from "./local-server.ts";
import { bulk, int, OK, Recording } from "./recording.ts";

const NOW = new LocalServer().keyspace.nowMs;

describe("what streams journal", () => {
  test("is the ID that an entry got, and the exact trimming", () => {
    const r = new Recording();
    r.server.keyspace.streams.entries.maxEntries = 2;
    r.expect(
      ["XADD s 1-1 f v", bulk("1-1"), "XADD s 1-1 f v", "xadd:s"],
      ["XADD s 1-* f v", bulk("1-2"), "XADD s 1-2 f v", "xadd:s"],
      ["XADD s * f v", bulk(`${NOW}-0`), `XADD s ${NOW}-0 f v`, "xadd:s"],
      ["XADD s MAXLEN ~ 2 * f v", bulk(`${NOW}-1`), `XADD s MAXLEN = 2 ${NOW}-1 f v`, "xadd:s | xtrim:s"],
      ["XADD s MINID ~ 5 LIMIT 1 * f v", bulk(`${NOW}-2`), `XADD s MINID = ${NOW}-0 ${NOW}-2 f v`, "xadd:s"],
      ["XADD s MAXLEN 9 2000000000000-0 f v", bulk("2000000000000-0"), "XADD s MAXLEN 9 2000000000000-0 f v", "xadd:s"],
      ["XTRIM s MAXLEN ~ 2", int(2), "XTRIM s MAXLEN = 2", "xtrim:s"],
      ["XTRIM s MAXLEN ~ 2", int(0)],
      ["XTRIM s MAXLEN 1", int(1), "XTRIM s MAXLEN 1", "xtrim:s"],
      ["XDEL s 7-7", int(0)],
      ["XDEL s 2000000000000-0", int(1), "XDEL s 2000000000000-0", "xdel:s"],
      ["XADD s NOMKSTREAM 1-1 f v", expect.stringContaining("-ERR") as unknown as string],
      ["XADD none NOMKSTREAM 1-1 f v", "$-1\r\n"],
      ["XSETID s 2000000000000-5", OK, "XSETID s 2000000000000-5", "xsetid:s"],
    );
  });

  test("is who has which entries, and how far the group has read", () => {
    const r = new Recording();
    r.prepare("XADD s 1-1 f v", "XADD s 2-1 f v", "XADD s 3-1 f v", "XGROUP CREATE s g 0");
    const claim = (consumer: string, id: string, count: number, last: string) =>
      `XCLAIM s g ${consumer} 0 ${id} TIME ${NOW} RETRYCOUNT ${count} FORCE JUSTID LASTID ${last}`;
    const journal = (line: string) => r.trace(line)[2];
    expect(journal("XREADGROUP GROUP g a COUNT 1 STREAMS s >")).toBe(
      `MULTI | XGROUP CREATECONSUMER s g a | ${claim("a", "1-1", 1, "1-1")} | XGROUP SETID s g 1-1 ENTRIESREAD 1 | EXEC`,
    );
    expect(journal("XREADGROUP GROUP g a NOACK COUNT 1 STREAMS s >")).toBe("XGROUP SETID s g 2-1 ENTRIESREAD 2");
    expect(journal("XREADGROUP GROUP g a STREAMS s 0")).toBe("");
    expect(journal("XCLAIM s g b 0 1-1 JUSTID")).toBe(
      `MULTI | XGROUP CREATECONSUMER s g b | ${claim("b", "1-1", 2, "2-1")} | EXEC`,
    );
    expect(journal("XCLAIM s g b 0 9-9 LASTID 3-1")).toBe("XGROUP SETID s g 3-1 ENTRIESREAD 2");
    expect(journal("XDEL s 1-1")).toBe("XDEL s 1-1");
    expect(journal("XAUTOCLAIM s g b 0 -")).toBe("XACK s g 1-1");
    expect(journal("XGROUP DELCONSUMER s g nobody")).toBe("");
    expect(journal("XGROUP DELCONSUMER s g b")).toBe("XGROUP DELCONSUMER s g b");
  });

  test("gives the same streams when it is executed", () => {
    const key = fc.constantFrom("s", "s", "t");
    const id = fc.constantFrom("*", "*", "1-1", "1-*", "2-0", "5-*", "1795000000000-3");
    const known = fc.constantFrom("1-1", "1-2", "2-0", `${NOW}-0`, `${NOW}-1`, `${NOW}-2`, "0");
    const trim = fc.constantFrom(
      "",
      "",
      "MAXLEN ~ 2",
      "MAXLEN 3",
      "MINID ~ 2 LIMIT 4",
      "MAXLEN = 2 ACKED",
      "MAXLEN ~ 1 DELREF",
      "IDMPAUTO p",
      "IDMP p 1",
    );
    const policy = fc.constantFrom("", "KEEPREF", "DELREF", "ACKED");
    const who = fc.constantFrom("a", "b");
    const line = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(key, trim, id).map(([k, t, i]) => `XADD ${k} ${t} ${i} f ${k}`) },
      { weight: 2, arbitrary: key.map((k) => `XGROUP CREATE ${k} g 0 MKSTREAM`) },
      {
        weight: 5,
        arbitrary: fc
          .tuple(key, who, fc.constantFrom("", "NOACK", "CLAIM 0", "COUNT 1"))
          .map(([k, w, o]) => `XREADGROUP GROUP g ${w} ${o} STREAMS ${k} >`),
      },
      fc.tuple(key, known).map(([k, i]) => `XDEL ${k} ${i}`),
      fc.tuple(key, known).map(([k, i]) => `XACK ${k} g ${i}`),
      fc.tuple(key, policy, known).map(([k, p, i]) => `XDELEX ${k} ${p} IDS 1 ${i}`),
      fc.tuple(key, policy, known).map(([k, p, i]) => `XACKDEL ${k} g ${p} IDS 1 ${i}`),
      fc.tuple(key, known).map(([k, i]) => `XNACK ${k} g FAIL IDS 1 ${i} FORCE`),
      fc.tuple(key, who, known).map(([k, w, i]) => `XCLAIM ${k} g ${w} 0 ${i} FORCE LASTID ${i}`),
      fc.tuple(key, who).map(([k, w]) => `XAUTOCLAIM ${k} g ${w} 0 -`),
      fc.tuple(key, who).map(([k, w]) => `XGROUP DELCONSUMER ${k} g ${w}`),
      key.map((k) => `XGROUP SETID ${k} g 0`),
      key.map((k) => `XTRIM ${k} MAXLEN ~ 1`),
      key.map((k) => `XCFGSET ${k} IDMP-MAXSIZE 2`),
    );
    const property = fc.property(fc.array(line, { maxLength: 40, size: "max" }), (lines) => {
      const r = new Recording();
      r.server.keyspace.streams.entries.maxEntries = 2;
      const copy = new LocalServer();
      const c = copy.connect();
      for (const request of lines) {
        r.server.pass(1);
        copy.pass(1);
        const words = (text: string) => argsOf(...text.split(" ").filter((word) => word !== ""));
        const [, , journal = ""] = r.trace(request.replaceAll(/ +/g, " "));
        copy.gate = GATE_LOADING;
        for (const effect of journal.split(" | ")) {
          if (effect !== "" && effect !== "MULTI" && effect !== "EXEC") {
            expect([effect, copy.executor.replay(c.client, words(effect))]).toEqual([effect, undefined]);
          }
        }
        copy.gate = 0;
      }
      for (const name of ["s", "t"]) {
        const ask = `XINFO STREAM ${name} FULL COUNT 0`;
        expect(plain(c.say(ask))).toBe(plain(r.c.say(ask)));
      }
    });
    fc.assert(property, { numRuns: 40, seed: 5 });
  });
});

/** Without what the journal does not tell: when consumers were seen, how many messages came twice, and how entries are laid out. */
function plain(reply: string): string {
  return reply.replaceAll(/(seen-time|iids-duplicates|radix-tree-keys|radix-tree-nodes)\r\n:\d+/g, "$1");
}
