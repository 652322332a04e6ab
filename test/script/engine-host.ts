// An engine without a server: redis.call knows a few commands, and a few keys.

import { type Args, argsOf } from "../../src/resp/args.ts";
import { Reply } from "../../src/resp/reply.ts";
import { GO_ON, LuaEngine, type ScriptHost, type Verdict } from "../../src/script/engine.ts";

/** The values of the keys "h", "s" and "z", which the oracle is given as well. */
export const DATA: readonly (readonly string[])[] = [
  ["HSET", "h", "field", "value"],
  ["SADD", "s", "member"],
  ["ZADD", "z", "1.5", "a", "0.1", "b"],
];

const REPLIES: Record<string, (reply: Reply, args: Args) => void> = {
  PING: (reply) => reply.status("PONG"),
  ECHO: (reply, args) => reply.bulk(args.buf, args.start[1], args.len[1]),
  GET: (reply) => reply.nil(),
  MGET: (reply) => {
    reply.array(2);
    reply.nil();
    reply.nil();
  },
  STRLEN: (reply) => reply.integer(0),
  HGETALL: (reply) => {
    reply.map(1);
    reply.bulkText("field");
    reply.bulkText("value");
  },
  SMEMBERS: (reply) => {
    reply.set(1);
    reply.bulkText("member");
  },
  ZSCORE: (reply, args) => reply.double(args.text(2) === "a" ? 1.5 : 0.1),
  TYPES: (reply) => {
    reply.array(5);
    reply.boolean(true);
    reply.boolean(false);
    reply.bigNumber("1234567999999999999999999999999999999");
    reply.verbatim("txt", "some\ntext");
    reply.nil();
  },
};

export class TestHost implements ScriptHost {
  deprecatedApi = false;

  unixMs(): number {
    return 1_700_000_000_000;
  }

  readonly logged: [number, string][] = [];
  readonly replication: number[] = [];
  scriptName = "a-script";
  verdict: () => Verdict = () => GO_ON;
  /** Resolves what `pause` waits for. */
  goOn: () => void = () => {};

  call(args: Args, reply: Reply): void {
    const known = REPLIES[args.text(0).toUpperCase()];
    if (known === undefined) reply.errorText("ERR Unknown Redis command called from script");
    else known(reply, args);
  }

  log(level: number, message: Uint8Array): void {
    this.logged.push([level, Buffer.from(message).toString("latin1")]);
  }

  setReplication(flags: number): void {
    this.replication.push(flags);
  }

  aclCheck(args: Args): 1 | 0 | -1 {
    if (args.is(0, "GET")) return 1;
    return args.is(0, "SET") ? 0 : -1;
  }

  name(): string {
    return this.scriptName;
  }

  poll(): Verdict {
    return this.verdict();
  }

  pause(): Promise<void> {
    return new Promise((resolve) => {
      this.goOn = resolve;
    });
  }
}

export interface Asked {
  readonly keys?: readonly (string | Uint8Array)[];
  readonly argv?: readonly (string | Uint8Array)[];
  readonly resp3?: boolean;
}

/** Compiles a script and runs it, as EVAL would; what it replies, as text of one character per byte. */
export function evaluate(engine: LuaEngine, script: string, asked: Asked = {}): string {
  const body = Buffer.from(script, "latin1");
  const handle = engine.compile(body, 0, body.length);
  if (handle === 0) return `-ERR Error compiling script (new function): ${engine.compileError}\r\n`;
  const text = run(engine, handle, asked);
  engine.release(handle);
  return text;
}

/** Runs what a handle stands for; it must not be paused. */
export function run(engine: LuaEngine, handle: number, { keys = [], argv = [], resp3 = false }: Asked = {}): string {
  const reply = new Reply();
  reply.resp3 = resp3;
  const paused = engine.run(handle, argsOf("EVAL", "", "", ...keys, ...argv), 3, keys.length, reply);
  if (paused !== undefined) throw new Error("the script has been paused");
  return latin1Of(reply);
}

export function latin1Of(reply: Reply): string {
  return Buffer.from(reply.buf.subarray(0, reply.at)).toString("latin1");
}

export function newEngine(
  host = new TestHost(),
  kind: "eval" | "function" = "eval",
  memoryLimitBytes?: number,
): LuaEngine {
  return new LuaEngine(host, kind, memoryLimitBytes);
}
