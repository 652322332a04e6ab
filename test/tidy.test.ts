import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const ROOT = join(import.meta.dir, "..");
const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 70;

/** Folders of src from the bottom up: a file may import from its own folder and from those in earlier rows. */
const LAYERS = [
  ["lib", "limits.ts", "version.ts"],
  ["memory", "config", "resp"],
  ["structures", "observe", "script"],
  ["types", "pubsub"],
  ["keyspace"],
  ["command"],
  ["info"],
  ["commands", "persistence"],
  ["net"],
  ["background.ts", "banner.ts", "page-worker.ts", "snapshot-worker.ts", "healthcheck.ts", "server-config.ts"],
  ["server.ts"],
  ["main.ts"],
];

interface Source {
  path: string;
  text: string;
  imports: string[];
}

function sourcesBelow(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => {
      const path = join(folder, name);
      const text = readFileSync(join(ROOT, path), "utf8");
      const found = text.matchAll(/(?:from|import)\s+"(\.[^"]+\.ts)"/g);
      return { path, text, imports: [...found].map((match) => normalize(join(dirname(path), match[1]))) };
    });
}

function layerOf(path: string): number {
  const place = path.split("/")[1];
  return LAYERS.findIndex((row) => row.includes(place));
}

/** Line spans of functions: in formatted code a body ends where a closing brace stands as deep as its head begins. */
function longFunctions(text: string): string[] {
  const lines = text.split("\n");
  const long: string[] = [];
  lines.forEach((line, i) => {
    const head =
      /^(\s*)(?!if|for|while|switch|else|do|try|return|export class|class|export interface)\S.*(\)|\): [^{]+|=>) \{$/.exec(
        line,
      );
    if (head === null) return;
    const end = lines.findIndex((other, j) => j > i && other.startsWith(`${head[1]}}`));
    if (end - i > FUNCTION_LINES_MAX && !/\bdescribe\b/.test(line)) long.push(`${line.trim()} (${end - i} lines)`);
  });
  return long;
}

const sources = sourcesBelow("src");
const all = [...sources, ...sourcesBelow("test"), ...sourcesBelow("scripts")];

describe("the source", () => {
  test("imports only from its own layer and those below", () => {
    const wrong = sources.flatMap(({ path, imports }) => {
      expect({ path, layer: layerOf(path) }).not.toEqual({ path, layer: -1 });
      return imports
        .filter((to) => to.split("/")[1] !== path.split("/")[1] && layerOf(to) >= layerOf(path))
        .map((to) => `${path} imports ${to}`);
    });
    expect(wrong).toEqual([]);
  });

  test("has no import cycles", () => {
    const graph = new Map(sources.map(({ path, text, imports }) => [path, valueImports(path, text, imports)]));
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: string[]): void => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      if (done.has(path) || trail.includes(path)) return;
      for (const to of graph.get(path) ?? []) visit(to, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  test("keeps files below 500 lines and functions below 70", () => {
    const long = all.flatMap(({ path, text }) => {
      const lines = text.split("\n").length;
      return [
        ...(lines > FILE_LINES_MAX ? [`${path} (${lines} lines)`] : []),
        ...longFunctions(text).map((f) => `${path}: ${f}`),
      ];
    });
    expect(long).toEqual([]);
  });

  test("reads the clock in one place", () => {
    const readers = sources.filter(
      ({ path, text }) =>
        path !== "src/lib/clock.ts" && /Date\.now|performance\.now|Bun\.nanoseconds|Math\.random/.test(text),
    );
    expect(readers.map(({ path }) => path)).toEqual([]);
  });

  test("ends the process in one place", () => {
    const enders = sources.filter(({ path, text }) => path !== "src/main.ts" && text.includes("process.exit"));
    expect(enders.map(({ path }) => path)).toEqual([]);
  });

  test("names no package registry's host and no path of a machine, and leaves nothing undone", () => {
    const banned = new RegExp(
      ["registry\\.(npmjs|yarnpkg)", "/work/(main|shared)", "/home/", "TO" + "DO", "FIX" + "ME"].join("|"),
    );
    const files = [...all, ...textFiles()].filter(
      ({ path, text }) => path !== "test/tidy.test.ts" && banned.test(text),
    );
    expect(files.map(({ path }) => path)).toEqual([]);
  });
});

/** Imports that exist at run time: types may refer to each other in circles. */
function valueImports(path: string, text: string, imports: string[]): string[] {
  const types = [...text.matchAll(/import type [^;]*?from\s+"(\.[^"]+\.ts)"/g)].map((match) =>
    normalize(join(dirname(path), match[1])),
  );
  return imports.filter((to) => !types.includes(to));
}

function textFiles(): { path: string; text: string }[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(md|json|toml|yaml|yml|lock)$|^Dockerfile$/.test(entry.name))
    .map(({ name }) => ({ path: name, text: readFileSync(join(ROOT, name), "utf8") }));
}
