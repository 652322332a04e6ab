import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Arena, NULL, type Ptr } from "../../src/memory/arena.ts";
import { blockBytes } from "../../src/memory/size-classes.ts";
import { Tree } from "../../src/structures/tree.ts";

/** The tree never looks into a leaf, so a leaf is just a number here. */
interface Leaf {
  p: number;
  bytes: number;
  count: number;
  /** What its key words spell. */
  key: number;
}

const KEY_STEP = 2 ** 20;
const PRECISION = 2 ** 20;

/** A tree beside the plain list of what should be in it. */
class Checked {
  readonly arena: Arena;
  readonly t: Ptr;
  readonly model: Leaf[] = [];
  private leafNumber = 0;

  constructor(
    readonly keyWords: number,
    readonly tree: Tree,
  ) {
    this.arena = tree.arena;
    this.t = tree.create();
  }

  /** A leaf with a key between its neighbours', if there is one. */
  insert(index: number): void {
    const { model, tree } = this;
    const before = model[index - 1]?.key ?? 0;
    const after = model[index]?.key ?? before + 2 * KEY_STEP;
    const key = Math.ceil((before + after) * (PRECISION / 2)) / PRECISION;
    if (key <= before || key >= after) return;
    this.leafNumber++;
    const leaf = { p: this.leafNumber, bytes: 8 + index, count: 1 + (this.leafNumber % 7), key };
    if (index === model.length) {
      this.setKeyWords(leaf.key);
      tree.append(this.t, leaf.p as Ptr, leaf.bytes, leaf.count);
    } else {
      this.seek(this.leafNumber % 2 === 0 ? index : Math.max(0, index - 1));
      this.setKeyWords(leaf.key);
      if (this.leafNumber % 2 === 0 || index === 0) tree.insertBefore(leaf.p as Ptr, leaf.bytes, leaf.count);
      else tree.insertAfter(leaf.p as Ptr, leaf.bytes, leaf.count);
    }
    model.splice(index, 0, leaf);
    this.expectCursor(index);
  }

  remove(index: number): void {
    this.seek(index);
    const followed = this.tree.removeLeaf();
    this.model.splice(index, 1);
    expect(followed).toBe(index < this.model.length);
    if (this.model.length === 0) expect(this.tree.leaf).toBe(NULL);
    else this.expectCursor(Math.min(index, this.model.length - 1));
  }

  change(index: number, count: number): void {
    this.seek(index);
    Object.assign(this.model[index], { p: ++this.leafNumber, bytes: 16 + count, count });
    this.tree.setLeaf(this.leafNumber as Ptr, 16 + count, count);
    const leaf = this.model[index];
    const greater = leaf.key + 0.5 / PRECISION;
    if (greater < (this.model[index + 1]?.key ?? Number.POSITIVE_INFINITY)) leaf.key = greater;
    this.setKeyWords(leaf.key);
    this.tree.setKey();
    this.expectCursor(index);
  }

  seek(index: number): void {
    expect(this.tree.seekIndex(this.t, this.before(index))).toBe(true);
    expect(this.tree.offset).toBe(0);
    this.expectCursor(index);
  }

  before(index: number): number {
    let sum = 0;
    for (let i = 0; i < index; i++) sum += this.model[i].count;
    return sum;
  }

  /** Any order-preserving spelling of a positive double in words will do. */
  private setKeyWords(key: number): void {
    const { tree, keyWords } = this;
    if (keyWords === 3) tree.keyF64[0] = key;
    if (keyWords === 4) tree.key.set([0, 0, Math.floor(key / 2 ** 10), (key % 2 ** 10) * 2 ** 22]);
  }

  private readKey(): number {
    const { tree, keyWords } = this;
    tree.readKey();
    return keyWords === 3 ? tree.keyF64[0] : (tree.key[2] >>> 0) * 2 ** 10 + (tree.key[3] >>> 0) / 2 ** 22;
  }

  expectCursor(index: number): void {
    const { tree, model } = this;
    expect(tree.leaf as number).toBe(model[index].p);
    expect(tree.leafBytes).toBe(model[index].bytes);
    expect(tree.leafCount).toBe(model[index].count);
    expect(tree.rank()).toBe(this.before(index));
  }

  check(): void {
    const { tree, t, model } = this;
    const seen: Omit<Leaf, "key">[] = [];
    tree.forEachLeaf(t, (p, bytes, count) => seen.push({ p, bytes, count }));
    expect(seen).toEqual(model.map(({ p, bytes, count }) => ({ p, bytes, count })));
    expect(tree.count(t)).toBe(this.before(model.length));
    expect(tree.leaves(t)).toBe(model.length);
    const leafBytes = model.reduce((sum, { bytes }) => sum + blockBytes(bytes), 0);
    expect(tree.bytes(t)).toBe(this.arena.usedBytes + leafBytes);
    expect(tree.seekFirst(t)).toBe(model.length > 0);
    for (let i = 0; i < model.length; i++) {
      if (this.keyWords > 0) expect(this.readKey()).toBe(model[i].key);
      expect(tree.next()).toBe(i + 1 < model.length);
    }
    expect(tree.seekLast(t)).toBe(model.length > 0);
    for (let i = model.length - 1; i >= 0; i--) {
      expect(tree.leaf as number).toBe(model[i].p);
      expect(tree.previous()).toBe(i > 0);
    }
    this.checkSeeks();
  }

  private checkSeeks(): void {
    const { tree, t, model } = this;
    let before = 0;
    for (let i = 0; i < model.length; i += 7) {
      const { count } = model[i];
      before = this.before(i);
      expect(tree.seekIndex(t, before + count - 1)).toBe(true);
      expect([tree.leaf as number, tree.offset]).toEqual([model[i].p, count - 1]);
      if (this.keyWords === 0) continue;
      this.setKeyWords(model[i].key);
      tree.seekKey(t);
      expect(tree.leaf as number).toBe(model[i].p);
      this.setKeyWords(model[i].key - 1 / 2 ** 22);
      tree.seekKey(t);
      expect(tree.leaf as number).toBe(model[Math.max(0, i - 1)].p);
    }
    expect(tree.seekIndex(t, -1)).toBe(false);
    expect(tree.seekIndex(t, this.before(model.length))).toBe(false);
  }

  destroy(): void {
    this.tree.destroy(this.t);
    expect(this.arena.usedBytes).toBe(0);
  }
}

/** Keys of three words with their double in front, as sorted sets have them. */
class ScoreTree extends Tree {
  protected override compare(_words: Int32Array, at: number): number {
    return this.keyF64[0] - this.view[at >> 1];
  }
}

interface Burst {
  readonly action: "append" | "prepend" | "scatter" | "run" | "remove" | "removeRun" | "change";
  readonly place: number;
  readonly times: number;
}

const burst = fc.record<Burst>({
  action: fc.constantFrom("append", "prepend", "scatter", "run", "remove", "removeRun", "change"),
  place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  times: fc.integer({ min: 1, max: 400 }),
});

function apply(checked: Checked, { action, place, times }: Burst): void {
  const { model } = checked;
  for (let i = 0; i < times; i++) {
    const scattered = (place + i * 0.618034) % 1;
    const anywhere = Math.floor(scattered * model.length);
    const near = Math.floor(place * model.length);
    if (action === "append") checked.insert(model.length);
    else if (action === "prepend") checked.insert(0);
    else if (action === "scatter") checked.insert(anywhere);
    else if (action === "run") checked.insert(Math.min(near + i, model.length));
    else if (model.length === 0) return;
    else if (action === "remove") checked.remove(anywhere);
    else if (action === "removeRun") checked.remove(near);
    else checked.change(anywhere, 1 + i);
  }
}

function behavesLikeAList(make: () => Checked): void {
  fc.assert(
    fc.property(fc.array(burst, { maxLength: 40 }), (bursts) => {
      const checked = make();
      for (const each of bursts) apply(checked, each);
      checked.check();
      while (checked.model.length > 0) checked.remove(checked.model.length >> 1);
      checked.check();
      checked.destroy();
    }),
    { numRuns: 15 },
  );
}

describe("a tree behaves like a list of leaves", () => {
  test("without keys", () => behavesLikeAList(() => new Checked(0, new Tree(new Arena(), 0))));

  test("with keys of a double and a word", () => behavesLikeAList(() => new Checked(3, new ScoreTree(new Arena(), 3))));

  test("with keys of four words", () => behavesLikeAList(() => new Checked(4, new Tree(new Arena(), 4))));
});

describe("a tree of a million leaves", () => {
  const LEAVES = 1_000_000;

  test("finds each by number and by key, and gives back its memory as leaves are taken out", () => {
    const tree = new Tree(new Arena(), 4);
    const t = tree.create();
    for (let i = 0; i < LEAVES; i++) {
      tree.key[3] = i * 2;
      tree.append(t, (i + 1) as Ptr, 100, 3);
    }
    const full = tree.arena.usedBytes;
    expect(full).toBeLessThan(LEAVES * 30);
    findAll(tree, t);
    takeOut(tree, t);
    expect(tree.leaves(t)).toBe(LEAVES / 8);
    expect(tree.arena.usedBytes).toBeLessThan(full / 3);
    shedAll(tree, t);
    tree.destroy(t);
    expect(tree.arena.usedBytes).toBe(0);
  });

  function findAll(tree: Tree, t: Ptr): void {
    for (let i = 0; i < LEAVES; i += 11) {
      tree.seekIndex(t, i * 3 + 2);
      expect(tree.leaf as number).toBe(i + 1);
      tree.key[3] = i * 2 + 1;
      tree.seekKey(t);
      expect(tree.leaf as number).toBe(i + 1);
    }
    expect(tree.rank()).toBe(Math.floor((LEAVES - 1) / 11) * 33);
  }

  function takeOut(tree: Tree, t: Ptr): void {
    for (let i = 0; i < LEAVES; i++) {
      if (i % 8 === 0) continue;
      tree.key[3] = i * 2;
      tree.seekKey(t);
      expect(tree.leaf as number).toBe(i + 1);
      tree.removeLeaf();
    }
  }

  function shedAll(tree: Tree, t: Ptr): void {
    let left = LEAVES;
    const visit = (leaf: Ptr, bytes: number, count: number) => {
      left -= 8;
      expect([leaf as number, bytes, count]).toEqual([left + 1, 100, 3]);
    };
    while (tree.shed(t, visit));
    expect(left).toBe(0);
  }
});
