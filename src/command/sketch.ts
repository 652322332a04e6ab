import type { Span } from "../lib/bytes.ts";
import {
  DENSE,
  DENSE_BYTES,
  encodingOf,
  isHyperLogLog,
  isStale,
  makeStale,
  mergeDense,
  raiseDense,
} from "../lib/hyperloglog.ts";
import {
  CHANGED,
  DAMAGED,
  EMPTY_SPARSE_BYTES,
  mergeSparse,
  SparseEdit,
  sparseToDense,
  UNCHANGED,
  writeEmptySparse,
} from "../lib/hyperloglog-sparse.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { RAW } from "../types/kinds.ts";
import type { Call } from "./call.ts";
import { error } from "./errors.ts";
import { growString } from "./string-values.ts";

const NOT_HYPERLOGLOG = error("WRONGTYPE Key is not a valid HyperLogLog string value.");
const DAMAGED_HYPERLOGLOG = error("INVALIDOBJ Corrupted HLL object detected");

/**
 * The HyperLogLog value of a key that is being worked on. One object, used for every command in turn.
 *
 * Invariants
 * 1. `span` is where the value is now. Raising a register may move it; nothing but this class does between `open` and the command's end.
 * 2. The string is raw, as in Redis: it is written into.
 */
export class Sketch {
  private c!: Call;
  private keyArg = 0;
  private e: Ptr = NULL;
  span!: Span;
  private readonly edit = new SparseEdit();
  private readonly dense = new Uint8Array(DENSE_BYTES);

  /** Opens the value of the key in argument `keyArg`, whose entry is `e`. Fails when it is not a HyperLogLog value. */
  open(c: Call, keyArg: number, e: Ptr): boolean {
    this.c = c;
    this.keyArg = keyArg;
    this.e = e;
    this.span = c.span;
    this.edit.rewind();
    c.entries.value(e, c.span);
    if (isHyperLogLog(c.span.buf, c.span.start, c.span.len)) return true;
    c.fail(NOT_HYPERLOGLOG);
    return false;
  }

  /** `open` for a command that writes into the value: it becomes raw. */
  openRaw(c: Call, keyArg: number, e: Ptr): boolean {
    if (!this.open(c, keyArg, e)) return false;
    c.entries.setEncoding(e, RAW);
    return true;
  }

  /** Makes an empty value in the key of argument `keyArg`, which was looked up last and does not exist. */
  create(c: Call, keyArg: number): void {
    const e = growString(c, keyArg, NULL, EMPTY_SPARSE_BYTES);
    writeEmptySparse(c.span.buf, c.span.start);
    this.open(c, keyArg, e);
  }

  get isDense(): boolean {
    return encodingOf(this.span.buf, this.span.start) === DENSE;
  }

  get isStale(): boolean {
    return isStale(this.span.buf, this.span.start);
  }

  makeStale(): void {
    makeStale(this.span.buf, this.span.start);
  }

  /** Raises a register: UNCHANGED, CHANGED or DAMAGED. */
  raise(index: number, count: number): typeof UNCHANGED | typeof CHANGED | typeof DAMAGED {
    const { span } = this;
    if (this.isDense) return raiseDense(span.buf, span.start, index, count) ? CHANGED : UNCHANGED;
    const { edit } = this;
    const outcome = edit.plan(span.buf, span.start, span.len, index, count);
    if (outcome === UNCHANGED || outcome === DAMAGED) return outcome;
    if (outcome === CHANGED && (edit.growth <= 0 || span.len + edit.growth <= this.sparseBytesMax)) {
      this.applyEdit();
      return CHANGED;
    }
    if (!this.becomeDense()) return DAMAGED;
    raiseDense(span.buf, span.start, index, count);
    return CHANGED;
  }

  /** `raise` for elements in any order. */
  raiseAnywhere(index: number, count: number): typeof UNCHANGED | typeof CHANGED | typeof DAMAGED {
    this.edit.rewind();
    return this.raise(index, count);
  }

  private get sparseBytesMax(): number {
    return this.c.server.config.values["hll-sparse-max-bytes"];
  }

  private applyEdit(): void {
    const { c, edit, span } = this;
    const { len } = span;
    if (edit.growth > 0) this.e = growString(c, this.keyArg, this.e, len + edit.growth);
    const bytes = edit.apply(span.buf, span.start, len);
    if (bytes < span.len) {
      this.e = c.db.resize(this.e, bytes);
      c.entries.value(this.e, span);
    }
  }

  /** Turns a sparse value into a dense one. False when it is damaged, and left as it is. */
  becomeDense(): boolean {
    const { c, dense, span } = this;
    if (!sparseToDense(span.buf, span.start, span.len, dense)) return false;
    this.e = c.db.resize(this.e, DENSE_BYTES);
    c.entries.value(this.e, span);
    span.buf.set(dense, span.start);
    return true;
  }

  /** Raises the registers in `most`, a byte each, to those of the value. Fails when it is damaged. */
  mergeInto(most: Uint8Array): void {
    const { buf, start, len } = this.span;
    if (this.isDense) mergeDense(buf, start, most);
    else if (!mergeSparse(buf, start, len, most)) this.failDamaged();
  }

  failDamaged(): void {
    this.c.fail(DAMAGED_HYPERLOGLOG);
  }
}
