/**
 * Runs an image's files as a container engine would: PID 1 of its own pid namespace, own network (loopback only), a
 * read-only root, the image's user without any privilege, /data as the only place to write.
 */
import { readFileSync } from "node:fs";
import type { ImageConfig } from "./buildah.ts";
import { type Finished, finish } from "./run.ts";

/** $1 is the image's folder, $2 the volume's, the rest what to run; mounts made here vanish with the namespace. */
const ENTER = `set -e
root=$1 volume=$2
shift 2
ip link set lo up
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero random urandom; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount --bind "$volume" "$root/data"
mount -o remount,bind,ro "$root"
exec "$@"`;

const READY = "Ready to accept connections";

export interface Launch {
  readonly rootfs: string;
  readonly volume: string;
  readonly config: ImageConfig;
  /** Added to the image's own environment. */
  readonly env?: Record<string, string>;
  /** What a user writes after the image's name. */
  readonly args?: string[];
}

function environment(launch: Launch): Record<string, string> {
  const own = launch.config.Env.map((entry): [string, string] => {
    const at = entry.indexOf("=");
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
  return { ...Object.fromEntries(own), ...launch.env };
}

function command(launch: Launch): string[] {
  const { config, rootfs, volume } = launch;
  const [uid = "", gid = uid] = config.User.split(":");
  const namespaces = ["--mount", "--pid", "--net", "--ipc", "--uts", "--fork"];
  const variables = Object.entries(environment(launch)).map(([name, value]) => `${name}=${value}`);
  const identity = [`--root=${rootfs}`, `--wd=${config.WorkingDir}`, "--setgid", gid, "--setuid", uid];
  const program = [...config.Entrypoint, ...(launch.args ?? config.Cmd ?? [])];
  return [
    ...["unshare", ...namespaces, "sh", "-c", ENTER, "sh", rootfs, volume],
    ...["/usr/bin/env", "-i", ...variables, "/usr/bin/setpriv", "--no-new-privs"],
    ...["/usr/bin/unshare", ...identity, ...program],
  ];
}

export class Sandbox {
  readonly #launch: Launch;
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #log = "";

  private constructor(launch: Launch) {
    this.#launch = launch;
    this.#process = Bun.spawn(command(launch), { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  }

  /** Starts the image and waits until it says that it is ready. @throws with its log where it ends before that */
  static async start(launch: Launch): Promise<Sandbox> {
    const sandbox = new Sandbox(launch);
    const decoder = new TextDecoder();
    for await (const chunk of sandbox.#process.stdout) {
      sandbox.#log += decoder.decode(chunk, { stream: true });
      if (sandbox.#log.includes(READY)) return sandbox;
    }
    const stderr = await sandbox.#process.stderr.text();
    throw new Error(`the container ended before it was ready:\n${sandbox.#log}${stderr}`);
  }

  /** The server's process id outside of its namespace. @throws where it has ended */
  get pid(): number {
    const parent = this.#process.pid;
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "latin1");
    const pid = Number.parseInt(children, 10);
    if (!(pid > 1)) throw new Error(`the container has ended:\n${this.#log}`);
    return pid;
  }

  /** A file of the server's folder in /proc, as seen from outside. */
  proc(name: string): string {
    return readFileSync(`/proc/${this.pid}/${name}`, "latin1");
  }

  /** Runs a program of the image inside, as `docker exec` and a probe do. */
  async exec(program: string[], env: Record<string, string> = {}): Promise<Finished> {
    const [uid = "", gid = uid] = this.#launch.config.User.split(":");
    const namespaces = ["--mount", "--pid", "--net", "--ipc", "--uts", "--root", "--wd"];
    const enter = ["/usr/bin/nsenter", "--target", String(this.pid), ...namespaces, "--setgid", gid, "--setuid", uid];
    return finish([...enter, ...program], { env: { ...environment(this.#launch), ...env } });
  }

  /** Runs a program of this machine in the container's network; returns its standard output without the line's end. */
  async inNetwork(program: string[]): Promise<string> {
    const finished = await finish(["nsenter", "--target", String(this.pid), "--net", ...program]);
    return finished.stdout.trim();
  }

  /** Sends the server a signal and waits for its end; returns the exit code. */
  async stop(signal: NodeJS.Signals): Promise<number> {
    process.kill(this.pid, signal);
    return this.#process.exited;
  }

  /** Ends it, if it still runs: as process 1 it takes all that is in the container with it. */
  async destroy(): Promise<void> {
    try {
      process.kill(this.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#process.exited;
  }
}
