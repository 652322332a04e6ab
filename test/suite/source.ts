/**
 * Gets the source of redis-server 7.0.15, for its tests, from the distribution whose redis-server is compared with; with the
 * distribution's patches, as tests came with corrections.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";

const VERSION = "7.0.15";
const ARCHIVE = new RegExp(`^redis_${VERSION.replaceAll(".", "\\.")}\\.orig\\.tar\\.`);
const PATCHES = new RegExp(`^redis_${VERSION.replaceAll(".", "\\.")}.*\\.debian\\.tar\\.`);
const APT_FOLDER = "/etc/apt";

/** The folder with the source, fetched if it is not there yet. */
export function suiteSource(): string {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "go-redis", `redis-${VERSION}`);
  if (existsSync(join(folder, "runtest"))) return folder;
  const work = mkdtempSync(join(tmpdir(), "go-redis-suite-"));
  try {
    download(work);
    const tree = join(work, "tree");
    mkdirSync(tree);
    run(["tar", "-xf", find(work, ARCHIVE), "-C", tree, "--strip-components=1"], work);
    run(["tar", "-xf", find(work, PATCHES), "-C", tree], work);
    applyPatches(tree);
    mkdirSync(dirname(folder), { recursive: true });
    run(["mv", tree, folder], work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

/** Downloads the source package by apt with lists of its own, as the machine's usually leave out source packages. */
function download(work: string): void {
  const parts = join(work, "parts");
  for (const folder of ["parts", "lists/partial", "archives/partial"])
    mkdirSync(join(work, folder), { recursive: true });
  writeSourceLists(parts);
  const settings = {
    "Dir::Etc::sourcelist": "/dev/null",
    "Dir::Etc::sourceparts": parts,
    "Dir::State::lists": join(work, "lists"),
    "Dir::Cache::archives": join(work, "archives"),
    "APT::Sandbox::User": "root",
  };
  const apt = ["apt-get", "-q", ...Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`])];
  // A list that has no source packages makes this fail; what counts is whether the next step finds the package.
  Bun.spawnSync([...apt, "update"], { stdout: "ignore", stderr: "ignore" });
  run([...apt, "source", "--download-only", "redis"], work);
}

function find(folder: string, pattern: RegExp): string {
  const name = readdirSync(folder).find((one) => pattern.test(one));
  if (name === undefined) throw new Error(`the distribution has no source of redis ${VERSION}`);
  return join(folder, name);
}

function applyPatches(tree: string): void {
  const patches = join(tree, "debian/patches");
  for (const name of readFileSync(join(patches, "series"), "utf8").split("\n")) {
    if (name !== "" && !name.startsWith("#"))
      run(["patch", "--strip=1", "--forward", `--input=${join(patches, name)}`], tree);
  }
}

/** Copies the machine's lists, turned from packages to source packages. */
function writeSourceLists(to: string): void {
  const parts = join(APT_FOLDER, "sources.list.d");
  for (const name of existsSync(parts) ? readdirSync(parts) : []) {
    const text = readFileSync(join(parts, name), "utf8");
    if (name.endsWith(".sources")) writeFileSync(join(to, name), text.replace(/^Types:.*/gm, "Types: deb-src"));
    else if (name.endsWith(".list")) writeFileSync(join(to, name), sourceLines(text));
  }
  const main = join(APT_FOLDER, "sources.list");
  if (existsSync(main)) writeFileSync(join(to, "main.list"), sourceLines(readFileSync(main, "utf8")));
}

function sourceLines(text: string): string {
  const lines = text.split("\n").filter((line) => line.startsWith("deb "));
  return lines.map((line) => line.replace("deb ", "deb-src ")).join("\n");
}

function run(command: string[], cwd: string): void {
  const { exitCode, stderr } = Bun.spawnSync(command, { cwd, stdout: "ignore" });
  if (exitCode !== 0) throw new Error(`${command.at(0)} failed: ${stderr.toString().slice(-1000)}`);
}
