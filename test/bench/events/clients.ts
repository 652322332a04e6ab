/** What clients do at once, and requests and replies of unusual size. */
import { Caller, encodeCommand } from "../caller.ts";
import { filler, sequence } from "../encode.ts";
import { type Event, loads, type Scenario, type Stage } from "./event.ts";

const CONNECTIONS = 10_000;
const HUGE_BYTES = 512 * 1024 ** 2;
const MANY = 1_000_000;
const PIPE = { connections: 8, pipeline: 10_000 };
const WATCH_MS = 3000;
/** A client asks for so much and reads nothing of it. */
const UNREAD_REPLIES = 400;
const UNREAD_BYTES = 1024 * 1024;

let crowd: Caller[] = [];

async function gather({ server, scaled }: Stage): Promise<void> {
  crowd = await Promise.all(Array.from({ length: scaled(CONNECTIONS) }, () => Caller.connect(server.port)));
}

const opening: Event = {
  name: "10,000 connections open at once",
  watchMs: WATCH_MS,
  async happen(stage) {
    await gather(stage);
    return {};
  },
};

const asking: Event = {
  name: "10,000 connections ask at once",
  watchMs: WATCH_MS,
  async happen() {
    await Promise.all(crowd.map((caller) => caller.call("PING")));
    return {};
  },
};

const waking: Event = {
  name: "10,000 clients blocked in BLPOP end at once",
  watchMs: WATCH_MS,
  async happen({ caller }) {
    const waiting = crowd.map((one) => one.call("BLPOP", "list", "0"));
    await caller.call("PING");
    const answered = await caller.call("RPUSH", "list", ...crowd.map((_, i) => String(i)));
    await Promise.all(waiting);
    return { answered };
  },
};

const closing: Event = {
  name: "10,000 connections close at once",
  watchMs: WATCH_MS,
  async happen() {
    for (const caller of crowd) caller.close();
    crowd = [];
    return {};
  },
};

/** One command whose request is made beforehand. */
function bulky(name: string, args: (stage: Stage) => readonly (string | Uint8Array)[], watchMs = WATCH_MS): Event {
  let request: Uint8Array[] = [];
  return {
    name,
    watchMs,
    async prepare(stage) {
      request = [encodeCommand(args(stage))];
    },
    happen: async ({ caller }) => ({ answered: await caller.send(request, 1) }),
    async clear() {
      request = [];
    },
  };
}

const numbers = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const pairs = (count: number) => numbers(count, "key:").flatMap((name) => [name, "value"]);

const unread: Event = {
  name: "a client asks for 400 MB and reads nothing",
  watchMs: WATCH_MS,
  async prepare({ caller, scaled }) {
    await caller.call("SET", "unread", filler(scaled(UNREAD_BYTES)));
  },
  async happen({ server }) {
    const deaf = await Caller.connect(server.port);
    deaf.sendDeaf(Array.from({ length: UNREAD_REPLIES }, () => encodeCommand(["GET", "unread"])));
    crowd.push(deaf);
    return {};
  },
};

const leaving: Event = { ...closing, name: "it closes" };

export const CLIENTS: Scenario = {
  name: "clients",
  settings: ["--maxclients", "11000"],
  events: [
    loads("8 clients send 10,000 SETs at a time", () => ["SET", sequence("key:"), filler(16)], 3_000_000, PIPE),
    opening,
    asking,
    waking,
    closing,
    unread,
    leaving,
    bulky("SET of 512 MB", ({ scaled }) => ["SET", "huge", new Uint8Array(scaled(HUGE_BYTES))]),
    bulky("GET of 512 MB", () => ["GET", "huge"]),
    bulky("APPEND to 512 MB", () => ["APPEND", "huge", ""]),
    bulky("SETRANGE in 500 MB", () => ["SETRANGE", "huge", "1000", "x"]),
    bulky("BITCOUNT of 512 MB", () => ["BITCOUNT", "huge"]),
    bulky("SET over 512 MB", () => ["SET", "huge", "x"]),
    bulky("MSET of 1,000,000 keys", ({ scaled }) => ["MSET", ...pairs(scaled(MANY))]),
    bulky("MGET of 1,000,000 keys", ({ scaled }) => ["MGET", ...numbers(scaled(MANY), "key:")]),
    bulky("DEL of 1,000,000 keys", ({ scaled }) => ["DEL", ...numbers(scaled(MANY), "key:")]),
    bulky("SADD of 1,000,000 members", ({ scaled }) => ["SADD", "set", ...numbers(scaled(MANY), "member:")]),
  ],
};
