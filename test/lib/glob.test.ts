import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { globMatch } from "../../src/lib/glob.ts";
import { placed, readAnswers } from "./fixtures/answers.ts";

function matches(pattern: string, text: string, ignoreCase = false): boolean {
  const p = placed(pattern);
  const t = placed(text);
  return globMatch(p.buf, p.start, p.len, t.buf, t.start, t.len, ignoreCase);
}

/** The obvious exponential matcher for patterns of stars, question marks and plain letters. */
function naive(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  if (pattern[0] === "*") return naive(pattern.slice(1), text) || (text !== "" && naive(pattern, text.slice(1)));
  return text !== "" && (pattern[0] === "?" || pattern[0] === text[0]) && naive(pattern.slice(1), text.slice(1));
}

describe("globMatch", () => {
  test("answers as redis-server does, case observed", () => {
    for (const [pattern, texts, matched] of readAnswers<[string, string[], string[]]>("glob")) {
      for (const text of texts) {
        expect(`${pattern} ${text} ${matches(pattern, text)}`).toBe(`${pattern} ${text} ${matched.includes(text)}`);
      }
    }
  });

  test("answers as redis-server does, case ignored", () => {
    for (const [pattern, texts, matched] of readAnswers<[string, string[], string[]]>("glob-caseless")) {
      for (const text of texts) {
        expect(`${pattern} ${text} ${matches(pattern, text, true)}`).toBe(
          `${pattern} ${text} ${matched.includes(text)}`,
        );
      }
    }
  });

  test("agrees with a naive matcher on stars and question marks", () => {
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 10 });
    fc.assert(fc.property(pattern, text, (p, t) => matches(p, t) === naive(p, t)));
  });

  test("takes an unterminated class as ended by the pattern's end", () => {
    expect(matches("a[bc", "ac")).toBe(true);
    expect(matches("a[", "a")).toBe(false);
    expect(matches("a[", "ab")).toBe(false);
    expect(matches("a[^", "ab")).toBe(true);
    expect(matches("a\\", "a\\")).toBe(true);
  });

  test("takes the ends of a range in either order, as signed bytes", () => {
    expect(matches("[c-a]", "b")).toBe(true);
    expect(matches("[\x80-a]", "A")).toBe(true);
    expect(matches("[\x80-a]", "\xff")).toBe(true);
    expect(matches("[\x80-a]", "b")).toBe(false);
  });

  test("matches the empty text with the empty pattern only", () => {
    expect(matches("", "")).toBe(true);
    expect(matches("**", "")).toBe(false);
  });

  test("folds letters, and ranges after ordering them, when case is ignored", () => {
    expect(matches("GET[A-C]", "getb", true)).toBe(true);
    expect(matches("\\GET", "get", true)).toBe(true);
    expect(matches("[\\G]et", "get", true)).toBe(false);
    expect(matches("[Z-a]", "z", true)).toBe(false);
  });

  test("does not blow up on patterns with many stars", () => {
    const pattern = "a*".repeat(2_000);
    expect(matches(`${pattern}b`, "a".repeat(20_000))).toBe(false);
    expect(matches(pattern, "a".repeat(20_000))).toBe(true);
  });
});
