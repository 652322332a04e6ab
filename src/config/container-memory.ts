import { posix } from "node:path";
import type { Host } from "./host.ts";

/** Where the system shows control groups, and which ones this process is in. */
export interface ControlGroups {
  readonly root: string;
  readonly membership: string;
}

const SYSTEM: ControlGroups = { root: "/sys/fs/cgroup", membership: "/proc/self/cgroup" };

/**
 * How much memory the container that the process runs in may use, in bytes: the least limit of its control group and of those around it, of
 * version 1 or 2. Undefined when there is none below what the machine has.
 */
export function containerMemoryBytes(host: Host, groups = SYSTEM): number | undefined {
  const lines = read(host, groups.membership).split("\n");
  const limits = lines.flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === "") return limitsUpwards(host, groups.root, path, "memory.max");
    if (controllers?.split(",").includes("memory") !== true) return [];
    return limitsUpwards(host, posix.join(groups.root, "memory"), path, "memory.limit_in_bytes");
  });
  const least = Math.min(...limits);
  return least < host.memoryBytes ? least : undefined;
}

/** The limits of a group and all those around it. Within a container a path may be the machine's: then only the root has files. */
function limitsUpwards(host: Host, root: string, path: string, file: string): number[] {
  const own = Number.parseInt(read(host, posix.join(root, path, file)), 10);
  const limits = own > 0 ? [own] : [];
  const above = posix.dirname(path);
  return above === path || above === "." ? limits : [...limits, ...limitsUpwards(host, root, above, file)];
}

function read(host: Host, path: string): string {
  try {
    return host.readFile(path);
  } catch {
    return "";
  }
}
