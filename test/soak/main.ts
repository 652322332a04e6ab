// bun test/soak/main.ts --minutes 30 --seed 1 --rate 10000
//
// Keeps a server (GO_REDIS_UNDER_TEST as in test/support/oracle.ts) busy with everything at once and watches that it does not grow,
// fails nothing, and counts right. Ends with 1 when it does not. `--rate`: at most so many requests a second, where the machine is to have room for others.
import { parseArgs } from "node:util";
import { soak } from "./soak.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
    rate: { type: "string" },
  },
});
const limitMs = Number(values.minutes) * 60_000;
/** In a shorter run much is still compiled after the first third. */
const WARM_MINUTES = 10;
const WARM_UP_BYTES = 16e6;
const rate = values.rate === undefined ? undefined : Number(values.rate);
const startedMs = performance.now();

try {
  await soak({
    seed: Number(values.seed),
    progressAfter: () => (performance.now() - startedMs) / limitMs,
    report: console.log,
    warmUpBytes: Number(values.minutes) >= WARM_MINUTES ? 0 : WARM_UP_BYTES,
    rest: (requests) => (rate === undefined ? Promise.resolve() : Bun.sleep((requests / rate) * 1000)),
  });
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
