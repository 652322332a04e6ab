// bun test/fuzz/restore.ts --payloads 1000000 --files 10000 --seed 3
//
// Gives RESTORE and the loader of RDB files damaged data; ends with 1, the seed and the data when something is wrong.
import { parseArgs } from "node:util";
import { systemClock } from "../../src/lib/clock.ts";
import { RestoreFuzzer } from "./restore-fuzzer.ts";

const PART = 50_000;

const { values } = parseArgs({
  options: {
    payloads: { type: "string", default: "1000000" },
    files: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
  },
});
const [payloads, files, seed] = [Number(values.payloads), Number(values.files), Number(values.seed)];
const startUs = systemClock.monotonicUs();

function progress({ outcome }: RestoreFuzzer, what: string): void {
  const seconds = (systemClock.monotonicUs() - startUs) / 1e6;
  const rss = Math.round(process.memoryUsage.rss() / 2 ** 20);
  console.log(`${outcome.tried} ${what}, ${outcome.taken} of them taken, ${seconds.toFixed(0)} s, resident ${rss} MiB`);
}

try {
  const fuzzer = new RestoreFuzzer(seed);
  for (let left = payloads; left > 0; left -= PART) {
    fuzzer.run(Math.min(PART, left));
    progress(fuzzer, "payloads");
  }
  const loading = new RestoreFuzzer(seed);
  loading.runFiles(files);
  progress(loading, "files");
  console.log(`seed ${seed}: no crash, no hang, no growth`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
