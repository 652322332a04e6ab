/**
 * The sparse form of a HyperLogLog value's registers: runs of equal registers, in order.
 *
 *     00nnnnnn           1 to 64 registers of 0
 *     01nnnnnn nnnnnnnn  1 to 16384 registers of 0
 *     1cccccnn           1 to 4 registers of a count from 1 to 32
 *
 * Invariants
 * 1. How a run is split when one of its registers is raised, and which runs are joined afterwards, is Redis's choice: the same elements in
 *    the same order give the same bytes as there.
 * 2. Values come from strangers. A run may reach over the last register or the end of the value (bytes beyond count as zero), and
 *    nothing is read or written outside the value because of it.
 */
import { copyBytes } from "./bytes.ts";
import {
  type Census,
  DENSE,
  DENSE_BYTES,
  HEADER_BYTES,
  REGISTERS,
  raiseDense,
  SPARSE,
  setEncoding,
  writeHeader,
} from "./hyperloglog.ts";

/** An empty value: its header and one run. */
export const EMPTY_SPARSE_BYTES = HEADER_BYTES + 2;

const LONG_ZEROS = 0x40;
const COUNTED = 0x80;
const KIND = 0xc0;
const ZEROS_MAX = 64;
const COUNT_MAX = 32;
const COUNTED_RUN_MAX = 4;
const EDIT_BYTES_MAX = 5;
/** After a change so many runs from the one before it are looked at for neighbours to join. */
const JOINED_RUNS = 5;

/** What a register's raise means for the sparse form. */
export const UNCHANGED = 0;
/** A change is planned. */
export const CHANGED = 1;
/** The runs do not reach that register. */
export const DAMAGED = 2;
/** The count is too high for this form. */
export const TOO_HIGH = 3;
export type SparseOutcome = typeof UNCHANGED | typeof CHANGED | typeof DAMAGED | typeof TOO_HIGH;

export function writeEmptySparse(buf: Uint8Array, start: number): void {
  writeHeader(buf, start, SPARSE);
  buf[start + HEADER_BYTES] = LONG_ZEROS | ((REGISTERS - 1) >>> 8);
  buf[start + HEADER_BYTES + 1] = (REGISTERS - 1) & 0xff;
}

function isCounted(run: number): boolean {
  return run >= COUNTED;
}

function runBytes(run: number): number {
  return (run & KIND) === LONG_ZEROS ? 2 : 1;
}

/** How many registers the run at `at` has. */
function runLength(buf: Uint8Array, at: number, end: number): number {
  const run = buf[at];
  if (isCounted(run)) return (run & 3) + 1;
  if (run < LONG_ZEROS) return run + 1;
  return ((run & 63) << 8) + (at + 1 < end ? buf[at + 1] : 0) + 1;
}

function runCount(run: number): number {
  return ((run >>> 2) & 31) + 1;
}

function countedRun(count: number, length: number): number {
  return COUNTED | ((count - 1) << 2) | (length - 1);
}

/**
 * Raises registers of a value in the sparse form, in two steps so that the caller can make room in between: `plan` looks, `apply` writes.
 * Registers that are raised in ascending order, without anything else in between, are found from where the last one was.
 */
export class SparseEdit {
  /** How many bytes longer the value must be made before `apply`; negative: shorter after it. */
  growth = 0;

  private readonly runs = new Uint8Array(EDIT_BYTES_MAX);
  private runsBytes = 0;
  /** Offsets in the value: the run to be replaced, and the one before it, or 0. */
  private at = 0;
  private before = 0;
  private replacedBytes = 0;
  /** Where the search starts: a run and its first register. */
  private from = HEADER_BYTES;
  private fromIndex = 0;

  /** The search starts at the first run again: needed whenever the value is not the one of the last call, changed by nothing but `apply`. */
  rewind(): void {
    this.from = HEADER_BYTES;
    this.fromIndex = 0;
  }

  /** What raising a register to `count` takes. */
  plan(buf: Uint8Array, start: number, len: number, index: number, count: number): SparseOutcome {
    if (count > COUNT_MAX) return TOO_HIGH;
    const end = start + len;
    let at = start + this.from;
    let first = this.fromIndex;
    let before = 0;
    let beforeFirst = 0;
    let length = 0;
    while (at < end) {
      length = runLength(buf, at, end);
      if (index < first + length) break;
      before = at;
      beforeFirst = first;
      first += length;
      at += runBytes(buf[at]);
    }
    if (length === 0 || at >= end) return DAMAGED;
    if (before === 0 && this.from > HEADER_BYTES) {
      this.rewind();
      return this.plan(buf, start, len, index, count);
    }
    if (before > 0) {
      this.from = before - start;
      this.fromIndex = beforeFirst;
    }
    const run = buf[at];
    if (isCounted(run) && runCount(run) >= count) return UNCHANGED;
    this.at = at - start;
    this.before = before === 0 ? 0 : before - start;
    this.replacedBytes = runBytes(run);
    this.split(run, index - first, length, count);
    return CHANGED;
  }

  /** The runs that stand for `run` of `length` registers when the one at `place` is raised. */
  private split(run: number, place: number, length: number, count: number): void {
    this.runsBytes = 0;
    this.addRun(run, place);
    this.runs[this.runsBytes++] = countedRun(count, 1);
    this.addRun(run, length - place - 1);
    this.growth = this.runsBytes - this.replacedBytes;
  }

  /** Adds `length` registers of what `run` is of. */
  private addRun(run: number, length: number): void {
    if (length === 0) return;
    if (isCounted(run)) this.runs[this.runsBytes++] = countedRun(runCount(run), length);
    else if (length <= ZEROS_MAX) this.runs[this.runsBytes++] = length - 1;
    else {
      this.runs[this.runsBytes++] = LONG_ZEROS | ((length - 1) >>> 8);
      this.runs[this.runsBytes++] = (length - 1) & 0xff;
    }
  }

  /**
   * Makes the planned change in a value that was `len` bytes long and has room for `growth` more. Returns its length, which joined runs may
   * have made shorter than that.
   */
  apply(buf: Uint8Array, start: number, len: number): number {
    const bytes = len + this.growth;
    const tail = this.at + this.replacedBytes;
    if (tail < len && this.growth !== 0) {
      copyBytes(buf, start + tail, len - tail, buf, start + tail + this.growth);
    }
    for (let i = 0; i < this.runsBytes && this.at + i < bytes; i++) buf[start + this.at + i] = this.runs[i];
    return this.join(buf, start, bytes);
  }

  /** Joins counted runs of equal count around the change. Returns the value's new length. */
  private join(buf: Uint8Array, start: number, len: number): number {
    let end = start + len;
    let at = start + (this.before === 0 ? HEADER_BYTES : this.before);
    for (let runs = 0; runs < JOINED_RUNS && at < end; runs++) {
      const joined = at + 1 < end ? joinedRun(buf[at], buf[at + 1]) : 0;
      if (joined === 0) {
        at += runBytes(buf[at]);
        continue;
      }
      copyBytes(buf, at + 1, end - at - 1, buf, at);
      buf[at] = joined;
      end--;
    }
    return end - start;
  }
}

/** Two counted runs as one; 0 when they cannot be. */
function joinedRun(run: number, next: number): number {
  if (!isCounted(run) || !isCounted(next) || runCount(run) !== runCount(next)) return 0;
  const length = (run & 3) + (next & 3) + 2;
  return length <= COUNTED_RUN_MAX ? countedRun(runCount(run), length) : 0;
}

/**
 * Raises the registers in `most`, a byte each, to those of a value in the sparse form. False when the value is damaged; then some may have
 * been raised.
 */
export function mergeSparse(buf: Uint8Array, start: number, len: number, most: Uint8Array): boolean {
  const end = start + len;
  let index = 0;
  for (let at = start + HEADER_BYTES; at < end; at += runBytes(buf[at])) {
    const length = runLength(buf, at, end);
    if (index + length > REGISTERS) return false;
    if (isCounted(buf[at])) {
      const count = runCount(buf[at]);
      for (let i = index; i < index + length; i++) if (count > most[i]) most[i] = count;
    }
    index += length;
  }
  return index === REGISTERS;
}

/** Makes `dense` the dense form of a value in the sparse form, its cardinality included. False when the value is damaged. */
export function sparseToDense(buf: Uint8Array, start: number, len: number, dense: Uint8Array): boolean {
  dense.fill(0, HEADER_BYTES, DENSE_BYTES);
  copyBytes(buf, start, HEADER_BYTES, dense, 0);
  setEncoding(dense, 0, DENSE);
  const end = start + len;
  let index = 0;
  for (let at = start + HEADER_BYTES; at < end; at += runBytes(buf[at])) {
    const length = runLength(buf, at, end);
    if (index + length > REGISTERS) return false;
    if (isCounted(buf[at])) {
      for (let i = index; i < index + length; i++) raiseDense(dense, 0, i, runCount(buf[at]));
    }
    index += length;
  }
  return index === REGISTERS;
}

/** Takes the census of a value in the sparse form. False when the value is damaged. */
export function takeSparse(census: Census, buf: Uint8Array, start: number, len: number): boolean {
  const { counts } = census;
  counts.fill(0);
  const end = start + len;
  let index = 0;
  for (let at = start + HEADER_BYTES; at < end; at += runBytes(buf[at])) {
    const length = runLength(buf, at, end);
    counts[isCounted(buf[at]) ? runCount(buf[at]) : 0] += length;
    index += length;
  }
  return index === REGISTERS;
}

/** The runs as PFDEBUG DECODE shows them: z and Z for zeros, v for a count and its run. */
export function describeSparse(buf: Uint8Array, start: number, len: number): string {
  const end = start + len;
  const runs: string[] = [];
  for (let at = start + HEADER_BYTES; at < end; at += runBytes(buf[at])) {
    const length = runLength(buf, at, end);
    if (isCounted(buf[at])) runs.push(`v:${runCount(buf[at])},${length}`);
    else runs.push(`${buf[at] < LONG_ZEROS ? "z" : "Z"}:${length}`);
  }
  return runs.join(" ");
}
