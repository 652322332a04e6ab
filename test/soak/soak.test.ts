import { describe, test } from "bun:test";
import { underTestIsRedis } from "../support/oracle.ts";
import { soak } from "./soak.ts";

const BATCHES = 1200;
/** It lasts some seconds, and the memory is that of a server that has just started: only growth that is far too much is seen. */
const WARM_UP_BYTES = 24e6;
const report = (): void => {};
// Another one every time: a failure names it.
const seed = crypto.getRandomValues(new Uint16Array(1))[0]!;

describe.skipIf(underTestIsRedis())("a server that does everything at once", () => {
  test(`fails nothing, counts right and does not grow (${BATCHES} batches, seed ${seed})`, () => {
    return soak({ seed, progressAfter: (batches) => batches / BATCHES, report, warmUpBytes: WARM_UP_BYTES });
  });
});
