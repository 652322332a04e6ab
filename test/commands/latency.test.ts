import { describe, expect, test } from "bun:test";
import { frame, LocalServer, lasting } from "./local-server.ts";

function watchingServer(thresholdMs = 10): LocalServer {
  const server = new LocalServer();
  server.observation.setLatencyThreshold(thresholdMs);
  return server;
}

/** Delays of an event, each in ms and so many seconds after the one before it. */
function delay(server: LocalServer, event: string, ...delays: (readonly [ms: number, afterSeconds: number])[]): void {
  for (const [ms, afterSeconds] of delays) {
    server.pass(afterSeconds * 1000);
    server.observation.latency.add(event, ms * 1000 + 999, server.keyspace.nowMs);
  }
}

describe("LATENCY", () => {
  test("is off at first", () => {
    const c = new LocalServer().connect();
    expect(c.say("LATENCY LATEST", "LATENCY HISTORY command", "LATENCY RESET")).toBe("*0\r\n*0\r\n:0\r\n");
    expect(c.say("LATENCY DOCTOR")).toContain("latency-monitor-threshold");
  });

  test("remembers commands that took long, the fast ones by themselves", () => {
    const server = watchingServer();
    const c = server.connect();
    for (const [ms, request] of [
      [9, "GET k"],
      [30, "GET k"],
      [40, "KEYS *"],
    ] as const) {
      lasting(server, ms, () => c.say(request));
    }
    const seconds = Math.floor(server.keyspace.nowMs / 1000);
    expect(c.say("LATENCY LATEST")).toBe(
      `*2\r\n${frame("*", 4, "fast-command", seconds, 30, 30)}${frame("*", 4, "command", seconds, 40, 40)}`,
    );
  });

  test("keeps the longest delay of a second, 160 seconds, and the longest of all", () => {
    const server = watchingServer();
    const c = server.connect();
    delay(server, "command", [99, 0], [50, 1], [20, 0], [60, 0], [9, 1]);
    const seconds = Math.floor(server.keyspace.nowMs / 1000);
    expect(c.say("LATENCY HISTORY command")).toBe(
      `*2\r\n${frame("*", 2, seconds - 2, 99)}${frame("*", 2, seconds - 1, 60)}`,
    );
    for (let i = 0; i < 160; i++) delay(server, "command", [10, 1]);
    expect(c.say("LATENCY HISTORY command")).toStartWith("*160\r\n*2\r\n");
    expect(c.say("LATENCY LATEST")).toEndWith(":10\r\n:99\r\n");
  });

  test("RESET forgets the events it names, or all", () => {
    const server = watchingServer();
    const c = server.connect();
    for (const event of ["a", "b", "c", "d"]) delay(server, event, [10, 0]);
    expect(c.say("LATENCY RESET a b nosuch", "LATENCY RESET", "LATENCY LATEST")).toBe(":2\r\n:2\r\n*0\r\n");
  });

  test("GRAPH draws what redis-server draws", () => {
    const server = watchingServer();
    const c = server.connect();
    delay(server, "command", [30, 0], [51, 3], [25, 8]);
    server.pass(10_000);
    const rule = "-".repeat(80);
    const graph = " # \n | \n | \n#|_\n   \n211\n180\nsss\n";
    const text = `command - high 51 ms, low 25 ms (all time high 51 ms)\n${rule}\n${graph}`;
    expect(c.say("LATENCY GRAPH command")).toBe(`$${text.length}\r\n${text}\r\n`);
    c.say("HELLO 3");
    expect(c.say("LATENCY GRAPH command")).toBe(`=${text.length + 4}\r\ntxt:${text}\r\n`);
    expect(c.say("LATENCY GRAPH x")).toBe("-ERR No samples available for event 'x'\r\n");
  });

  test("DOCTOR tells what was slow and what to do", () => {
    const server = watchingServer();
    const c = server.connect();
    expect(c.say("LATENCY DOCTOR")).toContain("Nothing took 10 ms or longer.");
    delay(server, "command", [30, 0], [50, 2]);
    delay(server, "aof-fsync-always", [80, 0]);
    const report = c.say("LATENCY DOCTOR");
    expect(report).toContain(
      "1. command: 2 delays, 40 ms in the mean (mean deviation 10 ms), one in 1.00 s. The longest ever: 50 ms.",
    );
    expect(report).toContain("2. aof-fsync-always: 1 delays");
    expect(report).toContain("SLOWLOG GET");
    expect(report).toContain("appendfsync is set to always");
  });
});

describe("LATENCY HISTOGRAM", () => {
  function measured(): LocalServer {
    const server = new LocalServer();
    const c = server.connect();
    for (const ms of [2, 20, 20]) lasting(server, ms, () => c.say("SET k v"));
    c.say("CLIENT ID", "CLIENT GETNAME");
    return server;
  }

  test("gives cumulative counts by powers of two, in microseconds", () => {
    const c = measured().connect();
    expect(c.say("HELLO 3", "LATENCY HISTOGRAM set nosuch")).toEndWith(
      "%1\r\n$3\r\nset\r\n%2\r\n$5\r\ncalls\r\n:3\r\n$14\r\nhistogram_usec\r\n%2\r\n:2113\r\n:1\r\n:33816\r\n:3\r\n",
    );
  });

  test("gives background work and the event loop when they are named", () => {
    const server = measured();
    const c = server.connect();
    const { loop } = server.stats;
    for (const us of [3, 700, 700]) loop.job({ name: "expiry", delay: "expire-cycle" }).record(us, true);
    loop.recordTurn(5000);
    loop.recordLag(1_000_000);
    expect(c.say("HELLO 3", "LATENCY HISTOGRAM expire-cycle eventloop-lag snapshot-cycle")).toEndWith(
      "%2\r\n$12\r\nexpire-cycle\r\n%2\r\n$5\r\ncalls\r\n:3\r\n$14\r\nhistogram_usec\r\n%2\r\n:4\r\n:1\r\n:1031\r\n:3\r\n" +
        "$13\r\neventloop-lag\r\n%2\r\n$5\r\ncalls\r\n:1\r\n$14\r\nhistogram_usec\r\n%1\r\n:1056767\r\n:1\r\n",
    );
    expect(c.say("LATENCY HISTOGRAM EVENTLOOP-TURN")).toContain("histogram_usec\r\n%1\r\n");
  });

  test("takes a container for its subcommands, and nothing for all", () => {
    const c = measured().connect();
    expect(c.say("LATENCY HISTOGRAM client")).toMatch(/^\*4\r\n\$\d+\r\nclient\|getname[\s\S]*client\|id/);
    expect(c.say("LATENCY HISTOGRAM CLIENT|ID")).toStartWith("*2\r\n$9\r\nclient|id\r\n*4\r\n$5\r\ncalls\r\n:1\r\n");
    expect(c.say("LATENCY HISTOGRAM")).toStartWith("*8\r\n");
    expect(c.say("LATENCY HISTOGRAM nosuch")).toBe("*0\r\n");
  });
});
