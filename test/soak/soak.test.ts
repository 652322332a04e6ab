import { describe, test } from "bun:test";
import { underTestIsRedis } from "../support/oracle.ts";
import { soak } from "./soak.ts";

const BATCHES = 1200;
// Another one every time: a failure names it.
const seed = crypto.getRandomValues(new Uint16Array(1))[0]!;

describe.skipIf(underTestIsRedis())("a server that does everything at once", () => {
  test(`fails nothing, counts right and does not grow (${BATCHES} batches, seed ${seed})`, () => {
    return soak({ seed, progressAfter: (batches) => batches / BATCHES, report: () => {} });
  });
});
