import type { ServerContext } from "../command/context.ts";
import type { TableEntry } from "../command/table.ts";
import type { Fields, Section } from "./section.ts";

export const commandStats: Section = {
  name: "commandstats",
  title: "Commandstats",
  fields(server) {
    const fields: Fields = {};
    for (const { fullName, stats } of runnable(server)) {
      const { calls, microseconds, rejected, failed } = stats;
      if (calls + rejected + failed === 0) continue;
      const mean = calls === 0 ? 0 : microseconds / calls;
      fields[`cmdstat_${fullName}`] =
        `calls=${calls},usec=${Math.round(microseconds)},usec_per_call=${mean.toFixed(2)},rejected_calls=${rejected},failed_calls=${failed}`;
    }
    return fields;
  },
};

export const latencyStats: Section = {
  name: "latencystats",
  title: "Latencystats",
  fields(server) {
    const fields: Fields = {};
    const percentiles = server.config.values["latency-tracking-info-percentiles"];
    if (!server.config.values["latency-tracking"] || percentiles.length === 0) return fields;
    for (const { fullName, stats } of runnable(server)) {
      const { latency } = stats;
      if (latency === undefined) continue;
      fields[`latency_percentiles_usec_${fullName}`] = percentiles
        .map((p) => `p${p}=${(latency.percentile(p) / 1000).toFixed(3)}`)
        .join(",");
    }
    return fields;
  },
};

/** Commands that can be called; of containers their subcommands. */
function runnable({ table }: ServerContext): TableEntry[] {
  return [...table.all()].filter(({ command }) => command.run !== undefined);
}

export const errorStats: Section = {
  name: "errorstats",
  title: "Errorstats",
  fields({ stats }) {
    return Object.fromEntries([...stats.errors].map(([code, count]) => [`errorstat_${code}`, `count=${count}`]));
  },
};
