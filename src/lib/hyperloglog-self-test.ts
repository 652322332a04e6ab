/** What PFSELFTEST does: a check on the machine it runs on that registers hold what they should and that counts are near the truth. */
import {
  Census,
  DENSE,
  DENSE_BYTES,
  denseRegister,
  Element,
  REGISTERS,
  raiseDense,
  writeHeader,
} from "./hyperloglog.ts";
import { CHANGED, EMPTY_SPARSE_BYTES, SparseEdit, sparseToDense, writeEmptySparse } from "./hyperloglog-sparse.ts";
import type { Random } from "./random.ts";

const ELEMENTS = 300_000;
/** As long as both forms are compared. */
const SPARSE_ELEMENTS = 1_000;
const SPARSE_BYTES_MAX = 8 * 1024;
const FIRST_CHECK = 1_000;
const CHECK_FACTOR = 10;
/** Six times the standard error of 2^14 registers. */
const ERROR_MAX = (6 * 1.04) / Math.sqrt(REGISTERS);

/** Returns what is wrong; undefined when nothing is. */
export function selfTest(random: Random): string | undefined {
  return checkRegisters(random) ?? checkCounts(random);
}

function checkRegisters(random: Random): string | undefined {
  const value = new Uint8Array(DENSE_BYTES);
  const expected = Uint8Array.from({ length: REGISTERS }, () => random.below(64));
  for (let i = 0; i < REGISTERS; i++) raiseDense(value, 0, i, expected[i]);
  for (let i = 0; i < REGISTERS; i++) {
    if (denseRegister(value, 0, i) !== expected[i]) {
      return `Register ${i} should be ${expected[i]} but is ${denseRegister(value, 0, i)}`;
    }
  }
  return undefined;
}

/** Counts random elements in both forms and compares the forms with each other and the counts with the truth. */
function checkCounts(random: Random): string | undefined {
  const dense = new Uint8Array(DENSE_BYTES);
  writeHeader(dense, 0, DENSE);
  const sparse = new SparseValue();
  const element = new Element();
  const bytes = new Uint8Array(8);
  const words = new Int32Array(bytes.buffer);
  let nextCheck = FIRST_CHECK;
  for (let i = 1; i <= ELEMENTS; i++) {
    words[0] = random.int32();
    words[1] = random.int32();
    element.locate(bytes, 0, bytes.length);
    raiseDense(dense, 0, element.index, element.count);
    if (i <= SPARSE_ELEMENTS) sparse.raise(element.index, element.count);
    if (i < nextCheck) continue;
    nextCheck *= CHECK_FACTOR;
    const fault = checkEstimate(dense, i) ?? (i === SPARSE_ELEMENTS ? sparse.compare(dense) : undefined);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function checkEstimate(dense: Uint8Array, elements: number): string | undefined {
  const census = new Census();
  census.takeDense(dense, 0);
  const estimate = census.estimate();
  if (Math.abs(estimate - elements) <= Math.ceil(elements * ERROR_MAX)) return undefined;
  return `Too big error. card:${elements} estimate:${estimate}`;
}

/** A value in the sparse form with room to grow. */
class SparseValue {
  private readonly buf = new Uint8Array(SPARSE_BYTES_MAX);
  private readonly edit = new SparseEdit();
  private len = EMPTY_SPARSE_BYTES;

  constructor() {
    writeEmptySparse(this.buf, 0);
  }

  /** Counts above what this form can hold are left out. */
  raise(index: number, count: number): void {
    this.edit.rewind();
    if (this.edit.plan(this.buf, 0, this.len, index, count) === CHANGED) {
      this.len = this.edit.apply(this.buf, 0, this.len);
    }
  }

  compare(dense: Uint8Array): string | undefined {
    const converted = new Uint8Array(DENSE_BYTES);
    if (!sparseToDense(this.buf, 0, this.len, converted)) return "The sparse form does not have all registers";
    for (let i = 0; i < REGISTERS; i++) {
      const count = denseRegister(dense, 0, i);
      if (count <= 32 && denseRegister(converted, 0, i) !== count) return `Register ${i} differs in the sparse form`;
    }
    return undefined;
  }
}
