/** The facts without which figures of speed say little. */
import { cpus, loadavg, release, totalmem } from "node:os";
import type { Bench } from "./bench.ts";
import { count } from "./report.ts";
import type { Contender } from "./servers.ts";

export function describeMachine({ options, cores }: Bench): string[] {
  const all = cpus();
  const pinning =
    cores.server === null
      ? "nothing is pinned to a core"
      : `servers pinned to core ${cores.server}, the load generator to core ${cores.client}`;
  return [
    `${all.length} cores (${all[0]?.model.trim() ?? "unknown"}), ${count(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Bun ${Bun.version}`,
    `${pinning}; loopback; load at the start ${loadavg()[0]!.toFixed(2)}`,
    ...options.contenders.map((one) => `${one.name}: ${versionOf(one)}`),
  ];
}

function versionOf({ command }: Contender): string {
  const { stdout } = Bun.spawnSync([...command, "--version"], { stdout: "pipe", stderr: "ignore" });
  return stdout.toString().trim().split("\n")[0] || "unknown version";
}
