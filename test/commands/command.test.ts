import { describe, expect, test } from "bun:test";
import { parseReply, type Reply, texts } from "../support/reply.ts";
import { frame, LocalServer } from "./local-server.ts";

const parsed = (reply: string): Reply => parseReply(Buffer.from(reply, "latin1"));
const items = (reply: Reply): readonly Reply[] => reply.value as readonly Reply[];

describe("COMMAND", () => {
  test("describes every command once", () => {
    const server = new LocalServer();
    const c = server.connect();
    const names = items(parsed(c.say("COMMAND"))).map((info) => items(info)[0]!.value);
    expect(names).toEqual([...server.table].map(({ fullName }) => fullName));
    expect(c.say("COMMAND COUNT")).toBe(`:${names.length}\r\n`);
    expect(items(parsed(c.say("COMMAND INFO")))).toHaveLength(names.length);
  });

  test("INFO gives nothing for what is no command", () => {
    const c = new LocalServer().connect();
    expect(c.say("COMMAND INFO nope get|key config|get|key")).toBe("*3\r\n$-1\r\n$-1\r\n$-1\r\n");
    expect(c.say("COMMAND INFO CONFIG|GET")).toStartWith("*1\r\n*10\r\n$10\r\nconfig|get\r\n:-3\r\n");
  });

  test("DOCS leaves out what is no command", () => {
    const c = new LocalServer().connect();
    expect(c.say("COMMAND DOCS nope")).toBe("*0\r\n");
    expect(items(parsed(c.say("COMMAND DOCS get nope config|get"))).map(({ value }) => value)).toContain("config|get");
  });

  test("tells of an unknown subcommand", () => {
    expect(new LocalServer().connect().say("COMMAND NOPE x")).toBe(
      "-ERR unknown subcommand 'NOPE'. Try COMMAND HELP.\r\n",
    );
  });
});

describe("COMMAND LIST", () => {
  const list = (request: string): string[] => texts(parsed(new LocalServer().connect().say(request))).map(String);

  test("names commands and subcommands", () => {
    expect(list("COMMAND LIST")).toEqual([...new LocalServer().table.all()].map(({ fullName }) => fullName));
  });

  test("chooses by pattern, category or module", () => {
    expect(list("COMMAND LIST FILTERBY PATTERN GET")).toEqual(["get"]);
    expect(list("COMMAND LIST FILTERBY PATTERN config|re*")).toEqual(["config|resetstat", "config|rewrite"]);
    const hashes = list("COMMAND LIST filterby aclcat HASH");
    expect(hashes).toContain("hset");
    expect(hashes).not.toContain("set");
    expect(list("COMMAND LIST FILTERBY ACLCAT nope")).toEqual([]);
    expect(list("COMMAND LIST FILTERBY MODULE json")).toEqual([]);
  });

  test("knows no other filters", () => {
    const c = new LocalServer().connect();
    for (const filter of ["NOPE", "FILTERBY", "FILTERBY NOPE x", "FILTERBY PATTERN", "FILTERBY PATTERN a b"]) {
      expect(c.say(`COMMAND LIST ${filter}`)).toBe("-ERR syntax error\r\n");
    }
  });
});

describe("COMMAND GETKEYS", () => {
  test("gives the keys of a request", () => {
    const c = new LocalServer().connect();
    expect(c.say("COMMAND GETKEYS MSET a 1 b 2")).toBe(frame("*", 2, "a", "b"));
    expect(c.say("COMMAND GETKEYS object encoding k")).toBe(frame("*", 1, "k"));
    expect(c.say("COMMAND GETKEYS MSETEX 2 a 1 b 2 EX 10")).toBe(frame("*", 2, "a", "b"));
  });

  test("with flags: what this request does to its keys", () => {
    const c = new LocalServer().connect();
    const flagsOf = (request: string): unknown =>
      items(parsed(c.say(`COMMAND GETKEYSANDFLAGS ${request}`))).map((found) => texts(items(found)[1]!).join(" "));
    expect(flagsOf("RENAME a b")).toEqual(["RW access delete", "OW update"]);
    expect(flagsOf("SET a 1 NX")).toEqual(["OW update"]);
    expect(flagsOf("SET a 1 NX get")).toEqual(["RW access update"]);
    expect(flagsOf("BITFIELD a GET u8 0 OVERFLOW WRAP")).toEqual(["RO access"]);
    for (const writing of ["SET u8 0 1", "GET u8 0 INCRBY u8 0 1", "GET u8", "NOPE"]) {
      expect(flagsOf(`BITFIELD a ${writing}`)).toEqual(["RW access update"]);
    }
  });

  test("tells why there are none, in Redis's words", () => {
    const c = new LocalServer().connect();
    const answers: Record<string, string> = {
      "NOPE k": "-ERR Invalid command specified\r\n",
      "CONFIG NOPE": "-ERR Invalid command specified\r\n",
      "COMMAND NOPE": "-ERR Invalid command specified\r\n",
      "PING x": "-ERR The command has no key arguments\r\n",
      "SPUBLISH c m": "-ERR The command has no key arguments\r\n",
      "SET k": "-ERR Invalid number of arguments specified for command\r\n",
      "MSETEX 3 a 1 b": "-ERR Invalid arguments specified for command\r\n",
      "MSETEX 0 a 1 b": "-ERR Invalid arguments specified for command\r\n",
    };
    for (const [request, answer] of Object.entries(answers)) {
      expect([request, c.say(`COMMAND GETKEYS ${request}`)]).toEqual([request, answer]);
    }
  });
});
