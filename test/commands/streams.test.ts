import { describe, expect, test } from "bun:test";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { parseReplies } from "../support/reply.ts";
import { LocalServer } from "./local-server.ts";
import { bulk, int, NIL, OK, SYNTAX_ERROR } from "./recording.ts";

/** A server and a client that shows replies as nested lists in JSON. */
class Shell {
  readonly server = new LocalServer();
  readonly client = this.server.connect();

  run(...lines: string[]): void {
    for (const line of lines) this.client.say(line);
  }

  ask(line: string): string {
    return show(this.client.say(line));
  }
}

function show(bytes: string): string {
  const [reply] = parseReplies(Buffer.from(bytes, "latin1"));
  return JSON.stringify(simple(reply!));
}

interface Nested {
  readonly type: string;
  readonly value: unknown;
}

function simple(reply: Nested): unknown {
  if (Array.isArray(reply.value)) return (reply.value as Nested[]).map(simple);
  return reply.type === ":" ? Number(reply.value) : reply.value;
}

const NIL_ARRAY = "*-1\r\n";

describe("XREAD", () => {
  test("waits for what comes after $, as it was when the client began to wait", () => {
    const { server } = new Shell();
    const [a, b] = [server.connect(), server.connect()];
    b.say("XADD s 1-1 f old");
    expect(a.say("XREAD BLOCK 0 STREAMS t s $ $")).toBe("");
    b.say("DEL s");
    expect(a.heard()).toBe("");
    b.say("SET s text", "DEL s", "LPUSH t x");
    expect(a.heard()).toBe("");
    b.say("XADD s 1-1 f again", "XADD s 2-1 f new");
    expect(show(a.heard())).toBe('[["s",[["2-1",["f","new"]]]]]');
  });

  test("gives up when its time is over", () => {
    const { server, client } = new Shell();
    expect(client.say("XREAD BLOCK 100 STREAMS s 0")).toBe("");
    server.pass(99);
    expect(client.heard()).toBe("");
    server.pass(1);
    expect(client.heard()).toBe(NIL_ARRAY);
  });

  test("gives the last entry for +", () => {
    const shell = new Shell();
    shell.run("XADD s 1-1 f 1", "XADD s 2-1 f 2", "XADD s 3-1 f 3", "XDEL s 3-1");
    expect(shell.ask("XREAD COUNT 5 STREAMS s none + +")).toBe('[["s",[["2-1",["f","2"]]]]]');
    expect(shell.client.say("XREAD STREAMS none +")).toBe(NIL_ARRAY);
  });

  test("limits the entries, and the bytes, of all streams together", () => {
    const shell = new Shell();
    shell.run("XADD s 1-1 f 1", "XADD s 2-1 f 2", "XADD s 3-1 f 3", "XADD t 1-1 f 1", "XADD t 2-1 f 2");
    expect(shell.ask("XREAD COUNT 2 MAXCOUNT 3 STREAMS s t 0 0")).toBe(
      '[["s",[["1-1",["f","1"]],["2-1",["f","2"]]]],["t",[["1-1",["f","1"]]]]]',
    );
    expect(shell.ask("XREAD MAXSIZE 1 STREAMS s t 0 0")).toBe('[["s",[["1-1",["f","1"]]]]]');
    expect(shell.client.say("XREAD MAXCOUNT 0 STREAMS s 0")).toContain("-ERR");
  });
});

describe("XREADGROUP", () => {
  test("gives waiting clients each other entries, in the order in which they came", () => {
    const { server } = new Shell();
    const [a, b, c] = [server.connect(), server.connect(), server.connect()];
    c.say("XGROUP CREATE s g $ MKSTREAM");
    a.say("XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
    b.say("XREADGROUP GROUP g b BLOCK 0 STREAMS s >");
    c.say("XADD s 1-1 f 1");
    expect(show(a.heard())).toBe('[["s",[["1-1",["f","1"]]]]]');
    expect(b.heard()).toBe("");
    c.say("XADD s 2-1 f 2");
    expect(show(b.heard())).toBe('[["s",[["2-1",["f","2"]]]]]');
  });

  test("stops waiting when the stream or the group is gone", () => {
    const { server } = new Shell();
    const [a, b] = [server.connect(), server.connect()];
    const waits = (...lines: string[]): string => {
      b.say("DEL s", "XGROUP CREATE s g $ MKSTREAM");
      expect(a.say("XREADGROUP GROUP g a BLOCK 0 STREAMS s >")).toBe("");
      b.say(...lines);
      return a.heard();
    };
    const gone = "-UNBLOCKED the stream key no longer exists\r\n";
    expect(waits("DEL s")).toBe(gone);
    expect(waits("SET s text")).toBe(gone);
    expect(waits("FLUSHALL")).toBe(gone);
    expect(waits("XGROUP DESTROY s g")).toBe(
      "-NOGROUP the consumer group this client was blocked on no longer exists\r\n",
    );
  });

  test("CLAIM takes over what is idle, what was given back first, and tells for how long and how often", () => {
    const shell = new Shell();
    const { server } = shell;
    shell.run("XADD s 1-0 f 1", "XADD s 2-0 f 2", "XADD s 3-0 f 3", "XADD s 4-0 f 4", "XADD s 5-0 f 5");
    shell.run("XGROUP CREATE s g 0", "XREADGROUP GROUP g a COUNT 4 STREAMS s >");
    server.pass(100);
    shell.run("XCLAIM s g a 0 1-0 JUSTID", "XNACK s g FAIL IDS 2 4-0 3-0", "XNACK s g FAIL IDS 1 4-0");
    expect(shell.ask("XREADGROUP GROUP g b CLAIM 50 COUNT 4 STREAMS s >")).toBe(
      `[["s",[["3-0",["f","3"],${server.keyspace.nowMs},1],["4-0",["f","4"],${server.keyspace.nowMs},1],` +
        '["2-0",["f","2"],100,1],["5-0",["f","5"],0,0]]]]',
    );
    expect(shell.ask("XPENDING s g - + 10")).toBe(
      '[["1-0","a",0,1],["2-0","b",0,2],["3-0","b",0,2],["4-0","b",0,2],["5-0","b",0,1]]',
    );
    shell.run("XTRIM s MAXLEN 0");
    server.pass(100);
    expect(shell.client.say("XREADGROUP GROUP g b CLAIM 50 STREAMS s >")).toBe(NIL_ARRAY);
    expect(shell.client.say("XREADGROUP GROUP g b CLAIM -1 STREAMS s >")).toContain("must be a positive integer");
    expect(shell.client.say("XREADGROUP GROUP g b CLAIM x STREAMS s >")).toContain("min-idle-time is not an integer");
  });
});

describe("XREADGROUP CLAIM of some of many", () => {
  test("takes those that are idle for the longest time, and forgets those that were deleted", () => {
    const shell = new Shell();
    const { server } = shell;
    const { random, keyspace } = server;
    shell.run("XGROUP CREATE s g 0 MKSTREAM");
    const due: { id: string; moment: number }[] = [];
    for (let i = 1; i <= 400; i++) {
      const moment = keyspace.nowMs - 1000 * random.below(50);
      shell.run(`XADD s ${i}-0 f v`, `XCLAIM s g a 0 ${i}-0 FORCE JUSTID TIME ${moment}`);
      if (i % 7 === 0) shell.run(`XDEL s ${i}-0`);
      else if (moment <= keyspace.nowMs - 20_000) due.push({ id: `${i}-0`, moment });
    }
    shell.run("XGROUP SETID s g $");
    due.sort((a, b) => a.moment - b.moment || Number.parseInt(a.id, 10) - Number.parseInt(b.id, 10));
    const claimed: string[] = [];
    for (;;) {
      const reply = shell.client.say("XREADGROUP GROUP g b COUNT 9 CLAIM 20000 STREAMS s >");
      if (reply === NIL_ARRAY) break;
      const [[, entries]] = JSON.parse(show(reply)) as [[string, [string][]]];
      expect(entries.length).toBeLessThanOrEqual(9);
      claimed.push(...entries.map(([id]) => id));
    }
    expect(claimed).toEqual(due.map(({ id }) => id));
  });
});

describe("XNACK", () => {
  test("gives entries back, with the count of deliveries that its mode asks for", () => {
    const shell = new Shell();
    shell.run("XADD s 1-0 f 1", "XADD s 2-0 f 2", "XADD s 3-0 f 3", "XGROUP CREATE s g 0");
    shell.run("XREADGROUP GROUP g a COUNT 2 STREAMS s >");
    expect(shell.ask("XNACK s g SILENT IDS 2 1-0 9-9")).toBe("1");
    expect(shell.ask("XNACK s g FATAL IDS 1 2-0")).toBe("1");
    expect(shell.ask("XNACK s g FAIL IDS 1 3-0")).toBe("0");
    expect(shell.ask("XNACK s g FAIL FORCE IDS 1 3-0 RETRYCOUNT 7")).toBe("1");
    expect(shell.client.say("XPENDING s g - + 10")).toContain("\r\n:-1\r\n:9223372036854775807\r\n");
    expect(shell.ask("XPENDING s g - + 10 a")).toBe("[]");
    expect(shell.ask("XCLAIM s g b 99999999 1-0 3-0 JUSTID")).toBe('["1-0","3-0"]');
    expect(shell.ask("XPENDING s g - + 10 b")).toBe('[["1-0","b",0,0],["3-0","b",0,7]]');
  });

  test("wakes those who wait for entries to claim", () => {
    const shell = new Shell();
    const other = shell.server.connect();
    shell.run("XADD s 1-0 f 1", "XADD s 2-0 f 2", "XGROUP CREATE s g 0", "XREADGROUP GROUP g a STREAMS s >");
    expect(other.say("XREADGROUP GROUP g b BLOCK 0 CLAIM 1000 STREAMS s >")).toBe("");
    shell.run("XNACK s g FAIL IDS 1 2-0");
    expect(show(other.heard())).toBe(`[["s",[["2-0",["f","2"],${shell.server.keyspace.nowMs},1]]]]`);
  });

  test("is counted in the group's description until the entries are claimed or acknowledged", () => {
    const shell = new Shell();
    const count = (): string => /nacked-count\r\n:(\d+)/.exec(shell.client.say("XINFO STREAM s FULL"))?.[1] ?? "none";
    shell.run("XADD s 1-0 f 1", "XADD s 2-0 f 2", "XADD s 3-0 f 3", "XGROUP CREATE s g 0");
    shell.run("XREADGROUP GROUP g a COUNT 2 STREAMS s >");
    expect(count()).toBe("none");
    shell.run("XNACK s g FAIL FORCE IDS 4 1-0 2-0 3-0 1-0");
    expect(count()).toBe("3");
    shell.run("XCLAIM s g a 0 1-0", "XDEL s 2-0");
    expect(count()).toBe("2");
    shell.run("XCLAIM s g a 0 2-0", "COPY s t", "RENAME t s");
    expect(count()).toBe("1");
    shell.run("XACK s g 3-0");
    expect(count()).toBe("none");
  });

  test("refuses what it does not understand", () => {
    const { client } = new Shell();
    client.say("XGROUP CREATE s g $ MKSTREAM");
    expect(client.say("XNACK s g NOPE IDS 1 1-0")).toBe("-ERR mode must be SILENT, FAIL, or FATAL\r\n");
    expect(client.say("XNACK s g FAIL FATAL IDS 1 1-0")).toBe("-ERR Unrecognized XNACK option 'FATAL'\r\n");
    expect(client.say("XNACK s g FAIL FORCE RETRYCOUNT 5")).toBe("-ERR syntax error, expected IDS keyword\r\n");
    expect(client.say("XNACK s g FAIL IDS 0 1-0")).toBe("-ERR numids must be a positive integer\r\n");
    expect(client.say("XNACK s g FAIL IDS 2 1-0")).toBe("-ERR number of IDs doesn't match numids\r\n");
    expect(client.say("XNACK s none FAIL IDS 1 1-0")).toStartWith("-NOGROUP");
  });
});

describe("references of groups", () => {
  const shell = new Shell();
  const start = (): void => {
    shell.run(
      "DEL s",
      "XADD s 1-0 f 1",
      "XADD s 2-0 f 2",
      "XADD s 3-0 f 3",
      "XGROUP CREATE s g 0",
      "XGROUP CREATE s h 0",
    );
    shell.run("XREADGROUP GROUP g a COUNT 2 STREAMS s >", "XREADGROUP GROUP h a STREAMS s >", "XACK s h 1-0 3-0");
  };

  test("stay with XDELEX KEEPREF, go with DELREF, and prevent ACKED", () => {
    start();
    expect(shell.ask("XDELEX s ACKED IDS 4 1-0 2-0 3-0 9-0")).toBe("[2,2,2,-1]");
    expect(shell.ask("XDELEX s IDS 1 1-0")).toBe("[1]");
    expect(shell.ask("XPENDING s g - + 10")).toBe('[["1-0","a",0,1],["2-0","a",0,1]]');
    expect(shell.ask("XDELEX s DELREF IDS 2 2-0 1-0")).toBe("[1,-1]");
    expect(shell.ask("XPENDING s g - + 10")).toBe("[]");
    expect(shell.ask("XPENDING s h - + 10")).toBe("[]");
    expect(shell.ask("XDELEX none IDS 2 1-0 2-0")).toBe("[-1,-1]");
    expect(shell.client.say("XDELEX s DELREF 1 1-0")).toBe(SYNTAX_ERROR);
    expect(shell.client.say("XDELEX s IDS 2 1-0")).toContain("numids");
  });

  test("are acknowledged by XACKDEL before it deletes", () => {
    start();
    expect(shell.ask("XACKDEL s g ACKED IDS 3 1-0 2-0 3-0")).toBe("[1,2,-1]");
    expect(shell.ask("XRANGE s - +")).toBe('[["2-0",["f","2"]],["3-0",["f","3"]]]');
    expect(shell.ask("XACKDEL s h DELREF IDS 1 2-0")).toBe("[1]");
    expect(shell.ask("XACKDEL s none IDS 1 2-0")).toBe("[-1]");
    shell.run("XCLAIM s g a 0 3-0 FORCE", "XDEL s 3-0");
    expect(shell.ask("XACKDEL s g IDS 1 3-0")).toBe("[1]");
    expect(shell.ask("XACKDEL s g IDS 1 3-0")).toBe("[-1]");
    expect(shell.client.say("XACKDEL s g KEEPREF ACKED IDS 1 3-0")).toBe(SYNTAX_ERROR);
    expect(shell.client.say("XACKDEL s g IDS 1 3-0 4-0")).toBe(SYNTAX_ERROR);
    expect(shell.client.say("XACKDEL s g IDS 3 3-0 4-0")).toContain("`numids` parameter must match");
  });

  test("are looked at by trimming", () => {
    start();
    expect(shell.ask("XTRIM s MAXLEN 0 ACKED")).toBe("0");
    shell.run("XACK s g 1-0");
    expect(shell.ask("XADD s MAXLEN 1 ACKED 4-0 f 4")).toBe('"4-0"');
    expect(shell.ask("XLEN s")).toBe("3");
    expect(shell.ask("XTRIM s MAXLEN 1 DELREF")).toBe("2");
    expect(shell.ask("XPENDING s g - + 10")).toBe("[]");
  });
});

describe("messages with a name", () => {
  test("are added once for each producer", () => {
    const { client } = new Shell();
    const first = client.say("XADD s IDMP p 1 * f 1");
    expect(client.say("XADD s IDMP p 1 * f 2")).toBe(first);
    expect(client.say("XADD s IDMP q 1 * f 1")).not.toBe(first);
    const automatic = client.say("XADD s IDMPAUTO p * f 1");
    expect(client.say("XADD s IDMPAUTO p * f 1")).toBe(automatic);
    expect(client.say("XADD s IDMPAUTO p * f 2")).not.toBe(automatic);
    expect(client.say("XLEN s")).toBe(int(4));
    expect(client.say("XINFO STREAM s")).toContain(
      `${bulk("pids-tracked")}:2\r\n${bulk("iids-tracked")}:4\r\n${bulk("iids-added")}:4\r\n${bulk("iids-duplicates")}:2\r\n`,
    );
  });

  test("are forgotten when they are old, many, or the settings change", () => {
    const { client, server } = new Shell();
    expect(client.say("XCFGSET s IDMP-MAXSIZE 2")).toBe("-ERR no such key\r\n");
    const first = client.say("XADD s IDMP p 1 * f 1");
    expect(client.say("XCFGSET s IDMP-MAXSIZE 2 IDMP-DURATION 10")).toBe(OK);
    const again = client.say("XADD s IDMP p 1 * f 1");
    expect(again).not.toBe(first);
    client.say("XADD s IDMP p 2 * f 1", "XADD s IDMP p 3 * f 1");
    expect(client.say("XADD s IDMP p 1 * f 1")).not.toBe(again);
    server.pass(11_000);
    expect(client.say("XINFO STREAM s")).toContain(`${bulk("pids-tracked")}:0\r\n`);
    expect(client.say("XCFGSET s IDMP-DURATION 0")).toBe("-ERR IDMP-DURATION must be between 1 and 86400 seconds\r\n");
    expect(client.say("XCFGSET s")).toBe(SYNTAX_ERROR);
  });

  test("are recorded with the entries that they are", () => {
    const { client } = new Shell();
    client.say("XADD s 1-1 f v");
    expect(client.say("XIDMPRECORD s p 1 1-1")).toBe(OK);
    expect(client.say("XIDMPRECORD s p 1 1-1")).toBe(OK);
    expect(client.say("XIDMPRECORD s p 1 2-1")).toStartWith("-ERR");
    expect(client.say("XIDMPRECORD s p 2 2-1")).toStartWith("-ERR");
    expect(client.say("XADD s IDMP p 1 * f v")).toBe(bulk("1-1"));
  });

  test("need names and made-up IDs", () => {
    const { client } = new Shell();
    expect(client.say("XADD s IDMP p 1 1-1 f v")).toContain("can be used only with auto-generated IDs");
    expect(client.say("XADD s IDMP p 1 IDMPAUTO p * f v")).toContain("specified multiple times");
    expect(client.say('XADD s IDMP "" 1 * f v')).toContain("IDMP requires a non-empty producer ID");
    expect(client.say('XADD s IDMP p "" * f v')).toContain("IDMP requires a non-empty idempotent ID");
    expect(client.say('XADD s IDMPAUTO "" * f v')).toContain("IDMPAUTO requires a non-empty producer ID");
    expect(client.say("XADD s NOMKSTREAM IDMP p 1 * f v")).toBe(NIL);
  });

  test("go with the stream, and with its copies", () => {
    const { client, server } = new Shell();
    const { arena, reclaimer } = server.keyspace;
    client.say("XADD s 1-1 f v", "DEL s");
    const before = arena.usedBytes;
    for (let i = 0; i < 300; i++) client.say(`XADD s IDMP p${i % 7} name-${i} * f v`);
    const id = client.say("XADD s IDMP p1 last * f v");
    client.say("XGROUP CREATE s g 0", "XREADGROUP GROUP g a STREAMS s >", "COPY s t", "DEL s");
    expect(client.say("XADD t IDMP p1 last * f v")).toBe(id);
    client.say("DEL t");
    reclaimer.run(UNBOUNDED);
    expect(arena.usedBytes).toBe(before);
  });
});
