import { describe, expect, test } from "bun:test";
import { frame, type LocalClient, LocalServer } from "./local-server.ts";

const OK = "+OK\r\n";

function allowed(server = new LocalServer(), protocol = 2): LocalClient {
  Object.assign(server.config.values, { "enable-debug-command": "yes" });
  const c = server.connect();
  c.say(`HELLO ${protocol}`);
  return c;
}

describe("DEBUG", () => {
  test("is allowed to whom the directive says", () => {
    const server = new LocalServer();
    const [local, remote] = [server.connect("127.0.0.1:5000"), server.connect("10.0.0.1:5000")];
    expect(local.say("DEBUG HELP")).toStartWith("-ERR DEBUG command not allowed.");
    Object.assign(server.config.values, { "enable-debug-command": "local" });
    expect(local.say("DEBUG HELP")).toStartWith("*");
    expect(remote.say("DEBUG HELP")).toStartWith("-ERR DEBUG command not allowed.");
    Object.assign(server.config.values, { "enable-debug-command": "yes" });
    expect(remote.say("DEBUG HELP")).toStartWith("*");
  });

  test("names its mistakes as redis-server does", () => {
    const c = allowed();
    for (const wrong of [
      "NOPE",
      "SLEEP",
      "SLEEP 1 2",
      "POPULATE",
      "POPULATE 1 a 1 2",
      "DIGEST x",
      "SET-ACTIVE-EXPIRE",
      "HELP x",
    ]) {
      const word = wrong.split(" ")[0];
      const reply = `-ERR unknown subcommand or wrong number of arguments for '${word}'. Try DEBUG HELP.\r\n`;
      expect([wrong, c.say(`DEBUG ${wrong}`)]).toEqual([wrong, reply]);
    }
  });

  test("ERROR and LOG take any text", () => {
    const c = allowed();
    expect(c.say('DEBUG ERROR "MINE my error"')).toBe("-MINE my error\r\n");
  });

  test("CHANGE-REPL-ID begins another history", () => {
    const server = new LocalServer();
    const before = server.replicationId;
    expect(allowed(server).say("DEBUG CHANGE-REPL-ID")).toBe(OK);
    expect(server.replicationId).toMatch(/^[0-9a-f]{40}$/);
    expect(server.replicationId).not.toBe(before);
  });

  test("SET-ACTIVE-EXPIRE and PAUSE-CRON stop background work", () => {
    const server = new LocalServer();
    const c = allowed(server);
    expect(c.say("DEBUG SET-ACTIVE-EXPIRE 0", "DEBUG PAUSE-CRON 1")).toBe(OK + OK);
    expect([server.expiry.enabled, server.cronPaused]).toEqual([false, true]);
    expect(c.say("DEBUG SET-ACTIVE-EXPIRE 1", "DEBUG PAUSE-CRON x")).toBe(OK + OK);
    expect([server.expiry.enabled, server.cronPaused]).toEqual([true, false]);
  });

  test("SLEEP does not sleep for no time, for what is no number, and for longer than there is time", () => {
    const c = allowed();
    for (const time of ["0", "-1", "abc", "1e30", "inf"]) expect(c.say(`DEBUG SLEEP ${time}`)).toBe(OK);
  });

  test("LOADAOF needs an AOF that is not just being made", () => {
    const server = new LocalServer();
    server.persistence.isWaiting = true;
    expect(allowed(server).say("DEBUG LOADAOF")).toBe("-ERR The append only file is not there yet\r\n");
  });
});

describe("DEBUG PROTOCOL", () => {
  const samples: Record<string, [resp2: string, resp3: string]> = {
    string: ["$11\r\nHello World\r\n", "$11\r\nHello World\r\n"],
    integer: [":12345\r\n", ":12345\r\n"],
    double: ["$5\r\n3.141\r\n", ",3.141\r\n"],
    null: ["$-1\r\n", "_\r\n"],
    array: [frame("*", 3, 0, 1, 2), frame("*", 3, 0, 1, 2)],
    set: [frame("*", 3, 0, 1, 2), "~3\r\n:0\r\n:1\r\n:2\r\n"],
    map: [frame("*", 6, 0, 0, 1, 1, 2, 0), "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n"],
    attrib: [
      "$39\r\nSome real reply following the attribute\r\n",
      "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$39\r\nSome real reply following the attribute\r\n",
    ],
    push: [
      "-ERR RESP2 is not supported by this command\r\n",
      ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\nSome real reply following the push reply\r\n",
    ],
    verbatim: ["$25\r\nThis is a verbatim\nstring\r\n", "=29\r\ntxt:This is a verbatim\nstring\r\n"],
    true: [":1\r\n", "#t\r\n"],
    false: [":0\r\n", "#f\r\n"],
    bignum: ["$37\r\n1234567999999999999999999999999999999\r\n", "(1234567999999999999999999999999999999\r\n"],
  };
  for (const [type, [resp2, resp3]] of Object.entries(samples)) {
    test(`has a sample of ${type}`, () => {
      expect(allowed().say(`DEBUG PROTOCOL ${type}`)).toBe(resp2);
      expect(allowed(new LocalServer(), 3).say(`DEBUG PROTOCOL ${type}`)).toBe(resp3);
    });
  }

  test("names the types there are", () => {
    expect(allowed().say("DEBUG PROTOCOL nope")).toBe(
      "-ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|" +
        "verbatim|true|false\r\n",
    );
  });
});

describe("DEBUG POPULATE", () => {
  test("makes keys that are not there yet, without a word to the journal", () => {
    const server = new LocalServer();
    const c = allowed(server);
    c.say("SET p:1 mine");
    expect(c.say("DEBUG POPULATE 3 p", "DBSIZE", "MGET p:0 p:1 p:2")).toBe(
      `${OK}:3\r\n${frame("*", 3, "value:0", "mine", "value:2")}`,
    );
    expect(server.stats.dirty).toBe(1);
    expect(c.say("DEBUG POPULATE 1", "GET key:0")).toBe(`${OK}$7\r\nvalue:0\r\n`);
  });

  test("cuts and fills values", () => {
    const c = allowed();
    expect(c.say("DEBUG POPULATE 1 a 3", "GET a:0")).toBe(`${OK}$3\r\nval\r\n`);
    expect(c.say("DEBUG POPULATE 1 b 9", "GET b:0")).toBe(`${OK}$9\r\nvalue:0\0\0\r\n`);
  });

  test("wants numbers", () => {
    const c = allowed();
    for (const wrong of ["x", "-1", "1 a b", "1 a -1"]) {
      expect(c.say(`DEBUG POPULATE ${wrong}`)).toBe("-ERR value is out of range, must be positive\r\n");
    }
  });
});

describe("DEBUG DIGEST", () => {
  const digest = (...requests: string[]): string => digestIn(new LocalServer(), ...requests);
  const digestIn = (server: LocalServer, ...requests: string[]): string => {
    const c = allowed(server);
    c.say(...requests);
    return c.say("DEBUG DIGEST");
  };

  // What redis-server 7.0.15 answered.
  test("is what redis-server computes", () => {
    expect(digest()).toBe(`+${"0".repeat(40)}\r\n`);
    const requests = [
      "SET a 1",
      "SET b hello EX 1000",
      "SELECT 3",
      "SET c 1",
      "SELECT 0",
      "HSET h f v g w",
      "SETBIT bits 100 1",
    ];
    expect(digest(...requests, "SET neg -12345")).toBe("+98b28907ed8ffbe0411b307c5104de85f859b1ad\r\n");
  });

  test("does not depend on the order of keys and fields, nor on encodings", () => {
    const big = "HSET h f v g w";
    expect(digest("SET a 1", "SET b 2", big)).toBe(digest("HSET h g w f v", "SET b 2", "SET a 1"));
    const unpacked = new LocalServer();
    unpacked.keyspace.hashes.hashMaxListpackEntries = 0;
    expect(digestIn(unpacked, big)).toBe(digest(big));
    expect(digest("SET a 1")).not.toBe(digest("SET a 2"));
    expect(digest("SET a 1")).not.toBe(digest("SET a 1 EX 10"));
  });

  test("of values leaves the names out", () => {
    const c = allowed();
    c.say("SET a 1", "SET b 1", "HSET h f v");
    const [a, b, none] = c.say("DEBUG DIGEST-VALUE a b nope").match(/^\+.*/gm)!;
    expect(a).toBe(b);
    expect(none).toBe(`+${"0".repeat(40)}`);
  });
});

describe("DEBUG OBJECT", () => {
  test("tells encoding, serialized length and idle time", () => {
    const server = new LocalServer();
    const c = allowed(server);
    c.say("SET a 100", "SET b hello", "HSET h f v");
    server.pass(5000);
    expect(c.say("DEBUG OBJECT a")).toMatch(
      /^\+Value at:0x[0-9a-f]+ refcount:1 encoding:int serializedlength:2 lru:\d+ lru_seconds_idle:5\r\n$/,
    );
    expect(c.say("DEBUG OBJECT b")).toContain(" encoding:embstr serializedlength:6 ");
    expect(c.say("DEBUG OBJECT h")).toContain(" encoding:listpack ");
    expect(c.say("DEBUG OBJECT nope")).toBe("-ERR no such key\r\n");
  });
});

describe("DEBUG QUICKLIST-PACKED-THRESHOLD", () => {
  test("takes sizes as directives do; 0 is the usual", () => {
    const server = new LocalServer();
    const c = allowed(server);
    const { lists } = server.keyspace;
    const usual = lists.ownLeafBytes;
    expect(c.say("DEBUG QUICKLIST-PACKED-THRESHOLD 100b")).toBe("+OK\r\n");
    expect(lists.ownLeafBytes).toBe(100);
    expect(c.say("DEBUG QUICKLIST-PACKED-THRESHOLD 0")).toBe("+OK\r\n");
    expect(lists.ownLeafBytes).toBe(usual);
    const refused = "-ERR argument must be a memory value bigger than 1 and smaller than 4gb\r\n";
    for (const text of ["4gb", "abc", "-1"]) expect(c.say(`DEBUG QUICKLIST-PACKED-THRESHOLD ${text}`)).toBe(refused);
  });
});

describe("DEBUG AOF-FLUSH-SLEEP", () => {
  test("sets the delay of writes to the file", () => {
    const server = new LocalServer();
    const c = allowed(server);
    expect(c.say("DEBUG AOF-FLUSH-SLEEP 500")).toBe("+OK\r\n");
    expect(server.persistence.writeDelayUs).toBe(500);
    expect(c.say("DEBUG AOF-FLUSH-SLEEP 0")).toBe("+OK\r\n");
    expect(server.persistence.writeDelayUs).toBe(0);
  });
});

describe("DEBUG HTSTATS", () => {
  test("tells how full a table is", () => {
    const server = new LocalServer();
    server.keyspace.hashes.hashMaxListpackEntries = 1;
    const c = allowed(server);
    c.say("HSET h a 1 b 2 c 3", "HSET small a 1");
    expect(c.say("DEBUG HTSTATS 0")).toContain(" number of elements: 2\n");
    expect(c.say("DEBUG HTSTATS-KEY h")).toContain(" number of elements: 3\n");
    expect(c.say("DEBUG HTSTATS-KEY small")).toStartWith(
      "-ERR The value stored at the specified key is not represented",
    );
    expect(c.say("DEBUG HTSTATS-KEY nope")).toBe("-ERR no such key\r\n");
    expect(c.say("DEBUG HTSTATS 16")).toBe("-ERR Out of range database\r\n");
    expect(c.say("DEBUG HTSTATS x")).toBe("-ERR value is not an integer or out of range\r\n");
  });
});
