import { describe, expect, test } from "bun:test";
import { type LoadResult, loadConfig } from "../../src/config/load.ts";
import type { ConfigStore } from "../../src/config/store.ts";
import { fakeHost } from "./fixtures/host.ts";

interface Start {
  readonly files?: Record<string, string>;
  readonly stdin?: string;
  readonly env?: Record<string, string>;
  readonly renameCommand?: (from: string, to: string) => string | undefined;
}

function load(argv: readonly string[], { files, stdin, env = {}, ...rest }: Start = {}): LoadResult {
  return loadConfig({ argv, env, product: "go-redis 1.2.3", host: fakeHost(files, stdin), ...rest });
}

function loaded(argv: readonly string[], start: Start = {}): ConfigStore {
  const result = load(argv, start);
  if (result.action === "run" || result.action === "healthcheck") return result.config;
  throw new Error(JSON.stringify(result));
}

function failure(argv: readonly string[], start: Start = {}): string {
  const result = load(argv, start);
  return result.action === "fail" ? result.error : `no failure but ${result.action}`;
}

/** The failure without its heading: place, line, reason. */
function failureLines(argv: readonly string[], start: Start = {}): string[] {
  return failure(argv, start).split("\n").slice(2);
}

const texts = (config: ConfigStore, ...names: string[]) => config.get(names).map(([, text]) => text);
const atLine = (line: number) => `Reading the configuration file, at line ${line}`;

describe("the command line", () => {
  test("without arguments asks for the defaults", () => {
    const result = load([]);
    expect(result.action).toBe("run");
    expect("withoutEffect" in result && result.withoutEffect).toEqual([]);
    expect(loaded([]).file).toBeUndefined();
  });

  test("may ask for the version or help, whatever follows", () => {
    expect(load(["-v"])).toEqual({ action: "version" });
    expect(load(["--version", "--port", "x"])).toEqual({ action: "version" });
    expect(load(["-h", "x"])).toEqual({ action: "help" });
    expect(load(["--help"])).toEqual({ action: "help" });
  });

  test("reads the configuration for a health check like that of the server", () => {
    const start = { files: { "/work/r.conf": "port 7000\n" }, env: { GO_REDIS_TIMEOUT: "5" } };
    expect(load(["--healthcheck"]).action).toBe("healthcheck");
    expect(texts(loaded(["--healthcheck", "r.conf", "--hz", "20"], start), "port", "timeout", "hz")).toEqual([
      "7000",
      "5",
      "20",
    ]);
  });

  test("takes a file and options over it", () => {
    const config = loaded(["a/r.conf", "--port", "7001"], { files: { "/work/a/r.conf": "port 7000\ntimeout 3" } });
    expect(texts(config, "port", "timeout")).toEqual(["7001", "3"]);
    expect(config.file).toBe("/work/a/r.conf");
  });

  test("takes the words of an option up to the next one", () => {
    const config = loaded([
      "--client-output-buffer-limit",
      "normal",
      "1",
      "2",
      "3",
      "pubsub",
      "4",
      "5",
      "6",
      "--port",
      "1",
    ]);
    expect(texts(config, "client-output-buffer-limit", "port")).toEqual([
      "normal 1 2 3 slave 268435456 67108864 60 pubsub 4 5 6",
      "1",
    ]);
  });

  test("takes all words of a value in one argument", () => {
    const config = loaded(["--save", "900 1 60 5", "--shutdown-on-sigint", "nosave force", "--bind", "127.0.0.1 ::1"]);
    expect(texts(config, "save", "shutdown-on-sigint", "bind")).toEqual([
      "900 1 60 5",
      "nosave force",
      "127.0.0.1 ::1",
    ]);
  });

  test("takes name and value in one argument, with quotes as in a file", () => {
    const config = loaded(["--maxmemory 700mb", "--logfile 'a b'", "--maxmemory-policy volatile-lru"]);
    expect(texts(config, "maxmemory", "logfile", "maxmemory-policy")).toEqual(["734003200", "a b", "volatile-lru"]);
  });

  test("takes quotes within a value of its own as they are", () => {
    expect(texts(loaded(["--masterauth", `"a' \\x`]), "masterauth")).toEqual([`"a' \\x`]);
    expect(failureLines(["--port", '"7000"'])).toEqual([
      atLine(2),
      `>>> 'port "\\"7000\\""'`,
      "argument couldn't be parsed into an integer",
    ]);
  });

  test("takes a value that begins with dashes when nothing else can be meant", () => {
    const config = loaded(["--proc-title-template", "--my--title", "--loglevel", "verbose"]);
    expect(texts(config, "proc-title-template", "loglevel")).toEqual(["--my--title", "verbose"]);
    expect(failureLines(["--port", "--loglevel", "verbose"])[1]).toBe(`>>> 'port "--loglevel" "verbose"'`);
  });

  test("clears the save points with an option that has no value", () => {
    const files = { "/work/r.conf": "save 900 1\n" };
    for (const argv of [
      ["--save", "--port", "1"],
      ["--port", "1", "--save"],
      ["--SAVE", "--port", "1"],
      ["--save", "", "--port", "1"],
    ]) {
      expect(texts(loaded(["r.conf", ...argv], { files }), "save", "port")).toEqual(["", "1"]);
    }
    expect(texts(loaded(["--proc-title-template", "--save", "--save"]), "proc-title-template", "save")).toEqual([
      "--save",
      "",
    ]);
  });

  test("takes an option without dashes right after the file", () => {
    expect(
      texts(loaded(["r.conf", "loglevel", "verbose", "--hz", "5"], { files: { "/work/r.conf": "" } }), "loglevel"),
    ).toEqual(["verbose"]);
  });

  test("reads standard input for a dash at either end", () => {
    const start = { files: { "/work/r.conf": "port 1\ntimeout 1" }, stdin: "timeout 2\n" };
    expect(texts(loaded(["-"], start), "timeout")).toEqual(["2"]);
    expect(texts(loaded(["-", "--hz", "5"], start), "timeout", "hz")).toEqual(["2", "5"]);
    expect(texts(loaded(["r.conf", "--hz", "5", "-"], start), "port", "timeout", "hz")).toEqual(["1", "2", "5"]);
    expect(failureLines(["--port", "5", "-", "--hz", "5"])[1]).toBe(`>>> 'port "5" "-"'`);
  });

  test("knows no --name=value", () => {
    expect(failureLines(["--port=7000"])).toEqual([
      atLine(2),
      ">>> 'port=7000'",
      "Bad directive or wrong number of arguments",
    ]);
  });

  test("keeps text in UTF-8 as it is", () => {
    expect(loaded(["--logfile", "größe"]).values.logfile).toBe("größe");
  });
});

describe("a configuration file", () => {
  const read = (text: string) => loaded(["r.conf"], { files: { "/work/r.conf": text } });
  const refused = (text: string) => failureLines(["r.conf"], { files: { "/work/r.conf": text } });

  test("has comments, blank lines, quotes, any case and Windows line ends", () => {
    const config = read(`# port 1\r\n\r\n  PORT  7000\r\n\ttimeout '5'\r\nrequirepass "a\\x41\\n"\r\n`);
    expect(texts(config, "port", "timeout", "requirepass")).toEqual(["7000", "5", "aA\n"]);
  });

  test("knows comments only at the beginning of a line", () => {
    expect(refused("port 1 # x")).toEqual([atLine(1), ">>> 'port 1 # x'", "wrong number of arguments"]);
  });

  test("says where and why it is refused", () => {
    const heading = "\n*** FATAL CONFIG FILE ERROR (go-redis 1.2.3) ***\n";
    const start = { files: { "/work/r.conf": "\n# x\n   PORT   abc\t\r\n" } };
    expect(failure(["r.conf"], start)).toBe(
      `${heading}${atLine(3)}\n>>> 'PORT   abc'\nargument couldn't be parsed into an integer`,
    );
  });

  test("counts the lines of options after its own", () => {
    const line = (text: string) =>
      failureLines(["r.conf", "--hz", "1", "--bogus"], { files: { "/work/r.conf": text } })[0];
    expect(failureLines(["--hz", "1", "--bogus"])[0]).toBe(atLine(3));
    expect(line("port 1\n")).toBe(atLine(4));
  });

  test("adds up save points and limits, and takes the last of everything else", () => {
    const config = read(
      "save 900 1\nsave 60 5\nbind 1.1.1.1\nbind 127.0.0.1\nclient-output-buffer-limit pubsub 1 1 1\nclient-output-buffer-limit normal 2 2 2\n",
    );
    expect(texts(config, "save", "bind", "client-output-buffer-limit")).toEqual([
      "900 1 60 5",
      "127.0.0.1",
      "normal 2 2 2 slave 268435456 67108864 60 pubsub 1 1 1",
    ]);
    expect(texts(read('save 1 1\nsave ""\nsave 2 2\n'), "save")).toEqual(["2 2"]);
    expect(texts(read("save 1 1\nsave\n"), "save")).toEqual(["1 1"]);
  });

  test("gets save points added by options", () => {
    const files = { "/work/r.conf": "save 900 1\n" };
    expect(texts(loaded(["r.conf", "--save", "100 100"], { files }), "save")).toEqual(["900 1 100 100"]);
  });

  test("that is missing ends the start", () => {
    const error = "Fatal error, can't open config file '/work/nosuch.conf': No such file or directory";
    expect(failure(["nosuch.conf"])).toBe(error);
  });

  test("resolves a relative folder where it is started", () => {
    expect(loaded(["--dir", "data"], { files: { "/work/data/x": "" } }).values.dir).toBe("/work/data");
    expect(refused("dir nosuch")[2]).toBe("No such file or directory");
  });

  test("is refused where it asks for what the server cannot do", () => {
    for (const line of [
      "cluster-enabled yes",
      "replicaof 10.0.0.1 6379",
      "slaveof a 1",
      "tls-port 6380",
      "aclfile users.acl",
    ]) {
      expect(refused(line)[1]).toBe(`>>> '${line}'`);
      expect(refused(line)[2]).toContain("go-redis ");
    }
    for (const line of ["loadmodule x.so", "user bob on", "rename-command get ''", "sentinel monitor m 1 2 3"]) {
      expect(refused(line)[0]).toBe(atLine(1));
    }
    expect(texts(read("cluster-enabled no\nreplicaof no one\ntls-port 0\naclfile ''\n"), "replicaof")).toEqual([""]);
  });

  test("names directives that have no effect when they are not at their default", () => {
    const result = load(["--io-threads", "4", "--activerehashing", "yes", "--activedefrag", "no"]);
    expect("withoutEffect" in result && result.withoutEffect).toEqual(["io-threads"]);
  });
});

describe("include", () => {
  const files = {
    "/work/r.conf": "include conf.d/*.conf\ninclude one.conf\ninclude none*.conf\ntimeout 9\n",
    "/work/conf.d/b.conf": "port 2\nhz 2",
    "/work/conf.d/a.conf": "port 1",
    "/work/conf.d/.hidden.conf": "bogus",
    "/work/one.conf": "timeout 1\nhz 7",
  };

  test("reads files in alphabetical order at its place", () => {
    expect(texts(loaded(["r.conf"], { files }), "port", "hz", "timeout")).toEqual(["2", "7", "9"]);
  });

  test("works on the command line", () => {
    expect(texts(loaded(["--include", "/work/on[e].conf"], { files }), "hz")).toEqual(["7"]);
  });

  test("is relative to the data folder once that is set", () => {
    const moved = { "/data/x.conf": "hz 3", "/work/r.conf": "dir /data\ninclude x.conf" };
    expect(texts(loaded(["r.conf"], { files: moved }), "hz")).toEqual(["3"]);
  });

  test("names the file of an error", () => {
    const broken = { "/work/r.conf": "include x.conf", "/work/x.conf": "\nbogus" };
    expect(failureLines(["r.conf"], { files: broken })[0]).toBe(
      "Reading the configuration file '/work/x.conf', at line 2",
    );
  });

  test("wants a file that is named to be there", () => {
    const missing = { "/work/r.conf": "include x.conf" };
    expect(failure(["r.conf"], { files: missing })).toBe(
      "Fatal error, can't open config file '/work/x.conf': No such file or directory",
    );
  });

  test("ends when files include each other", () => {
    const loop = { "/work/r.conf": "include r.conf" };
    expect(failureLines(["r.conf"], { files: loop })[2]).toBe("Files include each other more than 16 levels deep");
  });
});

describe("the environment", () => {
  test("counts more than the file and less than the command line", () => {
    const files = { "/work/r.conf": "port 1\nhz 1\ntimeout 1\n" };
    const env = { GO_REDIS_PORT: "2", GO_REDIS_HZ: "2" };
    expect(texts(loaded(["r.conf", "--port", "3"], { files, env }), "port", "hz", "timeout")).toEqual(["3", "2", "1"]);
  });

  test("takes values whole, and splits those of several words", () => {
    const env = {
      GO_REDIS_CLIENT_OUTPUT_BUFFER_LIMIT: "pubsub 32mb 8mb 61",
      GO_REDIS_REQUIREPASS: `a "b' # c`,
      GO_REDIS_BIND: "* -::*",
      GO_REDIS_SERVER_CPULIST: "0-1",
      GO_REDIS_LOGFILE: "größe",
    };
    const config = loaded([], { env });
    expect(config.values["client-output-buffer-limit"].pubsub.softSeconds).toBe(61);
    expect(config.values.bind).toEqual(["*", "-::*"]);
    expect(config.values.logfile).toBe("größe");
    expect(texts(config, "requirepass", "server-cpulist")).toEqual([`a "b' # c`, "0-1"]);
  });

  test("replaces the file's save points, and is replaced by those of the command line", () => {
    const files = { "/work/r.conf": "save 900 1\n" };
    const env = { GO_REDIS_SAVE: "60 5" };
    expect(texts(loaded(["r.conf"], { files, env }), "save")).toEqual(["60 5"]);
    expect(texts(loaded(["r.conf", "--save", "1 1", "--save", "2 2"], { files, env }), "save")).toEqual(["1 1 2 2"]);
    expect(texts(loaded(["r.conf"], { files, env: { GO_REDIS_SAVE: "" } }), "save")).toEqual([""]);
  });

  test("ends the start with an unknown variable or a bad value", () => {
    expect(failureLines([], { env: { GO_REDIS_BOGUS: "1" } })).toEqual([
      "Reading the environment",
      ">>> 'GO_REDIS_BOGUS=1'",
      "Bad directive or wrong number of arguments",
    ]);
    expect(failureLines([], { env: { GO_REDIS_PORT: "abc" } })[2]).toBe("argument couldn't be parsed into an integer");
  });

  test("ignores what orchestrators tell of a service with the server's name", () => {
    const env = {
      GO_REDIS_PORT: "tcp://10.0.0.5:6379",
      GO_REDIS_SERVICE_HOST: "10.0.0.5",
      GO_REDIS_SERVICE_PORT_REDIS: "6379",
      GO_REDIS_PORT_6379_TCP_ADDR: "10.0.0.5",
      PORT: "1",
    };
    expect(texts(loaded([], { env }), "port")).toEqual(["6379"]);
  });
});

describe("rename-command", () => {
  test("is handed to whoever knows commands", () => {
    const renames: string[][] = [];
    const renameCommand = (from: string, to: string) => void renames.push([from, to]);
    loaded(["-"], { stdin: 'rename-command CONFIG ""\nrename-command flushdb badger\n', renameCommand });
    expect(renames).toEqual([
      ["CONFIG", ""],
      ["flushdb", "badger"],
    ]);
  });

  test("fails with the reason of whoever knows commands", () => {
    const renameCommand = () => "No such command in rename-command";
    expect(failureLines(["-"], { stdin: "rename-command a b", renameCommand })[2]).toBe(
      "No such command in rename-command",
    );
  });

  test("is not ignored where nobody takes it", () => {
    expect(failureLines(["-"], { stdin: 'rename-command CONFIG ""' })[2]).toBe("go-redis cannot rename commands");
  });
});
