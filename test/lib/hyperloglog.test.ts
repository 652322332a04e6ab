import { describe, expect, test } from "bun:test";
import {
  Census,
  DENSE,
  DENSE_BYTES,
  denseRegister,
  Element,
  isHyperLogLog,
  mergeDense,
  REGISTERS,
  raiseDense,
  writeHeader,
} from "../../src/lib/hyperloglog.ts";
import { selfTest } from "../../src/lib/hyperloglog-self-test.ts";
import {
  CHANGED,
  DAMAGED,
  describeSparse,
  EMPTY_SPARSE_BYTES,
  mergeSparse,
  SparseEdit,
  type SparseOutcome,
  sparseToDense,
  TOO_HIGH,
  takeSparse,
  UNCHANGED,
  writeEmptySparse,
} from "../../src/lib/hyperloglog-sparse.ts";
import { Random } from "../../src/lib/random.ts";

/** Registers as a plain array, which all forms must agree with. */
class Model {
  readonly registers = new Uint8Array(REGISTERS);

  raise(index: number, count: number): boolean {
    if (this.registers[index]! >= count) return false;
    this.registers[index] = count;
    return true;
  }
}

class Sparse {
  readonly edit = new SparseEdit();
  buf = new Uint8Array(20_000);
  len = EMPTY_SPARSE_BYTES;

  constructor() {
    writeEmptySparse(this.buf, 0);
  }

  raise(index: number, count: number): SparseOutcome {
    const outcome = this.edit.plan(this.buf, 0, this.len, index, count);
    if (outcome === CHANGED) this.len = this.edit.apply(this.buf, 0, this.len);
    return outcome;
  }

  get registers(): Uint8Array {
    const most = new Uint8Array(REGISTERS);
    expect(mergeSparse(this.buf, 0, this.len, most)).toBe(true);
    return most;
  }
}

function emptyDense(): Uint8Array {
  const value = new Uint8Array(DENSE_BYTES);
  writeHeader(value, 0, DENSE);
  return value;
}

describe("the sparse form", () => {
  test("holds what a plain array of registers holds, in any order of changes", () => {
    const random = new Random(1);
    const model = new Model();
    const sparse = new Sparse();
    for (let i = 0; i < 4000; i++) {
      const index = random.below(i % 3 === 0 ? 50 : REGISTERS);
      const count = 1 + random.below(32);
      sparse.edit.rewind();
      expect(sparse.raise(index, count)).toBe(model.raise(index, count) ? CHANGED : UNCHANGED);
    }
    expect(sparse.registers).toEqual(model.registers);
  });

  test("finds registers in ascending order from the last one as from the start", () => {
    const random = new Random(2);
    for (let round = 0; round < 30; round++) {
      const resumed = new Sparse();
      const rewound = new Sparse();
      for (let pass = 0; pass < 3; pass++) {
        resumed.edit.rewind();
        for (let i = 0; i < REGISTERS; i += 1 + random.below(round * 4 + 1)) {
          const count = 1 + random.below(3);
          rewound.edit.rewind();
          expect(resumed.raise(i, count)).toBe(rewound.raise(i, count));
        }
        expect(resumed.len).toBe(rewound.len);
        expect(Buffer.compare(resumed.buf, rewound.buf)).toBe(0);
      }
    }
  });

  test("joins neighbours of equal count, up to four registers", () => {
    const sparse = new Sparse();
    for (const index of [0, 2, 1, 3, 4]) {
      sparse.edit.rewind();
      sparse.raise(index, 7);
    }
    expect(describeSparse(sparse.buf, 0, sparse.len)).toBe("v:7,4 v:7,1 Z:16379");
    sparse.edit.rewind();
    sparse.raise(1, 9);
    expect(describeSparse(sparse.buf, 0, sparse.len)).toBe("v:7,1 v:9,1 v:7,3 Z:16379");
  });

  test("cannot hold counts above 32", () => {
    const sparse = new Sparse();
    expect(sparse.raise(5, 33)).toBe(TOO_HIGH);
    expect(sparse.raise(5, 32)).toBe(CHANGED);
  });

  test("becomes a dense value with the same registers, kept count and estimate", () => {
    const random = new Random(3);
    const sparse = new Sparse();
    const model = new Model();
    for (let i = 0; i < 1000; i++) {
      const index = random.below(REGISTERS);
      const count = 1 + random.below(20);
      sparse.edit.rewind();
      sparse.raise(index, count);
      model.raise(index, count);
    }
    sparse.buf[9] = 77;
    const dense = new Uint8Array(DENSE_BYTES).fill(255);
    expect(sparseToDense(sparse.buf, 0, sparse.len, dense)).toBe(true);
    expect(isHyperLogLog(dense, 0, DENSE_BYTES)).toBe(true);
    expect(dense[9]).toBe(77);
    const registers = new Uint8Array(REGISTERS);
    mergeDense(dense, 0, registers);
    expect(registers).toEqual(model.registers);
    const [fromSparse, fromDense, fromBytes] = [new Census(), new Census(), new Census()];
    expect(takeSparse(fromSparse, sparse.buf, 0, sparse.len)).toBe(true);
    fromDense.takeDense(dense, 0);
    fromBytes.takeBytes(registers);
    expect(fromSparse.counts).toEqual(fromDense.counts);
    expect(fromBytes.counts).toEqual(fromDense.counts);
  });

  test("with runs that do not add up to all registers is damaged", () => {
    // Runs of more registers than 2^32 must not wrap round to a sum that looks right.
    const tooLong = new Uint8Array(16 + 2 * 262_145).fill(0xff);
    for (let at = 16; at < tooLong.length; at += 2) tooLong[at] = 0x7f;
    const tooShort = Uint8Array.from([...new Uint8Array(16), 0x3f]);
    const cut = Uint8Array.from([...new Uint8Array(16), 0x7f]);
    for (const value of [tooLong, tooShort, cut, new Uint8Array(16)]) {
      expect(mergeSparse(value, 0, value.length, new Uint8Array(REGISTERS))).toBe(false);
      expect(sparseToDense(value, 0, value.length, new Uint8Array(DENSE_BYTES))).toBe(false);
      expect(takeSparse(new Census(), value, 0, value.length)).toBe(false);
    }
    expect(new SparseEdit().plan(tooShort, 0, tooShort.length, 64, 1)).toBe(DAMAGED);
  });

  test("is never written outside of its bytes, however damaged", () => {
    const random = new Random(4);
    for (let round = 0; round < 3000; round++) {
      const len = 16 + random.below(12);
      const buf = Uint8Array.from({ length: 64 }, () => random.below(256));
      const edit = new SparseEdit();
      if (edit.plan(buf, 8, len, random.below(REGISTERS), 1 + random.below(32)) !== CHANGED) continue;
      const before = buf.slice();
      const room = len + Math.max(0, edit.growth);
      expect(edit.apply(buf, 8, len)).toBeLessThanOrEqual(room);
      expect(buf.subarray(0, 8)).toEqual(before.subarray(0, 8));
      expect(buf.subarray(8 + room)).toEqual(before.subarray(8 + room));
    }
  });
});

describe("the dense form", () => {
  test("holds what a plain array of registers holds", () => {
    const random = new Random(5);
    const model = new Model();
    const dense = emptyDense();
    for (let i = 0; i < 100_000; i++) {
      const index = random.below(REGISTERS);
      const count = random.below(64);
      expect(raiseDense(dense, 0, index, count)).toBe(model.raise(index, count));
    }
    for (let i = 0; i < REGISTERS; i++) expect(denseRegister(dense, 0, i)).toBe(model.registers[i]!);
  });
});

describe("an estimate", () => {
  test("is near the truth from one element to a million", () => {
    const element = new Element();
    const census = new Census();
    const dense = emptyDense();
    for (let i = 1; i <= 1_000_000; i++) {
      const text = Buffer.from(`element ${i}`);
      element.locate(text, 0, text.length);
      raiseDense(dense, 0, element.index, element.count);
      if (!/^10*$/.test(String(i))) continue;
      census.takeDense(dense, 0);
      expect(Math.abs(census.estimate() - i)).toBeLessThanOrEqual(i * 0.03);
    }
  });

  test("of nothing is 0, and of registers that no element could fill what C makes of infinity", () => {
    const census = new Census();
    census.takeBytes(new Uint8Array(REGISTERS));
    expect(census.estimate()).toBe(0);
    census.takeBytes(new Uint8Array(REGISTERS).fill(63));
    expect(census.estimate()).toBe(-(2 ** 63));
  });
});

describe("the self test", () => {
  test("passes with any seed", () => {
    for (let seed = 0; seed < 3; seed++) expect(selfTest(new Random(seed))).toBeUndefined();
  });
});
