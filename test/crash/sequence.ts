import { Random } from "../../src/lib/random.ts";
import { encodePipeline, type RawConnection } from "../support/raw.ts";
import { parseReply, texts } from "../support/reply.ts";

const HASH_FIELDS = 20;
const LOG_BYTES_MAX = 20_000;
const LARGE_BYTES = 300_000;

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
  private readonly hash = new Map<string, string>();
  private readonly random = new Random(0);

  constructor(
    private readonly name: string,
    private readonly seed: number,
  ) {}

  /** Command number `n`. */
  command(n: number): string[] {
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
    }
  }

  private kind(n: number): "append" | "clear" | "count" | "sum" | "pair" | "field" | "large" {
    if (n % (LOG_BYTES_MAX / 10) === 0) return "clear";
    this.random.seed(this.seed * 31 + n);
    const draw = this.random.below(100);
    if (draw < 40) return "append";
    if (draw < 60) return "count";
    if (draw < 70) return "sum";
    if (draw < 80) return "pair";
    return draw < 99 ? "field" : "large";
  }

  /** The state as `read` gives it. */
  state(): string {
    const { log, count, sum, pair, large } = this;
    const hash = [...this.hash].map(([field, value]) => `${field}=${value}`).sort();
    return [log, count || "", sum || "", pair, pair, large, ...hash].join("\n");
  }

  /** What the server has of this writer's keys. */
  async read(connection: RawConnection): Promise<string> {
    const keys = ["log", "count", "sum", "first", "second", "large"].map((key) => `${this.name}:${key}`);
    connection.send(
      encodePipeline([
        ["MGET", ...keys],
        ["HGETALL", `${this.name}:hash`],
      ]),
    );
    const [strings, flat] = (await connection.read(2)).map((reply) => texts(parseReply(reply)));
    const hash: string[] = [];
    for (let i = 0; i < flat!.length; i += 2) hash.push(`${flat![i]}=${flat![i + 1]}`);
    return [...strings!.map((text) => text ?? ""), ...hash.sort()].join("\n");
  }
}

function largeValue(n: number): string {
  return `${n}:`.padEnd(40_000 + ((n * 7919) % LARGE_BYTES), String(n % 10));
}
