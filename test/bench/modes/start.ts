/** Time from starting the process to its first PONG, with an empty data folder. */
import { type Bench, progress, serverOptions } from "../bench.ts";
import { median } from "../histogram.ts";
import { fixed, type Section } from "../report.ts";
import { withServer } from "../servers.ts";

const STARTS = 15;
const STARTS_QUICK = 3;

export async function start(bench: Bench): Promise<Section[]> {
  const { contenders, quick } = bench.options;
  const times: number[][] = contenders.map(() => []);
  progress("start");
  for (let i = 0; i < (quick ? STARTS_QUICK : STARTS); i++) {
    for (const [at, contender] of contenders.entries()) {
      const options = serverOptions(bench, "everysec");
      times[at]!.push(await withServer(contender, options, async (server) => server.readyMs));
    }
  }
  return [
    {
      title: "Start to ready, empty folder",
      head: ["Server", "median ms", "least ms", "most ms"],
      rows: times.map((ms, i) => [
        contenders[i]!.name,
        ...[median(ms), Math.min(...ms), Math.max(...ms)].map((one) => fixed(one, 0)),
      ]),
      notes: [`${times[0]!.length} starts each, in turn; from starting the process to the first PONG. AOF everysec.`],
      data: times.map((ms, i) => ({ name: contenders[i]!.name, ms })),
    },
  ];
}
