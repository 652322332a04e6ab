import { freeBytes } from "../../lib/bytes.ts";
import type { Arena, Ptr } from "../../memory/arena.ts";
import { SEGMENT_SHIFT, UNIT_MASK } from "../../memory/arena.ts";
import type { Dict } from "../../structures/dict.ts";
import { type Compression, RdbOutput } from "../rdb/output.ts";
import { BlockNumbers, type BlockOwner, type GuardedBlocks } from "./guarded-blocks.ts";
import { GuardedHomes } from "./guarded-homes.ts";
import { chunkOf, type Pieces } from "./pieces.ts";

/**
 * A value that is too large to be saved at once. What stands in front of its elements was written when it was opened; by now its key may be
 * gone. What has to be saved before its turn in the file comes is kept.
 */
export interface BigValue {
  /** The database its key is in. */
  readonly db: number;
  /** Its turn has come: writes what there is already, and from now on everything, to `main`. */
  start(main: Pieces): void;
  /** Writes a part. False when there is nothing left. */
  step(): boolean;
}

/** What stands around the elements of a value. */
export interface Frame {
  readonly head: RdbOutput;
  readonly tail?: RdbOutput | undefined;
}

/** Small, because many may be open at a time. */
const HEAD_BYTES = 256;
const HEAD_MARKS = 16;

export function newHead(compression: Compression): RdbOutput {
  const head = new RdbOutput(compression, freeBytes, HEAD_BYTES);
  head.marks = new Int32Array(HEAD_MARKS);
  return head;
}

/** A table: a hash, a set or a sorted set. The order of its elements is of no importance. */
export class BigTable implements BigValue {
  readonly homes: GuardedHomes;
  private main: Pieces | undefined;

  /** `write` writes an element. */
  constructor(
    readonly db: number,
    readonly table: Ptr,
    dict: Dict,
    private readonly frame: Frame,
    private readonly write: (e: Ptr, out: RdbOutput) => void,
  ) {
    this.homes = new GuardedHomes(dict, table, this.save);
  }

  private readonly save = (e: Ptr): void => {
    const { main } = this;
    this.write(e, main === undefined ? this.frame.head : main.out);
    main?.settle();
  };

  start(main: Pieces): void {
    main.append(chunkOf(this.frame.head));
    this.main = main;
  }

  step(): boolean {
    if (this.homes.saveNext()) return true;
    const { tail } = this.frame;
    if (tail !== undefined) this.main!.append(chunkOf(tail));
    return false;
  }
}

/** Leaves in their order: a list, or the entries of a stream. */
export class BigBlocks implements BigValue, BlockOwner {
  private main!: Pieces;
  private next = 0;
  /** Leaves that were saved before their turn. */
  private readonly early = new Map<number, RdbOutput>();
  private readonly numbers: BlockNumbers;

  /**
   * `leaves` are as many as `write` can write by their number; `head` and `tail`: what stands in front and behind them.
   */
  constructor(
    readonly db: number,
    private readonly leaves: Int32Array,
    private readonly head: RdbOutput,
    private readonly tail: RdbOutput | undefined,
    private readonly blocks: GuardedBlocks,
    private readonly write: (number: number, out: RdbOutput) => void,
  ) {
    this.numbers = new BlockNumbers(leaves);
    blocks.add(this);
  }

  changing(p: Ptr): boolean {
    const number = this.numbers.find(p);
    if (number < this.next || this.early.has(number)) return false;
    const out = newHead(this.head.compression);
    this.write(number, out);
    this.early.set(number, out);
    return true;
  }

  start(main: Pieces): void {
    main.append(chunkOf(this.head));
    this.main = main;
  }

  step(): boolean {
    const { main, early } = this;
    if (this.next === this.leaves.length) {
      this.blocks.delete(this);
      if (this.tail !== undefined) main.append(chunkOf(this.tail));
      return false;
    }
    const number = this.next++;
    const saved = early.get(number);
    if (saved !== undefined) {
      early.delete(number);
      main.append(chunkOf(saved));
    } else {
      this.write(number, main.out);
      main.settle();
    }
    return true;
  }
}

const STEP_BYTES = 64 * 1024;

/** A long string. It is copied bit by bit, and passed on when it is complete, because it is compressed as a whole. */
export class BigString implements BigValue, BlockOwner {
  private main!: Pieces;
  private readonly copied: RdbOutput;
  private done = 0;

  constructor(
    readonly db: number,
    private readonly p: Ptr,
    private readonly length: number,
    head: RdbOutput,
    private readonly tail: RdbOutput | undefined,
    private readonly arena: Arena,
    private readonly blocks: GuardedBlocks,
  ) {
    this.copied = head;
    blocks.add(this);
  }

  /** The block is about to be changed: what is left is copied at once. */
  changing(p: Ptr): boolean {
    if (p !== this.p || this.done === this.length) return false;
    this.copy(this.length - this.done);
    return true;
  }

  private copy(bytes: number): void {
    const { p, copied } = this;
    copied.reserve(this.length - this.done);
    copied.bytes(this.arena.u8[p >>> SEGMENT_SHIFT], ((p & UNIT_MASK) << 3) + this.done, bytes);
    this.done += bytes;
    if (this.done === this.length) this.blocks.delete(this);
  }

  start(main: Pieces): void {
    this.main = main;
  }

  step(): boolean {
    if (this.done < this.length) {
      this.copy(Math.min(STEP_BYTES, this.length - this.done));
      return true;
    }
    this.main.append(chunkOf(this.copied));
    if (this.tail !== undefined) this.main.append(chunkOf(this.tail));
    return false;
  }
}
