import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { baseImageNames, makeBuilderImage, makeRuntimeImage } from "./base-images.ts";
import { Buildah, type ImageConfig } from "./buildah.ts";
import { run } from "./run.ts";
import { Sandbox } from "./sandbox.ts";

const ROOT = resolve(import.meta.dir, "../..");
const PROGRAM = "/usr/local/bin/go-redis";
const IMAGE = "localhost/go-redis:test";
const NEEDED = ["buildah", "dpkg-query", "ip", "nsenter", "redis-cli", "setpriv", "tar", "unshare"];

const missing = NEEDED.filter((program) => Bun.which(program) === null);
if (process.getuid?.() !== 0) missing.unshift("root");

/** On a developer's machine these tests may be left out; in CI what is missing there is a failure. */
const skipped = missing.length > 0 && process.env["CI"] === undefined;

setDefaultTimeout(300_000);

let scratch = "";
let rootfs = "";
let config: ImageConfig;

async function buildImage(): Promise<void> {
  if (missing.length > 0) throw new Error(`the container test needs: ${missing.join(", ")}`);
  const buildah = new Buildah(scratch);
  const names = baseImageNames(readFileSync(join(ROOT, "Dockerfile"), "utf8"));
  // buildah looks a name without a host up under docker.io, as Docker does.
  await makeBuilderImage(buildah, `docker.io/${names.builder}`, scratch);
  await makeRuntimeImage(buildah, names.runtime, scratch);
  // What this machine has installed once need not be downloaded again.
  const cache = (await run([process.execPath, "pm", "cache"])).trim();
  mkdirSync(cache, { recursive: true });
  await buildah.build(ROOT, IMAGE, `${cache}:/root/.bun/install/cache:rw`);
  config = await buildah.config(IMAGE);
  rootfs = await buildah.mount(IMAGE);
}

/** A folder as a new volume is: empty, with the owner and the mode of the image's own /data. */
function newVolume(name: string): string {
  const volume = join(scratch, name);
  const data = statSync(join(rootfs, "data"));
  mkdirSync(volume, { mode: data.mode });
  chownSync(volume, data.uid, data.gid);
  return volume;
}

function listing(directory: string): Promise<string> {
  return run(["find", directory, "-printf", "%P %m %U:%G %s %T@\\n"]);
}

async function withContainer(
  options: { volume: string; env?: Record<string, string>; args?: string[] },
  use: (sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  const sandbox = await Sandbox.start({ rootfs, config, ...options });
  try {
    await use(sandbox);
  } finally {
    await sandbox.destroy();
  }
}

describe.skipIf(skipped)("the container image", () => {
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "go-redis-container-"));
    await buildImage();
  });

  afterAll(() => {
    if (scratch !== "") rmSync(scratch, { recursive: true, force: true });
  });

  describe("as built from the Dockerfile", () => {
    test("runs the server itself, as an unprivileged user, with a volume at /data", () => {
      expect(config.Entrypoint).toEqual([PROGRAM]);
      expect(config.User).toBe("65532:65532");
      expect(config.WorkingDir).toBe("/data");
      expect(Object.keys(config.Volumes)).toEqual(["/data"]);
      expect(Object.keys(config.ExposedPorts)).toEqual(["6379/tcp"]);
      expect(config.Healthcheck.Test).toEqual(["CMD", PROGRAM, "--healthcheck"]);
    });

    test("sets no variable that changes what a Bun executable runs", () => {
      expect(config.Env.filter((entry) => entry.startsWith("BUN_"))).toEqual([]);
    });

    test("holds no shell, and no program but the server", async () => {
      const programs = await run([
        "find",
        rootfs,
        "-type",
        "f",
        "-perm",
        "/111",
        "-path",
        "*bin/*",
        "-printf",
        "/%P\\n",
      ]);
      expect(programs.trim()).toBe(PROGRAM);
      const shells = ["bin/sh", "bin/bash", "bin/dash", "busybox/sh", "usr/bin/env"];
      expect(shells.filter((shell) => existsSync(join(rootfs, shell)))).toEqual([]);
    });

    test("holds the very bytes that the build makes here", async () => {
      const outfile = join(scratch, "go-redis");
      await run([process.execPath, join(ROOT, "scripts/build.ts"), "--outfile", outfile]);
      const [inside, here] = (await run(["sha256sum", join(rootfs, PROGRAM), outfile])).split("\n");
      expect(inside!.split(" ")[0]).toBe(here!.split(" ")[0]!);
    });
  });

  describe("with a read-only root, as process 1", () => {
    test("serves from all addresses and keeps its data in the volume, and only there", async () => {
      const volume = newVolume("serve");
      const before = await listing(rootfs);
      await withContainer({ volume }, async (sandbox) => {
        expect(sandbox.proc("status")).toMatch(/^NSpid:\t\d+\t1$/m);
        expect(sandbox.proc("status")).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
        expect(sandbox.proc("status")).toMatch(/^CapEff:\t0+$/m);
        expect(await sandbox.inNetwork(["redis-cli", "-h", "127.0.0.2", "PING"])).toBe("PONG");
        expect(await sandbox.inNetwork(["redis-cli", "SET", "container-key", "kept"])).toBe("OK");
        expect(readdirSync(volume)).toContain("appendonlydir");
        expect(await run(["grep", "-rl", "container-key", volume])).toContain("appendonlydir/");
        expect(await sandbox.stop("SIGTERM")).toBe(0);
      });
      expect(await listing(rootfs)).toBe(before);
      await withContainer({ volume }, async (sandbox) => {
        expect(await sandbox.inNetwork(["redis-cli", "GET", "container-key"])).toBe("kept");
        expect(await sandbox.stop("SIGINT")).toBe(0);
      });
    });

    test("answers its own health check, which fails where nothing listens", async () => {
      await withContainer({ volume: newVolume("health") }, async (sandbox) => {
        const check = config.Healthcheck.Test.slice(1);
        expect(await sandbox.exec(check)).toMatchObject({ exitCode: 0 });
        expect(await sandbox.exec(check, { GO_REDIS_PORT: "6380" })).toMatchObject({ exitCode: 1 });
      });
    });

    test("takes a directive from the environment and arguments from behind the image's name", async () => {
      const volume = newVolume("options");
      const env = { GO_REDIS_PORT: "7001" };
      await withContainer({ volume, env, args: ["--appendonly", "no"] }, async (sandbox) => {
        expect(await sandbox.inNetwork(["redis-cli", "-p", "7001", "PING"])).toBe("PONG");
        expect(await sandbox.inNetwork(["redis-cli", "-p", "7001", "SET", "gone", "1"])).toBe("OK");
        expect(await sandbox.exec([PROGRAM, "--healthcheck"])).toMatchObject({ exitCode: 0 });
        expect(existsSync(join(volume, "appendonlydir"))).toBe(false);
      });
    });
  });
});
