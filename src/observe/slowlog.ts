import { encode, type OwnedBytes, own } from "../lib/bytes.ts";
import type { Args } from "../resp/args.ts";

const ARGS_MAX = 32;
const ARG_BYTES_MAX = 128;
const REDACTED = encode("(redacted)");

/** Who sent a request. */
export interface Sender {
  readonly address: string;
  readonly name: string;
}

/** A command that took long. */
export interface SlowCall {
  readonly id: number;
  readonly unixSeconds: number;
  readonly microseconds: number;
  /** As sent, shortened. */
  readonly args: readonly OwnedBytes[];
  readonly address: string;
  readonly name: string;
}

/** The last commands that took long: bounded in number, and each in what it keeps of its arguments. */
export class SlowLog {
  /** Microseconds from which on a command is slow; negative: none is. */
  slowerThanUs = -1;
  lengthMax = 128;
  private nextId = 0;
  /** The oldest first. */
  private calls: SlowCall[] = [];

  add(args: readonly OwnedBytes[], microseconds: number, nowMs: number, { address, name }: Sender): void {
    const unixSeconds = Math.floor(nowMs / 1000);
    this.calls.push({ id: this.nextId++, unixSeconds, microseconds: Math.floor(microseconds), args, address, name });
    const surplus = this.calls.length - this.lengthMax;
    if (surplus > 0) this.calls.splice(0, surplus);
  }

  get length(): number {
    return this.calls.length;
  }

  /** The last `count` calls, the newest first. */
  latest(count: number): SlowCall[] {
    return count === 0 ? [] : this.calls.slice(-count).reverse();
  }

  reset(): void {
    this.calls = [];
  }
}

/** The arguments as the log keeps them: shortened in number and length, and those at the places of `secrets` blackened. */
export function keptArguments(args: Args, secrets: readonly number[]): OwnedBytes[] {
  const kept: OwnedBytes[] = [];
  const shown = args.count > ARGS_MAX ? ARGS_MAX - 1 : args.count;
  for (let i = 0; i < shown; i++) kept.push(secrets.includes(i) ? REDACTED : keptArgument(args, i));
  if (shown < args.count) kept.push(encode(`... (${args.count - shown} more arguments)`));
  return kept;
}

function keptArgument({ buf, start, len }: Args, i: number): OwnedBytes {
  if (len[i] <= ARG_BYTES_MAX) return own(buf, start[i], len[i]);
  const beginning = Buffer.from(buf.buffer, buf.byteOffset + start[i], ARG_BYTES_MAX).toString("latin1");
  return own(Buffer.from(`${beginning}... (${len[i] - ARG_BYTES_MAX} more bytes)`, "latin1"));
}
