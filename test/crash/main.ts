// bun test/crash/main.ts --rounds 500 --seed 1
//
// Kills the server under test (GO_REDIS_UNDER_TEST as in test/support/oracle.ts) with SIGKILL while clients write and while it starts,
// and checks after each restart that no acknowledged write is missing and none was done twice. Ends with 1 at the first loss.
import { parseArgs } from "node:util";
import { crashRounds } from "./rounds.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
});

try {
  await crashRounds({ rounds: Number(values.rounds), seed: Number(values.seed), progress: console.log });
  console.log(`seed ${values.seed}: nothing lost, nothing doubled in ${values.rounds} rounds`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
