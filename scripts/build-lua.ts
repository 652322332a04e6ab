/**
 * Builds src/script/lua.wasm: Lua 5.1.5 with Redis's libraries, from the source package that Debian has of redis, and our glue.
 *
 *   bun scripts/build-lua.ts                      builds it
 *   bun scripts/build-lua.ts --check              builds it elsewhere and compares; passes when the tools are missing, and says so
 *   bun scripts/build-lua.ts --sources <folder>   takes Lua's folder (deps/lua/src) from there instead of fetching it
 *
 * Needs Debian's clang-14, lld-14, wasi-libc, libclang-rt-14-dev-wasm32, and dpkg-dev to fetch. Equal tools give equal bytes.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const GLUE = join(ROOT, "src/script/lua");
const TARGET = join(ROOT, "src/script/lua.wasm");
const TOOLS = ["clang-14", "wasm-ld-14"];
const MACHINE = [
  "--target=wasm32-wasi",
  "-O3",
  "-mbulk-memory",
  "-msign-ext",
  "-ftls-model=local-exec",
  "-DNDEBUG",
  "-DLUA_ANSI",
  "-DENABLE_CJSON_GLOBAL",
  "-Dexit=give_up",
  "-w",
];

const CORE =
  "lapi lcode ldebug ldo ldump lfunc lgc llex lmem lobject lopcodes lparser lstate lstring ltable ltm lundump lvm lzio";
const LIBRARIES = "lauxlib lbaselib lmathlib lstrlib ltablib lua_bit lua_cjson lua_cmsgpack lua_struct fpconv strbuf";
const OURS = "api buffer glue memory nostdio numbers sandbox straight values";

/** Functions of which a library gets ours. */
const RENAMED: Record<string, string[]> = {
  lbaselib: ["-DluaL_loadfile=no_file"],
  lua_cjson: ["-Dfpconv_g_fmt=json_number"],
};

const SOURCES = [
  "deb-src http://deb.debian.org/debian bookworm main",
  "deb-src http://deb.debian.org/debian-security bookworm-security main",
  "",
].join("\n");

const LINK = [
  "-nostartfiles",
  "-Wl,--no-entry,--stack-first,--gc-sections,--strip-all,--max-memory=2147483648",
  "-Wl,-z,stack-size=1048576",
];

/** The exit code and all that was printed. */
function run(command: string[], cwd = ROOT): { ok: boolean; text: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd, stdout: "pipe", stderr: "pipe" });
  return { ok: exitCode === 0, text: `${stdout}${stderr}` };
}

function mustRun(command: string[], cwd?: string): void {
  const { ok, text } = run(command, cwd);
  if (!ok) throw new Error(`${command.join(" ")}\n${text}`);
}

/**
 * Fetches Debian's source package, with its security patches applied, and answers where Lua is in it. Apt is told of sources in a
 * folder of its own, so that nothing of the machine's settings matters or changes.
 */
function fetchSources(work: string): string {
  mkdirSync(join(work, "lists/partial"), { recursive: true });
  writeFileSync(join(work, "sources.list"), SOURCES);
  const apt = ["apt-get", "-o", "Dir::Etc::sourceparts=-", "-o", "APT::Sandbox::User=root"];
  apt.push("-o", `Dir::Etc::sourcelist=${work}/sources.list`, "-o", `Dir::State::lists=${work}/lists`);
  mustRun([...apt, "update"], work);
  mustRun([...apt, "source", "redis"], work);
  rmSync(join(work, "lists"), { recursive: true });
  const folder = readdirSync(work, { withFileTypes: true }).find((entry) => entry.isDirectory());
  if (folder === undefined) throw new Error("the source package of redis has no folder");
  return join(work, folder.name, "deps/lua/src");
}

function replaceOnce(path: string, from: string, to: string): void {
  const text = readFileSync(path, "utf8");
  if (text.split(from).length !== 2) throw new Error(`${path} should have "${from}" once`);
  writeFileSync(path, text.replace(from, to));
}

/** The few places that macros do not reach. */
function adapt(sources: string): void {
  const config = join(sources, "luaconf.h");
  writeFileSync(config, readFileSync(config, "utf8") + readFileSync(join(GLUE, "luaconf-wasm.h"), "utf8"));
  replaceOnce(join(sources, "ldo.c"), "#include <setjmp.h>", "");
  replaceOnce(join(sources, "lua_cjson.c"), '#include "../../../src/solarisfixes.h"', "");
  replaceOnce(
    join(sources, "lstrlib.c"),
    "(unsigned LUA_INTFRM_T)luaL_checknumber(L, arg)",
    "unsigned_of(luaL_checknumber(L, arg))",
  );
  replaceOnce(join(sources, "lua_struct.c"), "return sizeof(size_t);", "return 8;");
}

function compile(work: string, sources: string): string {
  const wide = join(GLUE, "wide.h");
  const objects: string[] = [];
  const add = (folder: string, name: string, extra: string[]) => {
    const object = join(work, `${name.replace(".", "-")}.o`);
    mustRun(
      ["clang-14", ...MACHINE, ...extra, "-I", sources, "-I", GLUE, "-c", join(folder, name), "-o", object],
      work,
    );
    objects.push(object);
  };
  for (const name of CORE.split(" "))
    add(sources, `${name}.c`, name === "lobject" ? ["-DLUA_CORE=", "-include", wide] : []);
  for (const name of LIBRARIES.split(" ")) add(sources, `${name}.c`, [...(RENAMED[name] ?? []), "-include", wide]);
  for (const name of OURS.split(" ")) add(GLUE, `${name}.c`, []);
  add(GLUE, "throw.cc", ["-fwasm-exceptions"]);
  const result = join(work, "lua.wasm");
  mustRun(["clang-14", ...MACHINE, ...LINK, ...objects, "-o", result], work);
  return result;
}

const check = process.argv.includes("--check");
const given = process.argv.indexOf("--sources");
const missing = TOOLS.filter((tool) => Bun.which(tool) === null);
if (missing.length > 0) {
  console.log(`lua.wasm is not rebuilt: ${missing.join(", ")} not found`);
  process.exit(check ? 0 : 1);
}

const work = mkdtempSync(join(tmpdir(), "build-lua-"));
try {
  const sources = join(work, "lua");
  cpSync(given < 0 ? fetchSources(work) : process.argv[given + 1], sources, { recursive: true });
  adapt(sources);
  const built = readFileSync(compile(work, sources));
  const sha256 = new Bun.CryptoHasher("sha256").update(built).digest("hex");
  if (!check) {
    writeFileSync(TARGET, built);
    console.log(`lua.wasm: ${built.length} bytes, sha256 ${sha256}`);
  } else if (!existsSync(TARGET) || !built.equals(readFileSync(TARGET))) {
    console.error(`src/script/lua.wasm is not what its sources give (sha256 ${sha256})`);
    process.exitCode = 1;
  } else {
    console.log("lua.wasm is what its sources give");
  }
} finally {
  rmSync(work, { recursive: true });
}
