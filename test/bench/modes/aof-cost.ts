/** What the append-only file costs: each server with it beside the same server without it, in the workloads that write. */
import type { Bench } from "../bench.ts";
import type { Section } from "../report.ts";
import { throughput } from "./throughput.ts";

export async function aofCost(bench: Bench): Promise<Section[]> {
  const sections: Section[] = [];
  for (const contender of bench.options.contenders) {
    const contenders = (["everysec", "off"] as const).map((aof) => ({
      ...contender,
      name: `${contender.name} ${aof}`,
      aof,
    }));
    const options = { ...bench.options, contenders, aof: ["everysec"] as const };
    sections.push(...(await throughput({ ...bench, options }, (workload) => workload.writes)));
  }
  return sections;
}
