import { describe, test } from "bun:test";
import { crashRounds } from "./rounds.ts";

const ROUNDS = 8;
/** They start some twenty servers. */
const LIMIT_MS = 240_000;
// Another one every time: a failure names it.
const seed = crypto.getRandomValues(new Uint16Array(1))[0]!;

describe("a server that is killed while clients write", () => {
  const title = `has every acknowledged write after its restart, and none twice (${ROUNDS} rounds, seed ${seed})`;
  test(title, () => crashRounds({ rounds: ROUNDS, seed, progress: () => {} }), LIMIT_MS);
});
