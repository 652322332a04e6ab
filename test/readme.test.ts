import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { generatedSections, README, sectionOf, withSections } from "../scripts/command-table.ts";

describe("README", () => {
  const text = readFileSync(README, "utf8");
  for (const [name, section] of Object.entries(generatedSections())) {
    test(`tells of the ${name} what the source says (else run: bun scripts/command-table.ts --write)`, () => {
      expect(sectionOf(text, name)).toBe(section);
    });
  }
});

describe("the sections of README", () => {
  const text = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n";

  test("are found and replaced between their markers", () => {
    expect(sectionOf(text, "x")).toBe("old\n");
    expect(withSections(text, { x: "new\n" })).toBe("a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n");
  });

  test("must have markers", () => {
    expect(sectionOf(text, "y")).toBeUndefined();
    expect(() => withSections(text, { y: "" })).toThrow("no markers for y");
  });
});
