import { describe, test } from "bun:test";
import { crashRounds } from "./rounds.ts";

const ROUNDS = 8;
// Another one every time: a failure names it.
const seed = crypto.getRandomValues(new Uint16Array(1))[0]!;

describe("a server that is killed while clients write", () => {
  test(`has every acknowledged write after its restart, and none twice (${ROUNDS} rounds, seed ${seed})`, () => {
    return crashRounds({ rounds: ROUNDS, seed, progress: () => {} });
  });
});
