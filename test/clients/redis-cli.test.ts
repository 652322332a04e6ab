// redis-cli's own modes: what people look at a server with.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireRedisServer, type Server, startOurs } from "../support/oracle.ts";

const TIMEOUT_MS = 20_000;
// Modes that end only when they are told to would keep their output for themselves in a pipe.
const UNBUFFERED = ["stdbuf", "-o0"];

describe.skipIf(requireRedisServer() === undefined || Bun.which("redis-cli") === null)("redis-cli", () => {
  let server: Server;
  beforeAll(async () => {
    server = await startOurs();
    await cli("DEBUG", "POPULATE", "1000", "key", "20");
    await cli("SET", "long", "x".repeat(5000));
    await cli("HSET", "hash", "a", "1", "b", "2");
    await cli("SADD", "set", "1", "2", "3");
  });
  afterAll(() => server.stop());

  const spawn = (args: readonly string[], input = "", before: readonly string[] = []) =>
    Bun.spawn([...before, "redis-cli", "-p", String(server.port), ...args], {
      stdin: Buffer.from(input),
      stdout: "pipe",
      stderr: "pipe",
      timeout: TIMEOUT_MS,
    });

  /** All that it prints until it ends. */
  async function cli(...args: string[]): Promise<string> {
    return output(spawn(args));
  }

  async function output(child: ReturnType<typeof spawn>): Promise<string> {
    return (await child.stdout.text()) + (await child.stderr.text());
  }

  /** Reads until the output has that, and ends the program. */
  async function cliUntil(pattern: RegExp, ...args: string[]): Promise<string> {
    const child = spawn(args, "", UNBUFFERED);
    let text = "";
    for await (const chunk of child.stdout) {
      text += Buffer.from(chunk).toString("latin1");
      if (pattern.test(text)) break;
    }
    child.kill();
    await child.exited;
    return text;
  }

  test("--bigkeys finds the biggest of each type", async () => {
    const text = await cli("--bigkeys");
    expect(text).toContain("Sampled 1003 keys in the keyspace!");
    expect(text).toContain("Biggest string found '\"long\"' has 5000 bytes");
    expect(text).toContain("Biggest   hash found '\"hash\"' has ");
    expect(text).toContain("Biggest    set found '\"set\"' has 3 members");
  });

  test("--memkeys finds what takes most memory", async () => {
    const text = await cli("--memkeys", "--memkeys-samples", "5");
    expect(text).toMatch(/Biggest string found '"long"' has 5\d\d\d bytes/);
    expect(text).toContain("Sampled 1003 keys in the keyspace!");
  });

  test("--hotkeys finds what is asked for most, under an LFU policy", async () => {
    expect(await cli("--hotkeys")).toContain("ERR An LFU maxmemory policy is not selected");
    await cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu");
    await output(spawn(["-r", "500", "GET", "key:7"]));
    expect(await cli("--hotkeys")).toMatch(/hot key found with counter: \d+\tkeyname: "key:7"/);
    await cli("CONFIG", "SET", "maxmemory-policy", "noeviction");
  });

  test("--scan lists keys that match a pattern", async () => {
    const names = (await cli("--scan", "--pattern", "key:1*")).trim().split("\n");
    expect(names).toHaveLength(111);
    expect(new Set(names).size).toBe(111);
    expect((await cli("--scan")).trim().split("\n")).toHaveLength(1003);
  });

  test("--pipe transfers requests and counts errors", async () => {
    const requests = Array.from({ length: 5000 }, (_none, i) => `SET piped:${i} ${i}\r\n`);
    const text = await output(spawn(["--pipe"], `${requests.join("")}NOSUCH\r\nINCR piped:41\r\n`));
    expect(text).toContain("errors: 1, replies: 5002");
    expect(await cli("GET", "piped:41")).toBe("42\n");
  });

  test("--stat shows figures again and again", async () => {
    const text = await cliUntil(/\(\+1\)\s+\d+\s/, "--stat", "-i", "0.01");
    expect(text).toContain("keys       mem      clients blocked requests            connections");
    expect(text).toMatch(/\n6003 +\d+\.\d\d[KM] +1 +0 +\d+ \(\+1\)/);
  });

  test("--latency and --latency-history measure round trips", async () => {
    expect(await cliUntil(/\n/, "--latency", "-i", "0.1")).toMatch(/^\d+ \d+ \d+\.\d\d \d+\n$/);
    expect(await cliUntil(/seconds range/, "--latency-history", "-i", "0.1")).toMatch(/ -- 0\.1\d seconds range/);
  });

  test("--latency-dist shows a spectrum", async () => {
    const text = await cliUntil(/m\?.*\n/, "--latency-dist", "-i", "0.1");
    expect(text).toContain("1,2,3,...,9      from 1 to 9     milliseconds");
  });

  test("monitors, and prints what RESP3 tells of types", async () => {
    const watching = cliUntil(/"GET" "key:9"/, "MONITOR");
    let seen = false;
    void watching.then(() => (seen = true));
    while (!seen) await cli("GET", "key:9");
    expect(await watching).toMatch(/^OK\n\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "GET" "key:9"/);
    expect(await cli("-3", "--json", "HGETALL", "hash")).toBe('{"a":"1","b":"2"}\n');
  });
});
