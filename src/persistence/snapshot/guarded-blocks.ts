import type { Ptr } from "../../memory/arena.ts";

/** A value whose blocks are being saved. */
export interface BlockOwner {
  /** A block is about to be changed or freed: saves it if it is one of this value's and not saved yet. True when it was. */
  changing(p: Ptr): boolean;
}

/** The values that are opened and have blocks to be saved: who is to be told of changes. */
export class GuardedBlocks {
  private readonly owners = new Set<BlockOwner>();

  add(owner: BlockOwner): void {
    this.owners.add(owner);
  }

  delete(owner: BlockOwner): void {
    this.owners.delete(owner);
  }

  changing(p: Ptr): void {
    for (const owner of this.owners) if (owner.changing(p)) return;
  }
}

/** Finds the number of a block by its pointer. It is filled at once, for lists of millions, so it is a plain table with open addressing. */
export class BlockNumbers {
  private readonly slots: Int32Array;
  private readonly shift: number;

  constructor(private readonly blocks: Int32Array) {
    const bits = 33 - Math.clz32(blocks.length);
    this.shift = 32 - bits;
    this.slots = new Int32Array(1 << bits);
    const { slots } = this;
    const mask = slots.length - 1;
    for (let i = 0; i < blocks.length; i++) {
      let at = this.slotOf(blocks[i]);
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = i + 1;
    }
  }

  /** -1 when it is none of them. */
  find(p: Ptr): number {
    const { slots, blocks } = this;
    const mask = slots.length - 1;
    for (let at = this.slotOf(p); slots[at] !== 0; at = (at + 1) & mask) {
      if (blocks[slots[at] - 1] === p) return slots[at] - 1;
    }
    return -1;
  }

  /** Multiplicative hashing with a prime near 2^32 times the golden section. */
  private slotOf(p: number): number {
    return Math.imul(p, 0x9e37_79b1) >>> this.shift;
  }
}
