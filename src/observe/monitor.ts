import { encode, type OwnedBytes } from "../lib/bytes.ts";
import type { Args } from "../resp/args.ts";

const QUOTE = 34;
const BACKSLASH = 92;
const FIRST_PRINTABLE = 32;
const LAST_PRINTABLE = 126;
const REDACTED = '"(redacted)"';
const ESCAPES = new Map([
  [7, "\\a"],
  [8, "\\b"],
  [9, "\\t"],
  [10, "\\n"],
  [13, "\\r"],
  [QUOTE, '\\"'],
  [BACKSLASH, "\\\\"],
]);
const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, "0")}`;
const SHOWN: readonly string[] = Array.from({ length: 256 }, (_none, byte) => {
  const printable = byte >= FIRST_PRINTABLE && byte <= LAST_PRINTABLE;
  return ESCAPES.get(byte) ?? (printable ? String.fromCharCode(byte) : hex(byte));
});

/** Whoever is told of every command. */
export interface Watcher {
  readonly link: { push(message: OwnedBytes): void };
}

/** The clients that watch what the server executes. */
export class Monitors {
  private readonly watchers = new Set<Watcher>();

  get size(): number {
    return this.watchers.size;
  }

  add(watcher: Watcher): void {
    this.watchers.add(watcher);
  }

  remove(watcher: Watcher): void {
    this.watchers.delete(watcher);
  }

  has(watcher: Watcher): boolean {
    return this.watchers.has(watcher);
  }

  /**
   * Tells all watchers of a request. `from` is its sender's address, or "lua"; the arguments at the places of `secrets` are
   * blackened. `unixUs` is the time in microseconds.
   */
  tell(args: Args, secrets: readonly number[], unixUs: number, db: number, from: string): void {
    const line = encode(`+${monitorLine(args, secrets, unixUs, db, from)}\r\n`);
    for (const { link } of this.watchers) link.push(line);
  }
}

function monitorLine(args: Args, secrets: readonly number[], unixUs: number, db: number, from: string): string {
  const seconds = Math.floor(unixUs / 1e6);
  const fraction = String(Math.floor(unixUs - seconds * 1e6)).padStart(6, "0");
  let line = `${seconds}.${fraction} [${db} ${from}]`;
  for (let i = 0; i < args.count; i++) line += ` ${secrets.includes(i) ? REDACTED : quoted(args, i)}`;
  return line;
}

function quoted({ buf, start, len }: Args, i: number): string {
  let text = '"';
  for (let at = start[i]; at < start[i] + len[i]; at++) text += SHOWN[buf[at]];
  return `${text}"`;
}
