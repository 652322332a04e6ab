import { describe, expect, test } from "bun:test";
import { RestoreFuzzer } from "./restore-fuzzer.ts";

const SEED = 20_261_123;
const PAYLOADS = 10_000;
const FILES = 300;

describe("damaged data", () => {
  test(`is refused, or is sound once it was taken: ${PAYLOADS} payloads of RESTORE`, () => {
    const fuzzer = new RestoreFuzzer(SEED);
    fuzzer.run(PAYLOADS);
    expect(fuzzer.outcome.tried).toBe(PAYLOADS);
    expect(fuzzer.outcome.taken).toBeGreaterThan(PAYLOADS / 100);
  }, 60_000);

  test(`is refused, or is sound once it was taken: ${FILES} files`, () => {
    const fuzzer = new RestoreFuzzer(SEED);
    fuzzer.runFiles(FILES);
    expect(fuzzer.outcome.tried).toBe(FILES);
    expect(fuzzer.outcome.taken).toBeGreaterThan(0);
  }, 60_000);
});
