// bun test/fuzz/main.ts --frames 10000000 --seed 1 [--first-batch 0]
//
// Starts the server under test (GO_REDIS_UNDER_TEST as in test/support/oracle.ts), fuzzes it, prints a line per round and
// ends with 1 and the seed, the batches on their way and the server's log when something is wrong. A reported batch
// is sent again with --first-batch <its number> --frames 1.
import { parseArgs } from "node:util";
import { systemClock } from "../../src/lib/clock.ts";
import { startOurs } from "../support/oracle.ts";
import { FUZZ_ARGS, type FuzzState, fuzz } from "./fuzzer.ts";

const { values } = parseArgs({
  options: {
    frames: { type: "string", default: "10000000" },
    seed: { type: "string", default: "1" },
    "first-batch": { type: "string", default: "0" },
  },
});
const [frames, seed, firstBatch] = [Number(values.frames), Number(values.seed), Number(values["first-batch"])];

const mib = (bytes: number): string => `${(bytes / 1048576).toFixed(1)} MiB`;
const startUs = systemClock.monotonicUs();
let rounds = 0;

function progress(state: FuzzState): void {
  if (rounds++ % 20 !== 0 && state.frames < frames) return;
  const seconds = (systemClock.monotonicUs() - startUs) / 1e6;
  const rate = Math.round(state.frames / seconds);
  console.log(
    `${state.frames} frames, ${state.batches} batches, ${mib(state.bytesSent)} sent, ${rate} frames/s, ` +
      `used ${mib(state.usedMemoryBytes)} after FLUSHALL, resident ${mib(state.rssBytes)}`,
  );
}

const server = await startOurs(FUZZ_ARGS);
try {
  await fuzz(server, { frames, seed, firstBatch, progress });
  console.log(`seed ${seed}: no crash, no hang, no growth; stopped with exit code ${await server.stop()}`);
} catch (error) {
  console.error((error as Error).message);
  await server.kill9();
  process.exitCode = 1;
}
