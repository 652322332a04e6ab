import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type AofFile,
  EMPTY_MANIFEST,
  formatManifest,
  type Manifest,
  parseManifest,
  withBase,
} from "../../src/persistence/aof/manifest.ts";

const BASE = "file a.aof.1.base.aof seq 1 type b\n";
const INCR = "file a.aof.1.incr.aof seq 1 type i\n";
const INCR2 = "file a.aof.2.incr.aof seq 2 type i\n";
const base: AofFile = { name: "a.aof.1.base.aof", seq: 1, type: "b" };
const incr: AofFile = { name: "a.aof.1.incr.aof", seq: 1, type: "i" };
const incr2: AofFile = { name: "a.aof.2.incr.aof", seq: 2, type: "i" };
const only = (file: AofFile): Manifest => ({ ...EMPTY_MANIFEST, base: file });

/** As redis-server 7.0.15 takes them. */
const ACCEPTED: [string, string, Manifest][] = [
  ["a base and increments", BASE + INCR + INCR2, { base, history: [], increments: [incr, incr2] }],
  ["increments without a base", INCR, { ...EMPTY_MANIFEST, increments: [incr] }],
  ["any order of lines", INCR + BASE, { base, history: [], increments: [incr] }],
  ["comments", `# hello\n${BASE}`, only(base)],
  ["nothing but comments", "# hello\n", EMPTY_MANIFEST],
  ["CRLF", BASE.replace("\n", "\r\n"), only(base)],
  ["blanks around a line", `  ${BASE.replace("\n", "\t \n")}`, only(base)],
  ["any order of words", "type b seq 1 file a.aof.1.base.aof\n", only(base)],
  ["upper case", "FILE a.aof.1.base.aof Seq 1 TYPE b\n", only(base)],
  ["words it does not know", `${BASE.slice(0, -1)} foo bar\n`, only(base)],
  ["a type by its first letter", "file a.aof.1.base.aof seq 1 type base\n", only(base)],
  ["the last of repeated words", "file a.aof.1.base.aof seq 5 seq 1 type b\n", only(base)],
  ["quoted names", 'file "sp ace\\x01.aof" seq 3 type b\n', only({ name: "sp ace\x01.aof", seq: 3, type: "b" })],
  [
    "a gap in the numbers",
    INCR + INCR2.replace("seq 2", "seq 9"),
    { ...EMPTY_MANIFEST, increments: [incr, { ...incr2, seq: 9 }] },
  ],
  [
    "history",
    `${BASE}file old seq 1 type h\n`,
    { base, history: [{ name: "old", seq: 1, type: "h" }], increments: [] },
  ],
  ["a line of 1,024 bytes", `${BASE.slice(0, -1)} x ${"y".repeat(1024 - BASE.length - 3)}\n`, only(base)],
];

const BAD = "Invalid AOF manifest file format";
const LONG = "The AOF manifest file contains too long line";
/** Text, reason, and the line that is blamed (0: none). */
const REFUSED: [string, string, string, number][] = [
  ["an empty file", "", "Found an empty AOF manifest", 0],
  ["an empty line", `${BASE}\n${INCR}`, BAD, 2],
  ["a last line without its end", BASE.slice(0, -1), LONG, 0],
  ["a line of more than 1,024 bytes", `${BASE.slice(0, -1)} x ${"y".repeat(1025 - BASE.length - 3)}\n`, LONG, 0],
  ["two base files", BASE + BASE, "Found duplicate base file information", 2],
  ["increments that go back", INCR2 + INCR, "Found a non-monotonic sequence number", 2],
  ["increments that stand still", BASE + INCR + INCR, "Found a non-monotonic sequence number", 3],
  ["an unknown type", "file a seq 1 type x\n", "Unknown AOF file type", 1],
  ["an empty type", 'file a seq 1 type ""\n', BAD, 1],
  ["an empty name", 'file "" seq 1 type b\n', BAD, 1],
  ["a path", "file a/b seq 1 type b\n", "File can't be a path, just a filename", 1],
  ["an odd number of words", "file a seq 1 type\n", BAD, 1],
  ["too few words", "file a seq 1\n", BAD, 1],
  ["no name", "x a seq 1 type b\n", BAD, 1],
  ["number zero", "file a seq 0 type b\n", BAD, 1],
  ["a number that is none", "file a seq x type b\n", BAD, 1],
  ["unbalanced quotes", 'file "a seq 1 type b\n', BAD, 1],
];

describe("a manifest", () => {
  test.each(ACCEPTED)("may have %s", (_what, text, manifest) => {
    expect(parseManifest(text)).toEqual(manifest);
  });

  test.each(REFUSED)("with %s is refused as redis-server does", (_what, text, reason, line) => {
    const where =
      line === 0 ? "" : `Reading the manifest file, at line ${line}\n>>> '${text.split("\n")[line - 1]!}'\n`;
    expect(() => parseManifest(text)).toThrow(`\n*** FATAL AOF MANIFEST FILE ERROR ***\n${where}${reason}`);
  });

  test("is written as redis-server writes it", () => {
    const history: AofFile[] = [{ name: "sp ace", seq: 1, type: "h" }];
    expect(formatManifest({ base, history, increments: [incr, incr2] })).toBe(
      `${BASE}file "sp ace" seq 1 type h\n${INCR}${INCR2}`,
    );
  });

  test("survives being written and read, whatever the names", () => {
    const name = fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 20 }).filter((s) => !s.includes("/"));
    const file = fc.record({ name, seq: fc.integer({ min: 1 }) });
    fc.assert(
      fc.property(fc.option(file, { nil: undefined }), fc.array(file), fc.array(file), (b, h, i) => {
        const seqs = i.map(({ seq }) => seq).sort((x, y) => x - y);
        fc.pre(new Set(seqs).size === seqs.length);
        const manifest: Manifest = {
          base: b && { ...b, type: "b" },
          history: h.map((one) => ({ ...one, type: "h" as const })),
          increments: i.map((one, at) => ({ ...one, seq: seqs[at]!, type: "i" as const })),
        };
        const text = formatManifest(manifest);
        if (text !== "") expect(parseManifest(text)).toEqual(manifest);
      }),
    );
  });

  test("makes history of all files but those since a new base", () => {
    const next: AofFile = { name: "a.aof.2.base.aof", seq: 2, type: "b" };
    const old = { base, history: [{ name: "old", seq: 1, type: "h" as const }], increments: [incr] };
    const history = [...old.history, { ...base, type: "h" as const }, { ...incr, type: "h" as const }];
    expect(withBase(old, next, incr2)).toEqual({ base: next, history, increments: [incr2] });
    const listed = { ...old, increments: [incr, incr2] };
    expect(withBase(listed, next, incr2)).toEqual({ base: next, history, increments: [incr2] });
    expect(withBase(old, next, undefined)).toEqual({ base: next, history, increments: [] });
  });
});
