import { describe, expect, test } from "bun:test";
import { Parser } from "../../src/resp/parser.ts";
import { applyConfig } from "../../src/server-config.ts";
import { LocalServer } from "./local-server.ts";

const OOM = "OOM command not allowed when used memory > 'maxmemory'.";
const OK = "+OK\r\n";
const QUEUED = "+QUEUED\r\n";

function start(): LocalServer {
  const server = new LocalServer();
  applyConfig(Object.assign(server, { parser: new Parser(), rebind: () => undefined }));
  return server;
}

describe("maxmemory", () => {
  test("refuses what needs memory, and nothing else, as soon as more is in use", () => {
    const client = start().connect();
    expect(client.say("SET k 1", "CONFIG SET maxmemory 1")).toBe(OK + OK);
    expect(client.say("SET k 2", "APPEND k x", "HSET h f v")).toBe(`-${OOM}\r\n`.repeat(3));
    expect(client.say("GET k", "DEL k", "CONFIG SET maxmemory 0", "SET k 3")).toBe(`$1\r\n1\r\n:1\r\n${OK}${OK}`);
  });

  test("refuses nothing with a policy that makes room", () => {
    const client = start().connect();
    expect(client.say("CONFIG SET maxmemory 1 maxmemory-policy allkeys-lru", "SET k 1")).toBe(OK + OK);
  });

  test("makes EXEC fail if a queued request needs memory, and lets it read", () => {
    const server = start();
    const [client, other] = [server.connect(), server.connect()];
    client.say("MULTI", "SET k 1");
    other.say("CONFIG SET maxmemory 1");
    expect(client.say("EXEC")).toBe(`-EXECABORT Transaction discarded because of: ${OOM}\r\n`);
    other.say("CONFIG SET maxmemory 0");
    client.say("MULTI", "GET k");
    other.say("CONFIG SET maxmemory 1");
    expect(client.say("EXEC")).toBe("*1\r\n$-1\r\n");
  });

  test("lets no transaction grow, but always be discarded", () => {
    const client = start().connect();
    client.say("CONFIG SET maxmemory 1");
    expect(client.say("MULTI", "GET k", "DISCARD")).toBe(`${OK}-${OOM}\r\n${OK}`);
    expect(client.say("CONFIG SET maxmemory 0", "MULTI", "GET k", "DISCARD")).toBe(OK + OK + QUEUED + OK);
  });
});
