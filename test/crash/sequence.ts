import { Random } from "../../src/lib/random.ts";
import { encodePipeline, type RawConnection } from "../support/raw.ts";
import { parseReply, texts } from "../support/reply.ts";

const HASH_FIELDS = 20;
const LOG_BYTES_MAX = 20_000;
const LARGE_BYTES = 300_000;
const LIST_LENGTH = 30;
const MEMBERS = 50;
const SCRIPT =
  "redis.call('SET', KEYS[1], ARGV[1]) redis.call('ZADD', KEYS[2], ARGV[1], ARGV[2]) redis.call('SET', KEYS[3], ARGV[1]) return 1";

type Kind = "append" | "clear" | "count" | "sum" | "pair" | "field" | "large" | "transaction" | "script";

/**
 * The endless sequence of commands of one writer, each made of the seed and its number alone, and what its keys hold after any number of
 * them. Every command changes something that a loss, a repetition or another order would show.
 */
export class Sequence {
  /** How many commands the state below is after. */
  done = 0;
  private log = "";
  private count = 0;
  private sum = 0;
  private large = "";
  private pair = "";
  private transacted = "";
  private list: number[] = [];
  private scripted = "";
  private readonly scores = new Map<string, number>();
  private readonly hash = new Map<string, string>();
  private readonly random = new Random(0);

  constructor(
    private readonly name: string,
    private readonly seed: number,
  ) {}

  /** The requests of command number `n`: several are a transaction. */
  requests(n: number): string[][] {
    if (this.kind(n) !== "transaction") return [this.request(n)];
    const { name } = this;
    return [
      ["MULTI"],
      ["SET", `${name}:t1`, String(n)],
      ["RPUSH", `${name}:list`, String(n)],
      ["LTRIM", `${name}:list`, String(-LIST_LENGTH), "-1"],
      ["SET", `${name}:t2`, String(n)],
      ["EXEC"],
    ];
  }

  private request(n: number): string[] {
    const { name } = this;
    switch (this.kind(n)) {
      case "append":
        return ["APPEND", `${name}:log`, `${n};`];
      case "clear":
        return ["SET", `${name}:log`, `${n};`];
      case "count":
        return ["INCR", `${name}:count`];
      case "sum":
        return ["INCRBYFLOAT", `${name}:sum`, "0.25"];
      case "pair":
        return ["MSET", `${name}:first`, String(n), `${name}:second`, String(n)];
      case "field":
        return ["HSET", `${name}:hash`, `f${n % HASH_FIELDS}`, String(n)];
      case "large":
        return ["SET", `${name}:large`, largeValue(n)];
      default:
        return ["EVAL", SCRIPT, "3", `${name}:s1`, `${name}:zset`, `${name}:s2`, String(n), `m${n % MEMBERS}`];
    }
  }

  /** Takes the state on by one command. */
  apply(): void {
    const n = this.done++;
    switch (this.kind(n)) {
      case "append":
        this.log += `${n};`;
        break;
      case "clear":
        this.log = `${n};`;
        break;
      case "count":
        this.count++;
        break;
      case "sum":
        this.sum += 0.25;
        break;
      case "pair":
        this.pair = String(n);
        break;
      case "field":
        this.hash.set(`f${n % HASH_FIELDS}`, String(n));
        break;
      case "large":
        this.large = largeValue(n);
        break;
      case "transaction":
        this.transacted = String(n);
        this.list = [...this.list, n].slice(-LIST_LENGTH);
        break;
      case "script":
        this.scripted = String(n);
        this.scores.set(`m${n % MEMBERS}`, n);
        break;
    }
  }

  private kind(n: number): Kind {
    if (n % (LOG_BYTES_MAX / 10) === 0) return "clear";
    this.random.seed(this.seed * 31 + n);
    const draw = this.random.below(100);
    if (draw < 30) return "append";
    if (draw < 45) return "count";
    if (draw < 55) return "sum";
    if (draw < 65) return "pair";
    if (draw < 75) return "transaction";
    if (draw < 85) return "script";
    return draw < 99 ? "field" : "large";
  }

  /** The state as `read` gives it. */
  state(): string {
    const { log, count, sum, pair, large, transacted, scripted, list } = this;
    const hash = [...this.hash].map(([field, value]) => `${field}=${value}`).sort();
    const scores = [...this.scores].map(([member, score]) => `${member}=${score}`).sort();
    const strings = [log, count || "", sum || "", pair, pair, large, transacted, transacted, scripted, scripted];
    return [...strings, ...list, ...hash, ...scores].join("\n");
  }

  /** What the server has of this writer's keys. */
  async read(connection: RawConnection): Promise<string> {
    const { name } = this;
    const keys = ["log", "count", "sum", "first", "second", "large", "t1", "t2", "s1", "s2"];
    connection.send(
      encodePipeline([
        ["MGET", ...keys.map((key) => `${name}:${key}`)],
        ["LRANGE", `${name}:list`, "0", "-1"],
        ["HGETALL", `${name}:hash`],
        ["ZRANGE", `${name}:zset`, "0", "-1", "WITHSCORES"],
      ]),
    );
    const [strings, list, hash, scores] = (await connection.read(4)).map((reply) => texts(parseReply(reply)));
    return [...strings!.map((text) => text ?? ""), ...list!, ...pairs(hash!), ...pairs(scores!)].join("\n");
  }
}

/** "name=value", sorted, of a flat list. */
function pairs(flat: readonly (string | null)[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < flat.length; i += 2) found.push(`${flat[i]}=${flat[i + 1]}`);
  return found.sort();
}

function largeValue(n: number): string {
  return `${n}:`.padEnd(40_000 + ((n * 7919) % LARGE_BYTES), String(n % 10));
}
