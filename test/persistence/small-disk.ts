import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const DISK_KIB = 1024;
const BALLAST = "ballast";

/** A folder in which files can be made to grow no further, and again to grow. */
export interface SmallDisk {
  readonly dir: string;
  /** The system's words when there is no more room. */
  readonly error: string;
  /** Leaves a process about so many bytes for its files: exactly, where the process is limited and has one file. */
  limit(pid: number, bytes: number): void;
  makeRoom(pid: number): void;
  remove(): void;
}

/** A file system of its own; undefined where mounting is not allowed. */
function mountedDisk(): SmallDisk | undefined {
  const dir = mkdtempSync(join(tmpdir(), "go-redis-disk-"));
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_KIB}k`, "tmpfs", dir]).status !== 0) {
    rmSync(dir, { recursive: true });
    return undefined;
  }
  return {
    dir,
    error: "No space left on device",
    limit: (_pid, bytes) => {
      const { bavail, bsize } = statfsSync(dir);
      writeFileSync(join(dir, BALLAST), Buffer.alloc(bavail * bsize - bytes));
    },
    makeRoom: () => rmSync(join(dir, BALLAST), { force: true }),
    remove: () => {
      spawnSync("umount", ["--lazy", dir]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A limit on the size of a process's files (RLIMIT_FSIZE), which makes write(2) fail in the same ways: short, then with an error. */
function limitedProcess(): SmallDisk {
  const dir = mkdtempSync(join(tmpdir(), "go-redis-limit-"));
  const setLimit = (pid: number, limit: string) => {
    const { status, stderr } = spawnSync("prlimit", ["--pid", String(pid), `--fsize=${limit}:`], { encoding: "utf8" });
    if (status !== 0) throw new Error(`prlimit does not work here: ${stderr}`);
  };
  return {
    dir,
    error: "File too large",
    limit: (pid, bytes) => setLimit(pid, String(bytes)),
    makeRoom: (pid) => setLimit(pid, "unlimited"),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Ways to have a small disk here, by name. The second one needs no rights, so there is always one. */
export function smallDisks(): [string, () => SmallDisk][] {
  const probe = mountedDisk();
  probe?.remove();
  const limited: [string, () => SmallDisk] = ["a limited process", limitedProcess];
  return probe === undefined ? [limited] : [["a full file system", () => mountedDisk()!], limited];
}
