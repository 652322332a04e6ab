import { describe, expect, test } from "bun:test";
import { containerMemoryBytes } from "../../src/config/container-memory.ts";
import { ConfigStore } from "../../src/config/store.ts";
import { fakeHost } from "./fixtures/host.ts";

const MB = 1024 ** 2;
const GROUPS = { root: "/cgroup", membership: "/self" };

function limitOf(files: Record<string, string>): number | undefined {
  return containerMemoryBytes(fakeHost(files), GROUPS);
}

describe("the memory of a container", () => {
  test("is what version 2 says, of the group itself or one around it", () => {
    const self = { "/self": "0::/pod/app\n" };
    expect(limitOf({ ...self, "/cgroup/pod/app/memory.max": `${512 * MB}\n` })).toBe(512 * MB);
    const both = { "/cgroup/pod/app/memory.max": "max\n", "/cgroup/pod/memory.max": `${256 * MB}\n` };
    expect(limitOf({ ...self, ...both })).toBe(256 * MB);
    expect(limitOf({ ...self, ...both, "/cgroup/memory.max": `${64 * MB}\n` })).toBe(64 * MB);
  });

  test("is what version 1 says, in a container too, where only the root of the groups can be seen", () => {
    const self = { "/self": "5:cpu,memory:/docker/abc\n4:pids:/docker/abc\n0::/\n" };
    expect(limitOf({ ...self, "/cgroup/memory/memory.limit_in_bytes": `${300 * MB}\n` })).toBe(300 * MB);
    const own = { "/cgroup/memory/docker/abc/memory.limit_in_bytes": `${200 * MB}\n` };
    expect(limitOf({ ...self, ...own })).toBe(200 * MB);
  });

  test("is not limited where nothing says so, or as much as the machine has or more", () => {
    expect(limitOf({})).toBeUndefined();
    expect(limitOf({ "/self": "0::/\n", "/cgroup/memory.max": "max\n" })).toBeUndefined();
    const none = { "/self": "1:memory:/\n", "/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n" };
    expect(limitOf(none)).toBeUndefined();
    expect(limitOf({ "/self": "0::/\n", "/cgroup/memory.max": String(8192 * MB) })).toBeUndefined();
  });

  test("is what a percentage is of, or else the machine's; files keep the percentage", () => {
    const bytes = (files: Record<string, string>) => {
      const config = new ConfigStore(fakeHost(files));
      expect(config.set([["maxmemory", "25%"]])).toBeUndefined();
      return config.values.maxmemory;
    };
    expect(bytes({})).toEqual({ bytes: 2048 * MB, percent: 25 });
    const limited = { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": String(400 * MB) };
    expect(bytes(limited)).toEqual({ bytes: 100 * MB, percent: 25 });
    const config = new ConfigStore(fakeHost());
    expect(config.set([["maxmemory", "101%"]])).toContain("percentage argument must be less or equal to 100");
  });
});
