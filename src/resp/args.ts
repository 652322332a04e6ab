import { EMPTY, equalsIgnoreCase, latin1, type OwnedBytes, own, type Span, utf8 } from "../lib/bytes.ts";

const INITIAL_ARGS = 64;
const CR = 13;
const LF = 10;

/**
 * The arguments of one command as ranges of the buffer they came in. Borrowed: valid until the command ends.
 * Argument 0 is the command's name.
 */
export class Args {
  buf: Uint8Array = EMPTY;
  count = 0;
  start: Int32Array;
  len: Int32Array;
  /** The range of the whole request, from its `*` to after its last CRLF. */
  frameStart = 0;
  frameEnd = 0;

  /** Where the parser goes on, and what it is in the middle of: arguments still to come, and the length of the one it waits for. */
  pos = 0;
  remaining = 0;
  bulkBytes = -1;
  /** Every line and argument so far ended with CRLF. Parsers do not insist on it, but what reads a file does. */
  regular = true;

  /** `room`: for so many arguments at first. */
  constructor(room = INITIAL_ARGS) {
    this.start = new Int32Array(room);
    this.len = new Int32Array(room);
  }

  /** Forgets the request and starts one at `pos` of `buf`. */
  begin(buf: Uint8Array, pos: number): void {
    this.buf = buf;
    this.pos = pos;
    this.frameStart = pos;
    this.count = 0;
    this.remaining = 0;
    this.bulkBytes = -1;
    this.regular = true;
  }

  push(start: number, len: number): void {
    if (this.count === this.start.length) this.grow();
    this.start[this.count] = start;
    this.len[this.count++] = len;
  }

  /** Puts the line breaks of a complete request right, so that its text can be passed on. */
  mend(): void {
    if (this.regular) return;
    const { buf, start, len } = this;
    buf[buf.indexOf(CR, this.frameStart) + 1] = LF;
    for (let i = 0; i < this.count; i++) {
      const end = start[i] + len[i];
      buf[start[i] - 1] = LF;
      buf[end] = CR;
      buf[end + 1] = LF;
    }
    this.regular = true;
  }

  /** The same request in another buffer, `delta` bytes further on. */
  rebase(buf: Uint8Array, delta: number): void {
    this.buf = buf;
    this.pos += delta;
    this.frameStart += delta;
    if (delta !== 0) for (let i = 0; i < this.count; i++) this.start[i] += delta;
  }

  /** The same request in a buffer of its own, to be kept. */
  clone(): Args {
    const copy = new Args(this.count);
    copy.buf = own(this.buf, this.frameStart, this.frameEnd - this.frameStart);
    copy.count = this.count;
    for (let i = 0; i < this.count; i++) {
      copy.start[i] = this.start[i] - this.frameStart;
      copy.len[i] = this.len[i];
    }
    copy.frameEnd = copy.pos = copy.buf.length;
    copy.regular = this.regular;
    return copy;
  }

  /** Exchanges two arguments; the text of the request is left as it is. */
  swap(i: number, j: number): void {
    const { start, len } = this;
    [start[i], start[j]] = [start[j], start[i]];
    [len[i], len[j]] = [len[j], len[i]];
  }

  private grow(): void {
    const start = new Int32Array(this.start.length * 2);
    const len = new Int32Array(this.start.length * 2);
    start.set(this.start);
    len.set(this.len);
    this.start = start;
    this.len = len;
  }

  /** Whether argument i is that word, letter case aside. `upper` is in upper case. */
  is(i: number, upper: string): boolean {
    return equalsIgnoreCase(this.buf, this.start[i], this.len[i], upper);
  }

  equals(i: number, j: number): boolean {
    const { buf, start, len } = this;
    if (len[i] !== len[j]) return false;
    for (let k = 0; k < len[i]; k++) if (buf[start[i] + k] !== buf[start[j] + k]) return false;
    return true;
  }

  span(i: number, out: Span): void {
    out.set(this.buf, this.start[i], this.len[i]);
  }

  /** A copy of argument i, to be kept. */
  own(i: number): OwnedBytes {
    return own(this.buf, this.start[i], this.len[i]);
  }

  /** Argument i with one character per byte. */
  text(i: number): string {
    return latin1(this.buf, this.start[i], this.len[i]);
  }

  /** Argument i as errors quote it, which Redis prints as C's strings: up to a NUL, and no longer than `max` bytes. */
  quoted(i: number, max = Number.POSITIVE_INFINITY): string {
    const text = latin1(this.buf, this.start[i], Math.min(this.len[i], max));
    const nul = text.indexOf("\0");
    return nul < 0 ? text : text.slice(0, nul);
  }

  utf8(i: number): string {
    return utf8(this.buf, this.start[i], this.len[i]);
  }
}

/** A request made of texts or bytes, as if a client had sent it. */
export function argsOf(...parts: (string | Uint8Array)[]): Args {
  const args = new Args();
  const frame = Buffer.concat([
    Buffer.from(`*${parts.length}\r\n`),
    ...parts.flatMap((part) => {
      const bytes = Buffer.from(part as Uint8Array);
      return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")];
    }),
  ]);
  args.begin(new Uint8Array(frame), 0);
  let at = `*${parts.length}\r\n`.length;
  for (const part of parts) {
    const length = Buffer.byteLength(part as Uint8Array);
    at += `$${length}\r\n`.length;
    args.push(at, length);
    at += length + 2;
  }
  args.pos = args.frameEnd = at;
  return args;
}
