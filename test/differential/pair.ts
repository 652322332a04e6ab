// Two servers that get the same commands, and the comparison of what they answer.
//
// Replies are attributed to commands without knowing how many a command gives (SUBSCRIBE gives one per channel, in RESP3
// pushes arrive in between): behind every command goes a PING with a text that occurs nowhere else, and everything up to
// its answer belongs to the command. PING is the one command that a RESP2 subscriber may send as well.

import { type Server, startOurs, startRedis } from "../support/oracle.ts";
import { encodePipeline, escapeBytes, RawConnection } from "../support/raw.ts";
import { parseReply, texts } from "../support/reply.ts";
import { sameReply } from "./rules.ts";
import { show, type Words } from "./words.ts";

export type Protocol = "RESP2" | "RESP3";

/** A command on one of several connections. */
export interface Step {
  readonly connection: number;
  readonly command: Words;
}

const MARK = "-=end of replies=-";
const MARKS = [`$${MARK.length}\r\n${MARK}\r\n`, `*2\r\n$4\r\npong\r\n$${MARK.length}\r\n${MARK}\r\n`];
const SHOWN_COMMANDS = 40;
const SHOWN_BEFORE = 300;
const SHOWN_MAX = 800;
const CLOSED = "(connection closed)\r\n";

/** Small limits make short sequences cross them: hashes convert at 9 fields or 33 bytes, sets at 9 integers, strings end at 1 MiB. */
export const SMALL_LIMITS = [
  "--hash-max-listpack-entries",
  "8",
  "--hash-max-listpack-value",
  "32",
  "--set-max-intset-entries",
  "8",
  "--proto-max-bulk-len",
  "1048576",
];

/** Redis 7.0 has no packed sets. */
const AS_IN_7_0 = ["--set-max-listpack-entries", "0"];

/** Two replies differ. The message holds the end of the sequence and both replies. */
export class Difference extends Error {
  constructor(
    readonly sequence: readonly string[],
    readonly at: string,
    readonly theirs: string,
    readonly ours: string,
  ) {
    const tail = sequence.slice(-SHOWN_COMMANDS).map((line) => `    ${line}`);
    super([...tail, `  > ${at}`, `  redis-server: "${theirs}"`, `  ours:         "${ours}"`].join("\n"));
  }

  /** Without the sequence before it. */
  brief(): string {
    return `  > ${this.at}\n  redis-server: "${this.theirs}"\n  ours:         "${this.ours}"`;
  }
}

export class Pair {
  private constructor(
    readonly redis: Server,
    readonly ours: Server,
    readonly redisAdmin: RawConnection,
    readonly oursAdmin: RawConnection,
  ) {}

  static async start(args: readonly string[] = SMALL_LIMITS): Promise<Pair> {
    const [redis, ours] = await Promise.all([startRedis(args), startOurs([...args, ...AS_IN_7_0])]);
    return Pair.of(redis, ours);
  }

  /** Two servers that run already; stop() ends both. */
  static async of(redis: Server, ours: Server): Promise<Pair> {
    return new Pair(redis, ours, await RawConnection.connect(redis.port), await RawConnection.connect(ours.port));
  }

  async stop(): Promise<void> {
    this.redisAdmin.close();
    this.oursAdmin.close();
    await Promise.all([this.redis.stop(), this.ours.stop()]);
  }

  /** Runs the commands on both empty servers and throws the first difference in a reply or in the data they leave. */
  async compare(commands: readonly Words[], protocol: Protocol): Promise<void> {
    const [first] = await this.differences(commands, protocol);
    if (first !== undefined) throw first;
  }

  /**
   * Runs the commands as one pipeline on a fresh connection to each empty server; returns the differing replies. The
   * data are compared when all replies are the same, and then count as one difference.
   */
  async differences(commands: readonly Words[], protocol: Protocol): Promise<Difference[]> {
    await this.flush();
    const all = [greeting(protocol), ...commands];
    const shown = all.map(show);
    const running = Promise.all([runPipeline(this.redis.port, all), runPipeline(this.ours.port, all)]);
    const [theirs, ours] = await this.#explain(running, shown);
    const found = all.flatMap((command, i) => {
      const same = sameReply(command, theirs[i]!, ours[i]!);
      return same ? [] : [difference(command, theirs[i]!, ours[i]!, shown.slice(0, i))];
    });
    return found.length > 0 ? found : this.#stateDifferences(shown);
  }

  /** Adds to a timeout or a broken connection what was sent, and what our server said last. */
  #explain<T>(running: Promise<T>, sequence: readonly string[]): Promise<T> {
    return running.catch((error: Error) => {
      const log = this.ours.running() ? "" : `ours has ended:\n${this.ours.log().slice(-2000)}`;
      const tail = sequence.slice(-SHOWN_COMMANDS).map((line) => `    ${line}`);
      throw new Error([error.message, ...tail, ...this.#closedSides(), log].join("\n"));
    });
  }

  #closedSides(): string[] {
    const sides = { "redis-server": this.redisAdmin, ours: this.oursAdmin };
    return Object.entries(sides).flatMap(([name, side]) => (side.closed ? [`${name} has closed its connection`] : []));
  }

  async #stateDifferences(sequence: readonly string[]): Promise<Difference[]> {
    try {
      await this.compareState(sequence);
      return [];
    } catch (error) {
      if (error instanceof Difference) return [error];
      throw error;
    }
  }

  /** Runs the steps one after the other, looking at every connection after each: for messages between connections. */
  async compareSteps(steps: readonly Step[], connections: number, protocol: Protocol): Promise<void> {
    await this.flush();
    const [theirs, ours] = await Promise.all([
      openAll(this.redis.port, connections, protocol),
      openAll(this.ours.port, connections, protocol),
    ]);
    try {
      const shown: string[] = [];
      for (const step of steps) {
        const running = Promise.all([runStep(theirs, step), runStep(ours, step)]);
        const [a, b] = await this.#explain(running, [...shown, show(step.command)]);
        for (let i = 0; i < connections; i++) assertSame(step.command, a[i]!, b[i]!, shown, `${step.connection}: `);
        shown.push(`${step.connection}: ${show(step.command)}`);
      }
    } finally {
      for (const connection of [...theirs, ...ours]) connection.close();
    }
    await this.compareState(steps.map((step) => `${step.connection}: ${show(step.command)}`));
  }

  /** One reply of each server to the same command, outside any sequence; throws when they differ. */
  async sameAnswer(command: Words, sequence: readonly string[] = []): Promise<Uint8Array> {
    const asked = Promise.all([this.redisAdmin.command(...command), this.oursAdmin.command(...command)]);
    const [theirs, ours] = await this.#explain(asked, [...sequence, show(command)]);
    assertSame(command, theirs, ours, sequence);
    return theirs;
  }

  async flush(): Promise<void> {
    await this.sameAnswer(["FLUSHALL"]);
  }

  /** Compares the keys of all databases: names, types, encodings, values, deadlines. */
  async compareState(sequence: readonly string[]): Promise<void> {
    for (const [db, keys] of await this.#keysOfAll(sequence)) {
      await this.sameAnswer(["SELECT", String(db)], sequence);
      for (const key of keys) await this.#compareKey(key, sequence);
    }
    await this.sameAnswer(["SELECT", "0"], sequence);
  }

  async #keysOfAll(sequence: readonly string[]): Promise<[number, string[]][]> {
    const commands = Array.from({ length: 16 }, (_none, db) => [
      ["SELECT", String(db)],
      ["KEYS", "*"],
    ]).flat();
    const sent = encodePipeline(commands);
    this.redisAdmin.send(sent);
    this.oursAdmin.send(sent);
    const [theirs, ours] = await Promise.all([
      this.redisAdmin.read(commands.length),
      this.oursAdmin.read(commands.length),
    ]);
    for (const [i, command] of commands.entries()) assertSame(command, theirs[i]!, ours[i]!, sequence, "final state: ");
    return Array.from({ length: 16 }, (_none, db) => [db, texts(parseReply(theirs[2 * db + 1]!)).map(String)]);
  }

  async #compareKey(key: string, sequence: readonly string[]): Promise<void> {
    const where = [...sequence, "(final state)"];
    const type = Buffer.from(await this.sameAnswer(["TYPE", key], where)).toString();
    const encoding = Buffer.from(await this.sameAnswer(["OBJECT", "ENCODING", key], where)).toString();
    await this.sameAnswer(["PTTL", key], where);
    if (type.startsWith("+string")) await this.sameAnswer(["GET", key], where);
    if (type.startsWith("+list")) await this.sameAnswer(["LRANGE", key, "0", "-1"], where);
    if (type.startsWith("+set")) await this.sameAnswer(["SMEMBERS", key], where);
    if (type.startsWith("+stream")) {
      await this.sameAnswer(["XRANGE", key, "-", "+"], where);
      await this.sameAnswer(["XINFO", "STREAM", key], where);
    }
    if (!type.startsWith("+hash")) return;
    const command = ["HGETALL", key];
    if (!encoding.includes("listpack")) {
      await this.sameAnswer(command, where);
      return;
    }
    // A packed hash keeps the order of insertion, which the rule for HGETALL would forgive.
    const [theirs, ours] = await Promise.all([this.redisAdmin.command(...command), this.oursAdmin.command(...command)]);
    if (Buffer.compare(theirs, ours) !== 0) throw difference(command, theirs, ours, where);
  }
}

function greeting(protocol: Protocol): Words {
  return protocol === "RESP3" ? ["HELLO", "3"] : ["HELLO", "2"];
}

function assertSame(
  command: Words,
  theirs: Uint8Array,
  ours: Uint8Array,
  sequence: readonly string[],
  where = "",
): void {
  if (!sameReply(command, theirs, ours)) throw difference(command, theirs, ours, sequence, where);
}

function difference(
  command: Words,
  theirs: Uint8Array,
  ours: Uint8Array,
  sequence: readonly string[],
  where = "",
): Difference {
  const from = Math.max(0, firstDifference(theirs, ours) - SHOWN_BEFORE);
  const text = (reply: Uint8Array): string => (from > 0 ? "..." : "") + escapeBytes(reply.subarray(from), SHOWN_MAX);
  return new Difference(sequence, where + show(command), text(theirs), text(ours));
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? a.length : at;
}

function isMark(reply: Uint8Array): boolean {
  return reply.length <= MARKS[1]!.length && MARKS.includes(Buffer.from(reply).toString("latin1"));
}

/** What each command was answered, all its frames together; CLOSED stands where the server closed the connection. */
async function runPipeline(port: number, commands: readonly Words[]): Promise<Uint8Array[]> {
  const connection = await RawConnection.connect(port);
  try {
    connection.send(encodePipeline(commands.flatMap((command) => [command, ["PING", MARK]])));
    const answers: Uint8Array[] = [];
    for (const _command of commands) answers.push(await answerOf(connection));
    return answers;
  } finally {
    connection.close();
  }
}

async function answerOf(connection: RawConnection): Promise<Uint8Array> {
  try {
    return Buffer.concat((await connection.readUntil(isMark)).slice(0, -1));
  } catch (error) {
    if (!connection.closed) throw error;
    return Buffer.concat([...connection.takeHeld(), Buffer.from(CLOSED)]);
  }
}

async function openAll(port: number, connections: number, protocol: Protocol): Promise<RawConnection[]> {
  const opened = await Promise.all(Array.from({ length: connections }, () => RawConnection.connect(port)));
  await Promise.all(opened.map((connection) => connection.command(...greeting(protocol))));
  return opened;
}

/** What every connection received because of the step. */
async function runStep(connections: readonly RawConnection[], step: Step): Promise<Uint8Array[]> {
  const answers: Uint8Array[] = [];
  const acting = connections[step.connection]!;
  acting.send(encodePipeline([step.command, ["PING", MARK]]));
  answers[step.connection] = await answerOf(acting);
  const others = connections.map((connection, i) => [connection, i] as const).filter(([c]) => c !== acting);
  for (const [connection] of others) connection.send(encodePipeline([["PING", MARK]]));
  for (const [connection, i] of others) answers[i] = await answerOf(connection);
  return answers;
}
