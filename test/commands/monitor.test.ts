import { describe, expect, test } from "bun:test";
import { type LocalClient, LocalServer } from "./local-server.ts";

function monitored(): { server: LocalServer; c: LocalClient; monitor: LocalClient } {
  const server = new LocalServer();
  const monitor = server.connect("127.0.0.1:7000");
  monitor.say("MONITOR");
  return { server, c: server.connect(), monitor };
}

/** What a monitor heard, without times and senders. */
function requests(monitor: LocalClient): string[] {
  return monitor
    .heard()
    .split("\r\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/^\+\d+\.\d{6} \[\d+ \S+\] /, ""));
}

describe("MONITOR", () => {
  test("shows time, database, sender and arguments", () => {
    const { server, c, monitor } = monitored();
    server.pass(1234);
    c.say("SELECT 3", "SET k v");
    expect(monitor.heard()).toBe(
      '+1700000001.234000 [3 127.0.0.1:5000] "SELECT" "3"\r\n+1700000001.234000 [3 127.0.0.1:5000] "SET" "k" "v"\r\n',
    );
  });

  test("names a Unix socket by its path", () => {
    const { server, monitor } = monitored();
    server.connect("/tmp/s:0").say("PING");
    expect(monitor.heard()).toEndWith('[0 unix:/tmp/s] "PING"\r\n');
  });

  test("escapes what can't be printed", () => {
    const { c, monitor } = monitored();
    c.say('SET k "a\\x01\\"\\\\\\n\\r\\xff\\a\\b\\t"');
    expect(requests(monitor)).toEqual(['"SET" "k" "a\\x01\\"\\\\\\n\\r\\xff\\a\\b\\t"']);
  });

  test("shows the requests of a transaction when they are executed, before EXEC", () => {
    const { c, monitor } = monitored();
    c.say("MULTI", "SET k v", "GET k", "EXEC", "MULTI", "NOSUCH", "EXEC", "MULTI", "GET k", "DISCARD");
    expect(requests(monitor)).toEqual([
      '"MULTI"',
      '"SET" "k" "v"',
      '"GET" "k"',
      '"EXEC"',
      '"MULTI"',
      '"EXEC"',
      '"MULTI"',
      '"DISCARD"',
    ]);
  });

  test("hides administration, passwords and what was refused", () => {
    const { c, monitor } = monitored();
    c.say(
      "CONFIG GET port",
      "CLIENT LIST",
      "NOSUCH",
      "GET",
      "AUTH secret",
      "AUTH u secret",
      "HELLO 2 AUTH u secret",
      "INFO cluster",
    );
    expect(requests(monitor)).toEqual([
      '"AUTH" "(redacted)"',
      '"AUTH" "(redacted)" "(redacted)"',
      '"HELLO" "2" "AUTH" "(redacted)" "(redacted)"',
      '"INFO" "cluster"',
    ]);
  });

  test("shows a monitor its own requests after their replies, but lets it reach no keys", () => {
    const { monitor } = monitored();
    expect(monitor.say("PING")).toMatch(/^\+PONG\r\n\+[\d.]+ \[0 127.0.0.1:7000\] "PING"\r\n$/);
    const refused = "-ERR Replica can't interact with the keyspace\r\n";
    expect(monitor.say("GET k", "SET k v")).toBe(refused + refused);
    expect(monitor.say("MONITOR")).toBe("");
  });

  test("shows a request that waits once", () => {
    const { server, c, monitor } = monitored();
    c.say("WAIT 1 50");
    server.pass(100);
    server.executor.waking.endOverdue(server.keyspace.nowMs);
    expect(requests(monitor)).toEqual(['"WAIT" "1" "50"']);
  });

  test("ends with RESET or the connection", () => {
    const { server, c, monitor } = monitored();
    const other = server.connect("127.0.0.1:7001");
    other.say("MONITOR");
    other.close("now");
    expect(monitor.say("RESET", "GET k")).toBe("+RESET\r\n$-1\r\n");
    c.say("PING");
    expect(monitor.heard()).toBe("");
    expect(server.gate).toBe(0);
  });

  test("is not allowed in a transaction", () => {
    const c = new LocalServer().connect();
    expect(c.say("MULTI", "MONITOR", "EXEC")).toEndWith("-ERR MONITOR isn't allowed for DENY BLOCKING client\r\n");
  });
});
