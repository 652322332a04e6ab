import { copyBytes, EMPTY, freeBytes } from "../lib/bytes.ts";
import { CARRY_STEP_BYTES } from "../limits.ts";
import { Args } from "../resp/args.ts";

const spare: Args[] = [];
const SPARE_MAX = 16;

/** Buffers for the next carries: making and clearing one costs as much as the copy into it. */
const buffers: Uint8Array[] = [];
const BUFFERS_MAX = 64;
const BUFFER_KEPT_BYTES_MAX = 128 * 1024;

function takeBuffer(bytes: number): Uint8Array {
  const kept = bytes <= BUFFER_KEPT_BYTES_MAX ? buffers.pop() : undefined;
  if (kept !== undefined && kept.length >= bytes) return kept;
  // Sizes are rounded up, so that a kept buffer serves the next request of about that size.
  return new Uint8Array(bytes <= BUFFER_KEPT_BYTES_MAX ? 2 ** Math.ceil(Math.log2(bytes)) : bytes);
}

/** Nothing looks at a buffer any more: it is kept, or its memory given back. */
function keepBuffer(buf: Uint8Array): void {
  if (buf.length > BUFFER_KEPT_BYTES_MAX) freeBytes(buf);
  else if (buffers.length < BUFFERS_MAX) buffers.push(buf);
}

/** Arguments for a connection whose last ones went with a carry. */
export function spareArgs(): Args {
  return spare.pop() ?? new Args();
}

/**
 * A request that did not end with its chunk, in a buffer of its own. When the length of the argument that is missing is known the buffer is
 * made for it at once, so that a large argument is copied once and never moved.
 */
export class Carry {
  private buf: Uint8Array;
  length: number;

  /** Takes over the request that `args` has begun to parse in `chunk`, and `args` itself. */
  constructor(
    chunk: Uint8Array,
    readonly args: Args,
  ) {
    const held = chunk.length - args.frameStart;
    const missing = args.bulkBytes < 0 ? 0 : args.bulkBytes + 2 - (chunk.length - args.pos);
    this.buf = takeBuffer(held + missing + 64);
    copyBytes(chunk, args.frameStart, held, this.buf, 0);
    this.length = held;
    args.rebase(this.buf, -args.frameStart);
  }

  /** Bytes of the argument that is not complete yet: those before it are taken in already. */
  get unparsedBytes(): number {
    return this.length - this.args.pos;
  }

  get bufferBytes(): number {
    return this.buf.length;
  }

  get freeBytes(): number {
    return this.buf.length - this.length;
  }

  /** Copies what the request may still need from `chunk`, from `pos` on; returns how much. */
  take(chunk: Uint8Array, pos: number): number {
    const { args } = this;
    const missing = args.bulkBytes < 0 ? CARRY_STEP_BYTES : args.pos + args.bulkBytes + 2 - this.length;
    const n = Math.min(missing, chunk.length - pos);
    if (this.length + n > this.buf.length) this.grow(args.bulkBytes < 0 ? n : missing);
    copyBytes(chunk, pos, n, this.buf, this.length);
    this.length += n;
    return n;
  }

  private grow(bytes: number): void {
    const bigger = takeBuffer(Math.max(this.buf.length * 2, this.length + bytes));
    copyBytes(this.buf, 0, this.length, bigger, 0);
    keepBuffer(this.buf);
    this.buf = bigger;
    this.args.rebase(bigger, 0);
  }

  /** Gives the arguments back. The carry is of no more use. */
  release(): void {
    this.args.begin(EMPTY, 0);
    keepBuffer(this.buf);
    if (spare.length < SPARE_MAX) spare.push(this.args);
  }
}
