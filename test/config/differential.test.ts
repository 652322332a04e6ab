import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemHost } from "../../src/config/host.ts";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigStore } from "../../src/config/store.ts";
import { requireRedisServer, startRedis } from "../support/oracle.ts";
import { RawConnection } from "../support/raw.ts";
import { parseReply, texts } from "../support/reply.ts";
import { readAnswers } from "./fixtures/answers.ts";
import { askDefaults, askLines, askSets, type SetAnswer } from "./fixtures/ask.ts";

const redis = requireRedisServer();

/** Command lines that are refused; the arguments of each are separated by `|`. */
const REFUSED = `
--port
--port|--loglevel|verbose
--port|7000|--bogus|1
--save|--bogus|1
--SAVE|--bogus|1
--save||--bogus|1
--save|1 2|--bogus|1
--save|1|2|--save|3|4|--bogus
--save|||--bogus
--port=7000
--port|"7000"
--port|'7000'
--port '7000'|--bogus|1
--port 7000|--bogus|1
--logfile|a "b|--bogus|x\\y"
--logfile "a b|--y
--logfile a b|--y
--requirepass|--port|--port|1|--bogus|y
--requirepass|--x|--bogus|y
--port|70000
--PORT|1|--BOGUS|1
--client-output-buffer-limit|normal 1 1 1|--bogus|1
--bind|1.1.1.1|2.2.2.2|--bogus
--bind||--bogus
--bind|--x|--y
|--bogus|1
--port|--|7
--port|5|-|--hz|5
--port|-1
-x
--logfile|größe|--bogus|é
--shutdown-on-sigint|--port|1
--shutdown-on-sigint|nosave|force|now|--bogus
--oom-score-adj-values|1|2
--version=1
--port|1|-v
--dir|/nonexistent
`;

/** Files and options that are accepted. */
const ACCEPTED: readonly (readonly [file: string, argv: readonly string[]])[] = [
  [
    "save 900 1\nclient-output-buffer-limit normal 1 1 1\nclient-output-buffer-limit pubsub 2kb 2 2\n",
    ["--save", "100 100"],
  ],
  ["save 900 1\nsave 300 10\r\nsave 60 10000\n", ["--save", "--hz", "20"]],
  ["save\nsave 2 2\nsave\n", ["--save", "5 5", "--save", "6", "6"]],
  [
    "hash-max-listpack-entries 20\nhash-max-ziplist-entries 21\n",
    ["--proc-title-template", "--my--title", "--hz", "11"],
  ],
  ["  TIMEOUT  '5'\n# x\nmaxmemory 100mb\nmasterauth \"a\\x00b\\n\"", ["--loglevel", "verbose", "--maxmemory '700mb'"]],
  [
    "slave-priority 7\nlua-time-limit 9\n",
    ["--notify-keyspace-events", "KEA", "--shutdown-on-sigterm", "force", "nosave"],
  ],
];
const COMPARED = [
  [
    "save",
    "client-output-buffer-limit",
    "hz",
    "hash-max-*",
    "proc-title-template",
    "timeout",
    "maxmemory*",
    "masterauth",
  ],
  ["loglevel", "*-priority", "busy-reply-threshold", "lua-time-limit", "notify-keyspace-events", "shutdown-on-*"],
].flat();

/** What is printed from the place of the error on. */
function complaint(text: string): string {
  const lines = text.trimEnd().split("\n");
  return lines.slice(lines.findIndex((line) => line.startsWith("Reading the configuration"))).join("\n");
}

function inFolder(work: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "go-redis-config-"));
  return Promise.resolve(work(folder)).finally(() => rmSync(folder, { recursive: true, force: true }));
}

describe.skipIf(redis === undefined)("redis-server", () => {
  test("still gives the answers that were written down", async () => {
    expect(await askSets()).toEqual(readAnswers("sets"));
    expect(askLines()).toEqual(readAnswers("lines"));
    expect(await askDefaults()).toEqual(readAnswers("defaults"));
  });

  test("complains of the same command lines in the same words", () => {
    for (const line of REFUSED.slice(1, -1).split("\n")) {
      const argv = line.split("|");
      const theirs = spawnSync(redis ?? "", argv, { encoding: "utf8", input: "" });
      const ours = loadConfig({ argv, env: {}, product: "go-redis" });
      expect(ours.action === "fail" ? complaint(ours.error) : line).toBe(complaint(theirs.stderr));
    }
  });

  test("understands files and options in the same way", async () => {
    for (const [text, argv] of ACCEPTED) {
      await inFolder(async (folder) => {
        const file = join(folder, "redis.conf");
        writeFileSync(file, text);
        // Last, because after an include redis-server takes a further line of `save` for the only one.
        const args = [...argv, "--include", file];
        const ours = loadConfig({ argv: args, env: {}, product: "go-redis" });
        if (ours.action !== "run") throw new Error(JSON.stringify(ours));
        expect(ours.config.get(COMPARED).sort()).toEqual((await theirConfig(args)).sort());
      });
    }
  });

  test("reads what CONFIG REWRITE writes", async () => {
    await inFolder((folder) => {
      const config = new ConfigStore({ ...systemHost(), cwd: folder });
      const accepted = readAnswers<SetAnswer>("sets").filter(([, , answer]) => answer.startsWith("= "));
      const values = new Map(accepted.map(([name, value]) => [name, value]));
      for (const [name, value] of values) expect(config.set([[name, value]])).toBeUndefined();
      config.file = join(folder, "redis.conf");
      expect(config.rewrite()).toBeUndefined();
      const said = spawnSync(redis ?? "", ["-"], { encoding: "utf8", input: `${readFileSync(config.file)}end 1\n` });
      expect(complaint(said.stderr)).toContain("\n>>> 'end 1'\n");
    });
  });
});

/** What CONFIG GET shows of a redis-server that is started with these arguments. */
async function theirConfig(argv: readonly string[]): Promise<[string, string][]> {
  const server = await startRedis(argv);
  const connection = await RawConnection.connect(server.port);
  const flat = texts(parseReply(await connection.command(...["CONFIG", "GET", ...COMPARED])));
  connection.close();
  await server.stop();
  return flat.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name ?? "", flat[i + 1] ?? ""]] : []));
}
