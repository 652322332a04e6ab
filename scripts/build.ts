/**
 * Builds the standalone executable: `bun run build` writes dist/go-redis for this machine.
 *
 *   bun run build [--outfile PATH] [--target bun-linux-arm64 --runtime PATH]
 *
 * `--runtime` is the `bun` executable of the other platform (the npm package @oven/bun-linux-aarch64 holds one), so
 * that a cross build downloads nothing. The same sources and the same Bun give the same bytes, wherever they lie.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";

const ROOT = resolve(import.meta.dir, "..");

/** The first is the program; a worker started with `new Worker(new URL("./x.ts", import.meta.url))` must follow it. */
const ENTRY_POINTS = ["src/main.ts", "src/page-worker.ts", "src/snapshot-worker.ts"];

interface Options {
  readonly outfile: string;
  readonly target: Bun.Build.CompileTarget | undefined;
  readonly runtime: string | undefined;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      outfile: { type: "string", default: "dist/go-redis" },
      target: { type: "string" },
      runtime: { type: "string" },
    },
  });
  if ((values.target === undefined) !== (values.runtime === undefined)) {
    throw new Error("--target and --runtime belong together: a cross build needs that platform's bun executable");
  }
  return {
    outfile: resolve(values.outfile),
    target: values.target as Bun.Build.CompileTarget | undefined,
    runtime: values.runtime === undefined ? undefined : resolve(values.runtime),
  };
}

/**
 * The executable must run nothing that happens to lie in its working folder: bunfig.toml (its `preload` is code), .env,
 * tsconfig.json and package.json are all left unread.
 */
function compileOptions(options: Options): Bun.CompileBuildOptions {
  return {
    outfile: options.outfile,
    autoloadBunfig: false,
    autoloadDotenv: false,
    autoloadTsconfig: false,
    autoloadPackageJson: false,
    ...(options.target === undefined ? {} : { target: options.target }),
    ...(options.runtime === undefined ? {} : { executablePath: options.runtime }),
  };
}

async function build(options: Options): Promise<void> {
  mkdirSync(dirname(options.outfile), { recursive: true });
  await Bun.build({
    entrypoints: ENTRY_POINTS.map((path) => resolve(ROOT, path)),
    // A worker is looked for beside the program, which lies at the root of the executable's own file system.
    root: resolve(ROOT, "src"),
    target: "bun",
    format: "esm",
    // Less than half the time to start (102 ms to 42 ms until ready, both cores busy), for 2 MiB of file and no memory.
    bytecode: true,
    // Names stay as written, for the sake of the stack trace in a crash report; only dead branches go.
    minify: { syntax: true, whitespace: false, identifiers: false },
    define: { "process.env.NODE_ENV": JSON.stringify("production") },
    compile: compileOptions(options),
  });
}

const options = readOptions();
await build(options);
console.log(`${options.outfile}: ${(statSync(options.outfile).size / 2 ** 20).toFixed(1)} MiB`);
