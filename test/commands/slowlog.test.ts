import { describe, expect, test } from "bun:test";
import { startOurs } from "../support/oracle.ts";
import { encodePipeline, RawConnection } from "../support/raw.ts";
import { parseReply, type Reply } from "../support/reply.ts";
import { type LocalClient, LocalServer, lasting } from "./local-server.ts";

/** A server that logs what takes 10 ms or longer. */
function slowServer(): { server: LocalServer; c: LocalClient } {
  const server = new LocalServer();
  server.observation.setSlowerThan(10_000);
  return { server, c: server.connect() };
}

interface Entry {
  readonly id: number;
  readonly microseconds: number;
  readonly args: readonly string[];
  readonly name: string;
}

/** The newest first. */
function entries(c: LocalClient, count = -1): Entry[] {
  const reply = parseReply(Buffer.from(c.say(`SLOWLOG GET ${count}`), "latin1"));
  return (reply.value as Reply[]).map(({ value }) => {
    const [id, , microseconds, args, , name] = value as Reply[];
    return {
      id: Number(id.value),
      microseconds: Number(microseconds.value),
      args: (args.value as Reply[]).map((arg) => arg.value as string),
      name: name.value as string,
    };
  });
}

const argsOfAll = (c: LocalClient): string[] => entries(c).map(({ args }) => args.join(" "));

describe("SLOWLOG", () => {
  test("remembers who sent a slow command, when, and how long it took", () => {
    const { server, c } = slowServer();
    c.say("CLIENT SETNAME me", "SET quick 1");
    lasting(server, 20, () => c.say("SET k v"));
    const seconds = Math.floor(server.keyspace.nowMs / 1000);
    expect(c.say("SLOWLOG GET")).toBe(
      `*1\r\n*6\r\n:0\r\n:${seconds}\r\n:20000\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$14\r\n127.0.0.1:5000\r\n$2\r\nme\r\n`,
    );
    expect(c.say("SLOWLOG LEN", "SLOWLOG RESET", "SLOWLOG LEN")).toBe(":1\r\n+OK\r\n:0\r\n");
  });

  test("keeps as many entries as the directive says and goes on counting", () => {
    const { server, c } = slowServer();
    server.observation.slowlog.lengthMax = 3;
    for (let i = 0; i < 5; i++) {
      lasting(server, 10, () => c.say(`GET ${i}`));
    }
    expect(entries(c).map(({ id }) => id)).toEqual([4, 3, 2]);
    expect(entries(c, 2).map(({ id }) => id)).toEqual([4, 3]);
    expect(entries(c, 0)).toEqual([]);
    expect(entries(c, 10)).toHaveLength(3);
  });

  test("shortens what is long, in Redis's words", () => {
    const { server, c } = slowServer();
    const numbers = Array.from({ length: 35 }, (_none, i) => i);
    lasting(server, 10, () => c.say(`DEL ${numbers.join(" ")}`, `GET ${"é".repeat(130)}`));
    const [get, del] = entries(c);
    expect(del.args).toHaveLength(32);
    expect(del.args[31]).toBe("... (5 more arguments)");
    expect(get.args[1]).toBe(`${"é".repeat(128)}... (2 more bytes)`);
  });

  test("hides passwords", () => {
    const { server, c } = slowServer();
    server.observation.setSlowerThan(0);
    c.say("AUTH secret", "AUTH user secret", "HELLO 2 SETNAME auth AUTH user secret");
    c.say("CONFIG SET maxmemory 0 requirepass secret masterauth secret", "CONFIG SET maxmemory");
    server.observation.setSlowerThan(-1);
    expect(argsOfAll(c)).toEqual([
      "CONFIG SET maxmemory 0 requirepass (redacted) masterauth (redacted)",
      "HELLO 2 SETNAME auth AUTH (redacted) (redacted)",
      "AUTH (redacted) (redacted)",
      "AUTH (redacted)",
    ]);
  });

  test("logs what EXEC runs and not EXEC, what was refused not at all", () => {
    const { server, c } = slowServer();
    server.observation.setSlowerThan(0);
    c.say("MULTI", "SET k v", "GET k", "NOSUCH", "DISCARD", "GET", "MULTI", "SET k v", "GET k", "EXEC");
    server.observation.setSlowerThan(-1);
    expect(argsOfAll(c)).toEqual(["GET k", "SET k v", "MULTI", "DISCARD", "MULTI"]);
  });

  test("measures quick commands of a pipeline together", async () => {
    const server = await startOurs(["--slowlog-log-slower-than", "1000"]);
    try {
      const connection = await RawConnection.connect(server.port);
      connection.send(encodePipeline(Array.from({ length: 1000 }, () => ["PING"])));
      await connection.read(1000);
      connection.send(encodePipeline([["PING"], ["DEBUG", "SLEEP", "0.02"], ["PING"]]));
      await connection.read(3);
      const log = await connection.text("SLOWLOG", "GET", "-1");
      expect(log).toContain("$5\r\nDEBUG\r\n$5\r\nSLEEP\r\n$4\r\n0.02\r\n");
      expect(await connection.text("INFO", "commandstats")).toMatch(/cmdstat_ping:calls=\d{4},/);
      connection.close();
    } finally {
      await server.stop();
    }
  });

  test("is off below 0", () => {
    const { server, c } = slowServer();
    server.observation.setSlowerThan(-1);
    lasting(server, 1000, () => c.say("GET k"));
    expect(c.say("SLOWLOG LEN")).toBe(":0\r\n");
  });

  test("names its mistakes as redis-server does", () => {
    const c = new LocalServer().connect();
    const count = "-ERR count should be greater than or equal to -1\r\n";
    expect(c.say("SLOWLOG GET -2", "SLOWLOG GET x", "SLOWLOG GET 99999999999999999999")).toBe(count.repeat(3));
    expect(c.say("SLOWLOG GET 1 2")).toBe(
      "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.\r\n",
    );
    expect(c.say("SLOWLOG LEN 1")).toBe("-ERR wrong number of arguments for 'slowlog|len' command\r\n");
  });
});
