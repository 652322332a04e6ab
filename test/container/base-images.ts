/**
 * Stand-ins for the Dockerfile's two base images, made of files of this Debian machine, for a place without an image
 * registry. They hold no more than the real ones do in what matters here: what is missing there is missing here.
 */
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Buildah } from "./buildah.ts";
import { run } from "./run.ts";

const TRUST_STORE = "/etc/ssl/certs/ca-certificates.crt";

/** What the builder's RUN lines need: a shell, mkdir, and the C library that bun is linked with. */
const BUILDER_PACKAGES = [
  "base-files",
  "coreutils",
  "dash",
  "libacl1",
  "libattr1",
  "libc6",
  "libgmp10",
  "libpcre2-8-0",
  "libselinux1",
];

/** What distroless/base is made of. */
const DISTROLESS_PACKAGES = ["base-files", "ca-certificates", "libc6", "libssl3", "netbase", "tzdata"];

const DOCUMENTATION = /^\/usr\/share\/(?:doc|info|lintian|locale|man)\//;

/** Directories that are links into /usr on Debian; the copied files go through them. */
const MERGED = ["bin", "lib", "lib64", "sbin"];

/** The names of the Dockerfile's base images, in the order of its stages. */
export function baseImageNames(dockerfile: string): { builder: string; runtime: string } {
  const names = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1]!);
  if (names.length !== 2) throw new Error(`the Dockerfile has ${names.length} stages, not 2`);
  return { builder: names[0]!, runtime: names[1]! };
}

async function copyPackages(rootfs: string, packages: string[]): Promise<void> {
  for (const name of MERGED) {
    mkdirSync(join(rootfs, "usr", name), { recursive: true });
    symlinkSync(`usr/${name}`, join(rootfs, name));
  }
  for (const name of ["dev", "etc", "proc", "root", "sys", "tmp"]) mkdirSync(join(rootfs, name), { recursive: true });
  const listed = await run(["dpkg-query", "--listfiles", ...packages]);
  const merged = new Set(MERGED.map((name) => `/${name}`));
  const paths = listed.split("\n").filter((path) => path.startsWith("/") && !DOCUMENTATION.test(path));
  const archive = join(rootfs, "..", "packages.tar");
  const wanted = [...new Set(paths)].filter((path) => path !== "/." && !merged.has(path)).join("\n");
  await run(["tar", "-cf", archive, "--no-recursion", "--ignore-failed-read", "-T", "-"], { stdin: wanted });
  await run(["tar", "-xf", archive, "-C", rootfs, "--keep-directory-symlink"]);
}

function writeAccounts(rootfs: string, accounts: [name: string, id: number, home: string][]): void {
  const passwd = accounts.map(([name, id, home]) => `${name}:x:${id}:${id}:${name}:${home}:/sbin/nologin\n`);
  const group = accounts.map(([name, id]) => `${name}:x:${id}:\n`);
  writeFileSync(join(rootfs, "etc/passwd"), passwd.join(""));
  writeFileSync(join(rootfs, "etc/group"), group.join(""));
}

function trustWhatThisMachineTrusts(rootfs: string): void {
  mkdirSync(join(rootfs, "etc/ssl/certs"), { recursive: true });
  copyFileSync(TRUST_STORE, join(rootfs, TRUST_STORE));
}

/** The builder: this test's own bun executable, a shell, and this machine's certificates for `bun install`. */
export async function makeBuilderImage(buildah: Buildah, name: string, scratch: string): Promise<void> {
  const rootfs = join(scratch, "builder");
  await copyPackages(rootfs, BUILDER_PACKAGES);
  writeAccounts(rootfs, [["root", 0, "/root"]]);
  trustWhatThisMachineTrusts(rootfs);
  mkdirSync(join(rootfs, "usr/local/bin"), { recursive: true });
  copyFileSync(process.execPath, join(rootfs, "usr/local/bin/bun"));
  const path = "PATH=/usr/local/bin:/usr/bin:/bin";
  await buildah.importRootfs(rootfs, name, ["--env", path, "--env", `NODE_EXTRA_CA_CERTS=${TRUST_STORE}`]);
}

/** The runtime: the C library, certificates, time zones, the account 65532, and nothing that could be run by hand. */
export async function makeRuntimeImage(buildah: Buildah, name: string, scratch: string): Promise<void> {
  const rootfs = join(scratch, "runtime");
  await copyPackages(rootfs, DISTROLESS_PACKAGES);
  await run(["find", join(rootfs, "usr/bin"), join(rootfs, "usr/sbin"), "!", "-type", "d", "-delete"]);
  writeAccounts(rootfs, [
    ["root", 0, "/root"],
    ["nonroot", 65532, "/nonexistent"],
  ]);
  trustWhatThisMachineTrusts(rootfs);
  const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const config = ["--env", path, "--env", `SSL_CERT_FILE=${TRUST_STORE}`, "--user", "65532"];
  await buildah.importRootfs(rootfs, name, config);
}
