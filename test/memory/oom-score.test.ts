import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OomScore } from "../../src/memory/oom-score.ts";

describe("the score for when memory runs out", () => {
  const folder = mkdtempSync(join(tmpdir(), "oom-score-"));
  const file = join(folder, "oom_score_adj");
  const score = (): string => readFileSync(file, "latin1");
  beforeEach(() => writeFileSync(file, "22\n"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("is left alone until it is asked for, and put back in the end", () => {
    const oom = new OomScore(file);
    oom.set("no", 9);
    expect(score()).toBe("22\n");
    oom.set("relative", 9);
    expect(score()).toBe("31");
    oom.set("yes", 10);
    expect(score()).toBe("32");
    oom.set("absolute", 9);
    expect(score()).toBe("9");
    oom.set("no", 9);
    expect(score()).toBe("22");
  });

  test("stays within the system's bounds", () => {
    const oom = new OomScore(file);
    oom.set("relative", 2000);
    expect(score()).toBe("1000");
    oom.set("absolute", -2000);
    expect(score()).toBe("-1000");
  });

  test("tells why it can't be set", () => {
    expect(new OomScore(join(folder, "nowhere")).set("yes", 1)).toBe("No such file or directory");
  });
});
