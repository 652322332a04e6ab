import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type AnyDirective, DIRECTIVES, type DirectiveName, NAMES } from "../../src/config/directives.ts";
import { directiveTableMarkdown } from "../../src/config/documentation.ts";
import { variableOf } from "../../src/config/environment.ts";
import { ConfigStore } from "../../src/config/store.ts";
import { readAnswers } from "./fixtures/answers.ts";
import type { SetAnswer } from "./fixtures/ask.ts";
import { CWD, fakeHost } from "./fixtures/host.ts";

/**
 * Defaults that are another server's on purpose: data is kept without being asked, nobody else may connect, and what is freed bit by bit in
 * any case is said to be.
 */
const OWN_DEFAULTS: Record<string, string> = {
  appendfilename: "database.aof",
  "disable-thp": "no",
  activedefrag: "yes",
  "active-defrag-ignore-bytes": "8388608",
  bind: "127.0.0.1 -::1",
  "lazyfree-lazy-eviction": "yes",
  "lazyfree-lazy-expire": "yes",
  "lazyfree-lazy-server-del": "yes",
  "lazyfree-lazy-user-del": "yes",
  "lazyfree-lazy-user-flush": "yes",
};

const directives = Object.entries(DIRECTIVES) as unknown as [DirectiveName, AnyDirective][];

/** Reads one text as CONFIG SET would, whatever may be set while the server runs. */
function reread(directive: AnyDirective, text: string): string {
  const words = directive.kind.manyWords ? text.split(" ") : [text];
  const situation = { previous: directive.fallback, further: false, host: fakeHost() };
  const outcome = directive.kind.parse(words, situation);
  return outcome.ok ? directive.kind.format(outcome.value) : `refused: ${outcome.reason}`;
}

describe("the table of directives", () => {
  test("has every directive and alias of Redis 7.0 with its default value", () => {
    const config = new ConfigStore(fakeHost());
    for (const [name, text] of readAnswers<[string, string]>("defaults")) {
      expect(config.get([name])).toEqual([[name, OWN_DEFAULTS[name] ?? text]]);
    }
  });

  test("keeps data by default", () => {
    const config = new ConfigStore(fakeHost());
    expect(config.get(["appendonly", "save", "port", "dir"])).toEqual([
      ["appendonly", "yes"],
      ["save", ""],
      ["port", "6379"],
      ["dir", CWD],
    ]);
  });

  test("gives no name to two directives, and no variable", () => {
    const names = directives.flatMap(([name, { aliases }]) => [name, ...(aliases ?? [])]);
    expect(NAMES.size).toBe(names.length);
    const variables = new Set(names.map(variableOf));
    // The lists of processors have a name with and one without an underscore.
    expect(names.length - variables.size).toBe(4);
  });

  test("has defaults that may be written into a file", () => {
    for (const [name, directive] of directives) {
      if (name === "dir" || name === "replicaof") continue;
      const text = directive.kind.format(directive.fallback);
      expect(`${name} ${reread(directive, text)}`).toBe(`${name} ${text}`);
      expect(directive.refuse?.(directive.fallback, "start")).toBeUndefined();
    }
  });

  test("shows what it reads in a form that it reads again", () => {
    const accepted = readAnswers<SetAnswer>("sets").filter(([, , answer]) => answer.startsWith("= "));
    for (const [name, , answer] of accepted) {
      const directive = NAMES.get(name)?.directive;
      if (directive !== undefined)
        expect(`${name} ${reread(directive, answer.slice(2))}`).toBe(`${name} ${answer.slice(2)}`);
    }
  });

  test("reads any text into a value that it shows and reads again, or refuses it", () => {
    const tokens = [
      "1",
      "900",
      "kb",
      "mb",
      "%",
      "-",
      " ",
      "normal",
      "pubsub",
      "yes",
      "no",
      "save",
      "KEA",
      "50.5",
      "127.0.0.1",
      "{port}",
      "é",
    ];
    const text = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.array(fc.constantFrom(...tokens)).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(fc.constantFrom(...directives), text, ([name, directive], given) => {
        const bytes = Buffer.from(given, "utf8").toString("latin1");
        const shown = reread(directive, bytes);
        if (shown.startsWith("refused: ") || name === "replicaof") return;
        expect(reread(directive, shown)).toBe(shown);
      }),
      { numRuns: 3000 },
    );
  });

  test("documents each directive in one sentence, and once", () => {
    const table = directiveTableMarkdown();
    for (const [name, { doc, hidden }] of directives) {
      expect(doc).toMatch(/^[A-Z`].*\.$/);
      expect(doc).not.toMatch(/[|\n]/);
      const rows = table.split("\n").filter((line) => line.startsWith(`| \`${name}\``));
      expect(`${name} ${rows.length}`).toBe(`${name} ${hidden ? 0 : 1}`);
    }
    expect(table).toContain("| `port` | 0 to 65535 | `6379` | TCP port; 0 turns TCP off. |");
  });
});
