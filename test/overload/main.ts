// bun test/overload/main.ts --seconds 60
//
// Writes at full speed to a server (GO_REDIS_UNDER_TEST as in test/support/oracle.ts) that has no memory left, and watches that its memory
// stays within its bounds. Ends with 1 when it does not.
import { parseArgs } from "node:util";
import { overload } from "./overload.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" } } });
const endMs = performance.now() + Number(values.seconds) * 1000;

try {
  console.log(`evicted ${await overload(() => performance.now() >= endMs)} keys, memory was within its bounds`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
