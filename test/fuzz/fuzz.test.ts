import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Server, startOurs } from "../support/oracle.ts";
import { BatchMaker } from "./batch.ts";
import { FUZZ_ARGS, fuzz } from "./fuzzer.ts";

const FRAMES = 50_000;
const SEED = 20_240_607;

describe("a server that gets nonsense", () => {
  let server: Server;
  beforeAll(async () => {
    server = await startOurs(FUZZ_ARGS);
  });
  afterAll(() => server.stop());

  test(`neither crashes nor hangs nor grows in ${FRAMES} frames`, async () => {
    const state = await fuzz(server, { frames: FRAMES, seed: SEED });
    expect(state.frames).toBeGreaterThanOrEqual(FRAMES);
    expect(server.running()).toBe(true);
  }, 120_000);
});

describe("BatchMaker", () => {
  test("makes the same bytes for the same seed and number", () => {
    const commands = ["get", "set", "client list"];
    const make = (seed: number, index: number): string => {
      return Buffer.from(new BatchMaker(commands, seed).make(index).bytes).toString("latin1");
    };
    expect(make(1, 7)).toBe(make(1, 7));
    expect(make(1, 7)).not.toBe(make(1, 8));
    expect(make(1, 7)).not.toBe(make(2, 7));
  });
});
