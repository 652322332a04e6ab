import { edenGC, fullGC, heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import { encode } from "../../src/lib/bytes.ts";
import { ScriptCache } from "../../src/script/cache.ts";
import { namesOf, readShebang, SCRIPT_FLAGS, UNDECLARED } from "../../src/script/flags.ts";
import { readLibraryHead } from "../../src/script/libraries.ts";

describe("the first line of a script", () => {
  const read = (text: string) => readShebang(encode(text));

  test("declares flags, or leaves them undeclared", () => {
    expect(read("return 1")).toEqual({ flags: UNDECLARED, length: 0 });
    expect(read("#!lua\nreturn 1")).toEqual({ flags: 0, length: 5 });
    const flags = SCRIPT_FLAGS["no-writes"] | SCRIPT_FLAGS["allow-oom"];
    expect(read("#!lua flags=no-writes,allow-oom\n")).toEqual({ flags, length: 31 });
    expect(namesOf(flags)).toEqual(["no-writes", "allow-oom"]);
  });

  test("is refused with Redis's words", () => {
    expect(read("#!lua")).toBe("ERR Invalid script shebang");
    expect(read("#!not-lua\n")).toBe("ERR Unexpected engine in script shebang: #!not-lua");
    expect(read("#!lua flags=x\n")).toBe("ERR Unexpected flag in script shebang: x");
    expect(read("#!lua other=1\n")).toBe("ERR Unknown lua shebang option: other=1");
    expect(read('#!lua "\n')).toBe("ERR Invalid engine in script shebang");
  });
});

describe("the first line of a library", () => {
  const read = (text: string) => readLibraryHead(encode(text));

  test("names engine and library", () => {
    expect(read("#!LUA name=my_lib1\nx")).toEqual({ engine: "LUA", name: "my_lib1", length: 18 });
  });

  test("is refused with Redis's words", () => {
    expect(read("x")).toBe("ERR Missing library metadata");
    expect(read("#!lua name=x")).toBe("ERR Invalid library metadata");
    expect(read("#!lua\n")).toBe("ERR Library name was not given");
    expect(read("#!lua name=a name=b\n")).toBe("ERR Invalid metadata value, name argument was given multiple times");
    expect(read("#!lua foo=bar\n")).toBe("ERR Invalid metadata value given: foo=bar");
    expect(read("#!lua name=a-b\n")).toMatch(/^ERR Library names can only contain/);
  });
});

describe("the cache of scripts", () => {
  function scripts(count: number, loaded = false) {
    return Array.from({ length: count }, (_, i) => ({
      sha: `${loaded}${i}`,
      body: encode(`return ${i}`),
      hash: i,
      flags: 0,
      shebangLength: 0,
      handle: 1,
      generation: 1,
      loaded,
      usedAt: 0,
    }));
  }

  test("forgets the least recently used of more than 500 that were not loaded", () => {
    const forgotten: string[] = [];
    const cache = new ScriptCache(({ sha }) => forgotten.push(sha));
    const evaluated = scripts(502);
    for (const script of scripts(1000, true)) cache.add(script);
    for (const script of evaluated.slice(0, 500)) cache.add(script);
    expect(forgotten).toEqual([]);
    cache.used(evaluated[0]!);
    cache.keep(evaluated[1]!);
    cache.add(evaluated[500]!);
    cache.add(evaluated[501]!);
    expect(forgotten).toEqual(["false2"]);
    expect([cache.size, cache.evictedCount]).toEqual([1501, 1]);
  });

  test("leaves no garbage to a full collection when scripts take turns", () => {
    const cache = new ScriptCache(() => {});
    const turns = scripts(4);
    for (const script of turns) cache.add(script);
    fullGC();
    const before = heapStats().objectCount;
    for (let round = 0; round < 20; round++) {
      for (let use = 0; use < 1000; use++) cache.used(turns[use % turns.length]!);
      edenGC();
    }
    expect(heapStats().objectCount - before).toBeLessThan(1000);
  });

  test("finds scripts by SHA1 in either letter case, and by their bytes", () => {
    const cache = new ScriptCache(() => {});
    const [script] = scripts(1);
    cache.add({ ...script!, sha: "ab" });
    expect(cache.find("AB")?.sha).toBe("ab");
    const body = Buffer.from("  return 0");
    expect(cache.findBody(0, body, 2, 8)?.sha).toBe("ab");
    expect(cache.findBody(0, body, 1, 8)).toBeUndefined();
    cache.clear();
    expect([cache.find("ab"), cache.size, cache.usedBytes]).toEqual([undefined, 0, 0]);
  });
});
