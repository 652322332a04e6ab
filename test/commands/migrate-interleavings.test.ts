// What other clients do while keys travel, and what a target may do: the test plays it.
import { describe, expect, test } from "bun:test";
import { GATE_BUSY, GATE_LOADING, type ServerContext, type Target } from "../../src/command/context.ts";
import { own } from "../../src/lib/bytes.ts";
import { nextTurn } from "../../src/lib/next-turn.ts";
import { MIGRATE_PIECE_BYTES } from "../../src/limits.ts";
import { eventClasses } from "../../src/pubsub/key-events.ts";
import { parseReplies, texts } from "../support/reply.ts";
import { fakeJournal } from "./fake-journal.ts";
import { LocalServer } from "./local-server.ts";

const OK = "+OK\r\n";
const NOT_CONNECTED = "-IOERR error or timeout connecting to the client\r\n";
const LOST_READING = "-IOERR error or timeout reading to target instance\r\n";
const LOST_WRITING = "-IOERR error or timeout writing to target instance\r\n";
const REFUSED = "-ERR Target instance replied with error: ";
const MIGRATE = 'MIGRATE h 1 "" 0 10 KEYS';

function changed(text: string): string {
  return `-ERR The target instance has all keys, but ${text} changed here meanwhile, so that they were not deleted; repeat that with REPLACE\r\n`;
}

/** A connection to a target that answers when the test says so. */
class PlayedTarget implements Target {
  db = "0";
  failure: Target["failure"] = "";
  /** It takes so many sendings, then it is gone. */
  sendings = Number.POSITIVE_INFINITY;
  isKept = false;
  private readonly sent: string[] = [];
  private readonly answers: string[] = [];
  private awaits: ((line: string | undefined) => void) | undefined;

  async send(buf: Uint8Array, len: number): Promise<boolean> {
    if (--this.sendings < 0) this.hangUp();
    if (this.failure !== "") return false;
    for (const request of parseReplies(own(buf, 0, len))) {
      const words = texts(request);
      if (words[0] === "RESTORE") words.splice(3, 1);
      this.sent.push(words.join(" "));
    }
    return true;
  }

  readLine(): Promise<string | undefined> {
    if (this.answers.length > 0 || this.failure !== "") return Promise.resolve(this.answers.shift());
    return new Promise((resolve) => {
      this.awaits = resolve;
    });
  }

  /** What was sent since this was last asked, without the payloads. */
  received(): string[] {
    return this.sent.splice(0);
  }

  answer(...lines: string[]): void {
    this.answers.push(...lines);
    this.wake();
  }

  hangUp(failure: "timeout" | "closed" = "closed"): void {
    this.failure = failure;
    this.wake();
  }

  private wake(): void {
    const { awaits } = this;
    this.awaits = undefined;
    awaits?.(this.answers.shift());
  }

  keep(): void {
    this.isKept = true;
  }

  close(): void {
    if (this.failure === "") this.failure = "closed";
  }
}

/** A server with some keys, and targets for it, each a connection to be taken. */
class Scene {
  readonly server = new LocalServer();
  readonly c = this.server.connect();
  readonly other = this.server.connect();
  readonly journal: string[] = [];
  readonly targets: PlayedTarget[];

  constructor(targetCount = 1) {
    this.targets = Array.from({ length: targetCount }, () => new PlayedTarget());
    const waiting = [...this.targets];
    const context: ServerContext = Object.assign(this.server, {
      targets: { idleCount: 0, take: () => Promise.resolve(waiting.shift()) },
    });
    this.c.say("MSET a 1 b 2 c 3");
    context.journal = fakeJournal((_db, buf, start, len) => {
      for (const request of parseReplies(own(buf, start, len))) this.journal.push(texts(request).join(" "));
    });
  }

  get target(): PlayedTarget {
    return this.targets[0];
  }

  /** Sends a request, and lets it come as far as it can. */
  async begin(line: string): Promise<string> {
    return this.c.say(line) + (await this.turn());
  }

  /** Lets all that is ready happen. Returns what the client has been sent. */
  async turn(): Promise<string> {
    for (let i = 0; i < 3; i++) await nextTurn();
    this.server.resumeAll();
    return this.c.heard();
  }

  async answer(...lines: string[]): Promise<string> {
    this.target.answer(...lines);
    return await this.turn();
  }
}

describe("MIGRATE", () => {
  test("deletes what the target has acknowledged, and has the journal delete it", async () => {
    const scene = new Scene();
    scene.c.say("PEXPIRE b 5000");
    scene.journal.splice(0);
    expect(await scene.begin(`${MIGRATE} a none b`)).toBe("");
    expect(scene.target.received()).toEqual(["RESTORE a 0", "RESTORE b 5000"]);
    expect(await scene.answer("+OK")).toBe("");
    expect(scene.other.say("MGET a b")).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    expect(await scene.answer("+OK")).toBe(OK);
    expect(scene.journal).toEqual(["DEL a b"]);
    expect(scene.c.say("EXISTS a b c")).toBe(":1\r\n");
    expect(scene.target.isKept).toBe(true);
    expect(scene.server.watches.keyCount).toBe(0);
  });

  test("serves other clients meanwhile, and its own client's next requests afterwards", async () => {
    const scene = new Scene();
    await scene.begin("MIGRATE h 1 a 0 10");
    expect(scene.c.say("GET a")).toBe("");
    expect(scene.other.say("GET a")).toBe("$1\r\n1\r\n");
    expect(await scene.answer("+OK")).toBe(`${OK}$-1\r\n`);
  });

  test("keeps keys that others change while they travel, and says so", async () => {
    for (const change of ["SET a 2", "APPEND a x", "EXPIRE a 100", "SET a 1"]) {
      const scene = new Scene();
      await scene.begin(`${MIGRATE} a b`);
      scene.other.say(change);
      scene.journal.splice(0);
      expect(await scene.answer("+OK", "+OK")).toBe(changed("1 of 2"));
      expect(scene.c.say("EXISTS a b")).toBe(":1\r\n");
      expect(scene.journal).toEqual(["DEL b"]);
    }
  });

  test("keeps what has come in the place of keys that others delete, rename or exchange", async () => {
    for (const change of ["RENAME c a", "FLUSHALL", "SWAPDB 0 1", "MOVE a 2"]) {
      const scene = new Scene();
      await scene.begin("MIGRATE h 1 a 0 10");
      scene.other.say(change, "SET a new");
      scene.journal.splice(0);
      expect(await scene.answer("+OK")).toBe(changed("1 of 1"));
      expect(scene.c.say("GET a")).toBe("$3\r\nnew\r\n");
      expect(scene.journal).toEqual([]);
    }
  });

  test("counts a key as moved whose time comes while it travels", async () => {
    const scene = new Scene();
    scene.c.say("PEXPIRE a 10");
    scene.journal.splice(0);
    await scene.begin(`${MIGRATE} a b`);
    scene.server.pass(11);
    expect(await scene.answer("+OK", "+OK")).toBe(OK);
    expect(scene.journal).toEqual(["DEL a", "DEL b"]);
  });

  test("does not send a key whose time comes before its turn", async () => {
    const scene = new Scene();
    scene.c.say("PEXPIRE a 10");
    scene.c.say(`MIGRATE h 1 "" 0 10 KEYS a b`);
    scene.server.pass(11);
    await scene.turn();
    expect(scene.target.received()).toEqual(["RESTORE b 0"]);
  });

  test("leaves copied keys alone, changed or not", async () => {
    const scene = new Scene();
    await scene.begin('MIGRATE h 1 "" 0 10 COPY KEYS a b');
    expect(scene.server.watches.keyCount).toBe(0);
    scene.other.say("SET a 2");
    scene.journal.splice(0);
    expect(await scene.answer("+OK", "+OK")).toBe(OK);
    expect(scene.journal).toEqual([]);
    expect(scene.c.say("MGET a b")).toBe("*2\r\n$1\r\n2\r\n$1\r\n2\r\n");
  });

  test("does not touch what its client watches, but for the keys that go", async () => {
    const scene = new Scene();
    scene.c.say("WATCH c");
    await scene.begin("MIGRATE h 1 a 0 10");
    await scene.answer("+OK");
    expect(scene.c.say("MULTI", "GET c", "EXEC")).toBe("+OK\r\n+QUEUED\r\n*1\r\n$1\r\n3\r\n");
    const second = new Scene();
    second.c.say("WATCH a");
    await second.begin("MIGRATE h 1 a 0 10");
    await second.answer("+OK");
    expect(second.c.say("MULTI", "GET c", "EXEC")).toBe("+OK\r\n+QUEUED\r\n*-1\r\n");
  });

  test("keeps what the target refuses", async () => {
    const scene = new Scene();
    await scene.begin(`${MIGRATE} a b c`);
    expect(await scene.answer("+OK", "-BUSYKEY taken", "-OOM no")).toBe(`${REFUSED}BUSYKEY taken\r\n`);
    expect(scene.journal).toEqual(["DEL a"]);
    expect(scene.target).toMatchObject({ isKept: true, db: "" });
  });

  test("sends nothing before the target has let it in and selected the database", async () => {
    const scene = new Scene();
    await scene.begin("MIGRATE h 1 a 3 10 REPLACE AUTH2 u p");
    expect(scene.target.received()).toEqual(["AUTH u p", "SELECT 3"]);
    await scene.answer("+OK", "+OK");
    expect(scene.target.received()).toEqual(["RESTORE a 0 REPLACE"]);
    expect(await scene.answer("+OK")).toBe(OK);
    expect(scene.target.db).toBe("3");
    const refused = new Scene();
    await refused.begin("MIGRATE h 1 a 3 10 AUTH p");
    expect(await refused.answer("-WRONGPASS no", "-NOAUTH no")).toBe(`${REFUSED}WRONGPASS no\r\n`);
    expect(refused.target.received()).toEqual(["AUTH p", "SELECT 3"]);
    expect(refused.c.say("EXISTS a")).toBe(":1\r\n");
  });

  test("tries a second connection when the first is closed before any answer", async () => {
    const scene = new Scene(2);
    await scene.begin("MIGRATE h 1 a 0 10");
    scene.targets[0].hangUp();
    await scene.turn();
    expect(scene.targets[1].received()).toEqual(["RESTORE a 0"]);
    scene.targets[1].answer("+OK");
    expect(await scene.turn()).toBe(OK);
    expect(scene.journal).toEqual(["DEL a"]);
  });

  test("watches from the second attempt on what it sends again", async () => {
    const scene = new Scene(2);
    await scene.begin("MIGRATE h 1 a 0 10");
    scene.other.say("SET a 2");
    scene.targets[0].hangUp();
    await scene.turn();
    scene.targets[1].answer("+OK");
    expect(await scene.turn()).toBe(OK);
    expect(scene.c.say("EXISTS a")).toBe(":0\r\n");
  });

  test("gives up when the second connection is lost as well, or there is none", async () => {
    const reading = new Scene(2);
    await reading.begin("MIGRATE h 1 a 0 10");
    for (const target of reading.targets) {
      target.hangUp();
      await reading.turn();
    }
    expect(reading.c.client.lastCommand).toBe("migrate");
    const writing = new Scene(2);
    for (const target of writing.targets) target.sendings = 0;
    expect(await writing.begin("MIGRATE h 1 a 0 10")).toBe(LOST_WRITING);
    const once = new Scene(1);
    once.target.sendings = 0;
    expect(await once.begin("MIGRATE h 1 a 0 10")).toBe(NOT_CONNECTED);
    for (const scene of [reading, writing, once]) {
      expect(scene.other.say("GET a")).toBe("$1\r\n1\r\n");
      expect(scene.journal).toEqual([]);
      expect(scene.server.watches.keyCount).toBe(0);
    }
  });

  test("does not try again after silence", async () => {
    const scene = new Scene(2);
    await scene.begin("MIGRATE h 1 a 0 10");
    scene.target.hangUp("timeout");
    expect(await scene.turn()).toBe(LOST_READING);
    expect(scene.targets[1].received()).toEqual([]);
    expect(scene.c.say("EXISTS a")).toBe(":1\r\n");
  });

  test("deletes what was acknowledged before the connection was lost, and nothing else", async () => {
    const scene = new Scene(2);
    await scene.begin(`${MIGRATE} a b c`);
    await scene.answer("+OK");
    scene.target.hangUp();
    expect(await scene.turn()).toBe(LOST_READING);
    expect(scene.journal).toEqual(["DEL a"]);
    expect(scene.c.say("EXISTS a b c")).toBe(":2\r\n");
  });

  test("sends large values one after the other", async () => {
    const scene = new Scene();
    scene.c.say("CONFIG SET rdbcompression no");
    for (const key of ["a", "b", "c"]) scene.c.say(`SETRANGE ${key} ${MIGRATE_PIECE_BYTES} x`);
    await scene.begin(`${MIGRATE} a b c`);
    for (const key of ["a", "b"]) {
      expect(scene.target.received()).toEqual([`RESTORE ${key} 0`]);
      expect(await scene.answer("+OK")).toBe("");
    }
    expect(await scene.answer("+OK")).toBe(OK);
  });

  test("is finished when its client is gone", async () => {
    const scene = new Scene();
    await scene.begin("MIGRATE h 1 a 0 10");
    scene.c.close("now");
    await scene.answer("+OK");
    expect(scene.journal).toEqual(["DEL a"]);
    expect(scene.other.say("EXISTS a")).toBe(":0\r\n");
  });

  test("deletes nothing in the middle of a script, a load or a transaction", async () => {
    const scene = new Scene();
    const { server } = scene;
    await scene.begin("MIGRATE h 1 a 0 10");
    server.gate |= GATE_BUSY;
    expect(await scene.answer("+OK")).toBe("");
    server.gate = GATE_LOADING;
    expect(await scene.turn()).toBe("");
    server.gate = 0;
    server.executor.beginUnit();
    expect(await scene.turn()).toBe("");
    expect(scene.journal).toEqual([]);
    server.executor.endUnit(scene.other.client);
    expect(await scene.turn()).toBe(OK);
    expect(scene.journal).toEqual(["DEL a"]);
  });

  test("deletes nothing while clients are paused", async () => {
    const scene = new Scene();
    await scene.begin("MIGRATE h 1 a 0 10");
    scene.other.say("CLIENT PAUSE 100 WRITE");
    expect(await scene.answer("+OK")).toBe("");
    scene.server.pass(100);
    expect(await scene.turn()).toBe(OK);
    expect(scene.journal).toEqual(["DEL a"]);
  });

  test("is no part of transactions and scripts", async () => {
    const { c } = new Scene();
    expect(c.say("MULTI", "MIGRATE h 1 a 0 10", "SET a 2", "EXEC", "GET a")).toBe(
      "+OK\r\n-ERR Command not allowed inside a transaction\r\n+QUEUED\r\n" +
        "-EXECABORT Transaction discarded because of previous errors.\r\n$1\r\n1\r\n",
    );
    expect(c.say(`EVAL "return redis.pcall('MIGRATE', 'h', 1, 'a', 0, 10).err" 0`)).toContain(
      "ERR MIGRATE is not allowed in scripts",
    );
  });

  test("counts the call, and not the time that it waited", async () => {
    const scene = new Scene();
    scene.c.say("CONFIG RESETSTAT");
    await scene.begin("MIGRATE h 1 a 0 10");
    scene.server.pass(5000);
    scene.other.say("GET a");
    await scene.answer("+OK");
    expect(scene.c.say("INFO commandstats")).toContain("cmdstat_migrate:calls=1,usec=0,");
  });

  test("tells clients that keep copies, and those who listen for events", async () => {
    const scene = new Scene();
    scene.server.events.classes = eventClasses("Eg")!;
    scene.other.say("HELLO 3", "CLIENT TRACKING ON", "GET a", "SUBSCRIBE __keyevent@0__:del");
    await scene.begin("MIGRATE h 1 a 0 10");
    await scene.answer("+OK");
    scene.server.tracking.endOfPoll();
    const heard = scene.other.heard();
    expect(heard).toContain("invalidate\r\n*1\r\n$1\r\na\r\n");
    expect(heard).toContain("__keyevent@0__:del\r\n$1\r\na\r\n");
  });
});
