import { describe, expect, test } from "bun:test";
import { EVENTS } from "../../src/pubsub/key-events.ts";
import { LocalServer } from "./local-server.ts";
import { OK, Recording } from "./recording.ts";

const QUEUED = "+QUEUED\r\n";

describe("MULTI", () => {
  test("queues requests until EXEC, which answers them all", () => {
    const client = new LocalServer().connect();
    expect(client.say("MULTI", "SET k 1", "INCR k", "GET k")).toBe(OK + QUEUED.repeat(3));
    expect(client.say("EXEC")).toBe("*3\r\n+OK\r\n:2\r\n$1\r\n2\r\n");
    expect(client.say("EXEC")).toBe("-ERR EXEC without MULTI\r\n");
  });

  test("is refused inside of itself, and goes on", () => {
    const client = new LocalServer().connect();
    expect(client.say("MULTI", "MULTI", "PING", "EXEC")).toBe(
      `${OK}-ERR MULTI calls can not be nested\r\n${QUEUED}*1\r\n+PONG\r\n`,
    );
  });

  test("fails as a whole when a request is unknown or lacks arguments", () => {
    for (const wrong of ["NOSUCH", "GET", "GET a b"]) {
      const client = new LocalServer().connect();
      expect(client.say("MULTI", "SET k 1")).toBe(OK + QUEUED);
      expect(client.say(wrong)).toStartWith("-ERR ");
      expect(client.say("EXEC", "GET k")).toBe(
        "-EXECABORT Transaction discarded because of previous errors.\r\n$-1\r\n",
      );
    }
  });

  test("goes on after a request that fails when it is run", () => {
    const client = new LocalServer().connect();
    client.say("MULTI", "SET k a", "INCR k", "SET k b");
    expect(client.say("EXEC", "GET k")).toBe(
      "*3\r\n+OK\r\n-ERR value is not an integer or out of range\r\n+OK\r\n$1\r\nb\r\n",
    );
  });

  test("follows SELECT from one request to the next", () => {
    const client = new LocalServer().connect();
    client.say("MULTI", "SELECT 3", "SET k v", "EXEC");
    expect(client.say("GET k", "SELECT 0", "GET k")).toBe("$1\r\nv\r\n+OK\r\n$-1\r\n");
  });

  test("ends with an EXEC that is not as it should be", () => {
    const client = new LocalServer().connect();
    const aborted = "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n";
    expect(client.say("EXEC x")).toBe(aborted);
    expect(client.say("MULTI", "SET k 1", "EXEC x", "EXEC")).toBe(
      `${OK}${QUEUED}${aborted}-ERR EXEC without MULTI\r\n`,
    );
  });

  test("ends with DISCARD and with RESET", () => {
    const client = new LocalServer().connect();
    expect(client.say("DISCARD")).toBe("-ERR DISCARD without MULTI\r\n");
    expect(client.say("MULTI", "SET k 1", "DISCARD", "GET k")).toBe(`${OK}${QUEUED}${OK}$-1\r\n`);
    expect(client.say("MULTI", "SET k 1", "RESET", "GET k")).toBe(`${OK}${QUEUED}+RESET\r\n$-1\r\n`);
  });
});

describe("WATCH", () => {
  const unchanged = ["GET k", "EXISTS k", "TTL k", "TYPE k"];
  const changed = [
    "SET k 2",
    "DEL k",
    "APPEND k x",
    "EXPIRE k 100",
    "RENAME k other",
    "MOVE k 1",
    "COPY n k REPLACE",
    "FLUSHALL",
    "SWAPDB 0 1",
    "PEXPIREAT k 1",
  ];

  test.each(unchanged)("lets EXEC pass after %s", (line) => {
    const server = new LocalServer();
    const [client, other] = [server.connect(), server.connect()];
    client.say("MSET k 1 n 2", "WATCH k");
    other.say(line);
    expect(client.say("MULTI", "PING", "EXEC")).toBe(`${OK}${QUEUED}*1\r\n+PONG\r\n`);
  });

  test.each(changed)("makes EXEC fail after %s", (line) => {
    const server = new LocalServer();
    const [client, other] = [server.connect(), server.connect()];
    client.say("MSET k 1 n 2", "WATCH k");
    other.say(line);
    expect(client.say("MULTI", "SET ran 1", "EXEC", "EXISTS ran")).toBe(`${OK}${QUEUED}*-1\r\n:0\r\n`);
    expect(client.say("MULTI", "PING", "EXEC")).toBe(`${OK}${QUEUED}*1\r\n+PONG\r\n`);
  });

  test("makes EXEC fail after a change by the client itself", () => {
    const client = new LocalServer().connect();
    expect(client.say("SET k 1", "WATCH k", "SET k 1", "MULTI", "EXEC")).toBe(`${OK.repeat(4)}*-1\r\n`);
  });

  test("knows the same name in another database as another key", () => {
    const server = new LocalServer();
    const [client, other] = [server.connect(), server.connect()];
    client.say("WATCH k");
    other.say("SELECT 1", "SET k 1");
    expect(client.say("MULTI", "EXEC")).toBe(`${OK}*0\r\n`);
  });

  test("counts the end of a key's time as a change, but not when it was over before", () => {
    const server = new LocalServer();
    const client = server.connect();
    client.say("SET k 1 PX 10", "WATCH k");
    server.pass(20);
    expect(client.say("MULTI", "EXEC")).toBe(`${OK}*-1\r\n`);
    client.say("SET k 1 PX 10");
    server.pass(20);
    expect(client.say("WATCH k", "MULTI", "EXEC")).toBe(`${OK}${OK}*0\r\n`);
  });

  test("does not care about databases that are emptied or exchanged without having the key", () => {
    const server = new LocalServer();
    const [client, other] = [server.connect(), server.connect()];
    client.say("WATCH missing");
    other.say("SET k 1", "FLUSHDB", "SET k 1", "SWAPDB 0 1", "FLUSHALL");
    expect(client.say("MULTI", "EXEC")).toBe(`${OK}*0\r\n`);
  });

  test("is undone by UNWATCH, DISCARD, RESET and the end of the connection", () => {
    const server = new LocalServer();
    const [client, other] = [server.connect(), server.connect()];
    for (const undo of [["UNWATCH"], ["MULTI", "DISCARD"], ["RESET"]]) {
      client.say("WATCH k", ...undo);
      other.say("SET k 1");
      expect(client.say("MULTI", "EXEC")).toBe(`${OK}*0\r\n`);
    }
    client.say("WATCH k");
    client.close("now");
    expect(server.watches.keyCount).toBe(0);
    expect(server.watches.watcherCount).toBe(0);
  });

  test("is refused inside MULTI", () => {
    const client = new LocalServer().connect();
    expect(client.say("MULTI", "WATCH k", "EXEC")).toBe(`${OK}-ERR WATCH inside MULTI is not allowed\r\n*0\r\n`);
  });
});

describe("WAIT", () => {
  test("answers at once that no replica has the writes when none was asked for", () => {
    expect(new LocalServer().connect().say("WAIT 0 1000")).toBe(":0\r\n");
  });

  test("waits for its time otherwise, and holds back what follows", () => {
    const server = new LocalServer();
    const client = server.connect();
    expect(client.say("WAIT 1 100", "PING")).toBe("");
    server.pass(99);
    expect(client.heard()).toBe("");
    server.pass(1);
    expect(client.heard()).toBe(":0\r\n+PONG\r\n");
  });

  test("ends early by CLIENT UNBLOCK", () => {
    const server = new LocalServer();
    const [client, other] = [server.connect(), server.connect()];
    client.say("WAIT 1 0");
    expect(other.say(`CLIENT UNBLOCK ${client.client.id}`)).toBe(":1\r\n");
    expect(client.heard()).toBe(":0\r\n");
    client.say("WAIT 1 0");
    expect(other.say(`CLIENT UNBLOCK ${client.client.id} ERROR`)).toBe(":1\r\n");
    expect(client.heard()).toBe("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    expect(other.say(`CLIENT UNBLOCK ${client.client.id}`, "CLIENT UNBLOCK 77 NOW")).toBe(
      ":0\r\n-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n",
    );
  });

  test("does not wait inside MULTI", () => {
    expect(new LocalServer().connect().say("MULTI", "WAIT 1 0", "EXEC")).toBe(`${OK}${QUEUED}*1\r\n:0\r\n`);
  });
});

describe("the journal", () => {
  test("gets what a transaction changed between MULTI and EXEC", () => {
    new Recording().expect(
      ["MULTI", OK],
      ["SET k 1", QUEUED],
      ["GET k", QUEUED],
      ["INCR k", QUEUED],
      ["EXEC", "*3\r\n+OK\r\n$1\r\n1\r\n:2\r\n", "MULTI | SET k 1 | INCR k | EXEC", "set:k | incrby:k"],
    );
  });

  test("gets nothing of a transaction that changed nothing, was discarded or failed", () => {
    const recording = new Recording();
    recording.expect(
      ["MULTI", OK],
      ["GET k", QUEUED],
      ["EXEC", "*1\r\n$-1\r\n"],
      ["MULTI", OK],
      ["SET k 1", QUEUED],
      ["DISCARD", OK],
      ["WATCH k", OK],
      ["SET k 1", OK, "SET k 1", "set:k"],
      ["MULTI", OK],
      ["SET k 2", QUEUED],
      ["EXEC", "*-1\r\n"],
    );
  });

  test("gets the end of a key that a transaction found expired as a part of it", () => {
    const recording = new Recording();
    recording.prepare("SET k 1 PX 10", "MULTI", "INCR n", "GET k");
    recording.server.pass(20);
    recording.expect(["EXEC", "*2\r\n:1\r\n$-1\r\n", "MULTI | INCR n | DEL k | EXEC", "incrby:n | expired:k"]);
  });
});

describe("the event of a new key", () => {
  test("is published when a key gets its first value, before what made it, if it was asked for by name", () => {
    const recording = new Recording();
    const { server } = recording;
    server.events.classes |= EVENTS.newKey;
    server.keyspace.announcesKeys = true;
    recording.expect(
      ["SET k 1", OK, "SET k 1", "new:k | set:k"],
      ["SET k 2", OK, "SET k 2", "set:k"],
      ["RENAME k other", OK, "RENAME k other", "new:other | rename_from:k | rename_to:other"],
    );
  });
});
