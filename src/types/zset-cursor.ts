import { Span } from "../lib/bytes.ts";
import { type Arena, type Ptr, SEGMENT_SHIFT, UNIT_MASK } from "../memory/arena.ts";
import type { Entries } from "../structures/entry.ts";
import { PackedList } from "../structures/packed-list.ts";
import { TreeCursor } from "../structures/tree-cursor.ts";
import { LISTPACK } from "./kinds.ts";
import { ScoreCodec } from "./packed-zset.ts";
import { KEY_WORDS, pointersIndex } from "./score-tree.ts";
import type { TableZset } from "./table-zset.ts";

/**
 * Reads a sorted set in order. There may be several, and other sorted sets may be changed meanwhile, not the one that is read. What `member`
 * holds is valid until the cursor moves.
 */
export class ZsetCursor {
  readonly member = new Span();
  score = 0;

  private readonly list: PackedList;
  private readonly codec = new ScoreCodec();
  private readonly tree: TreeCursor;
  private packed = true;
  /** Of a big one: number of the element in its leaf, and where the leaf's elements are. */
  private at = 0;
  private scores: Float64Array;
  private scoresAt = 0;
  private pointers: Int32Array;
  private pointersAt = 0;

  constructor(
    private readonly arena: Arena,
    private readonly entries: Entries,
    private readonly tables: TableZset,
  ) {
    this.list = new PackedList(arena);
    this.tree = new TreeCursor(arena, KEY_WORDS);
    this.scores = this.tree.keyF64;
    this.pointers = this.tree.key;
  }

  /** To the member with that many before it. False when there is none. */
  seek(e: Ptr, rank: number): boolean {
    const { entries, list, tree } = this;
    this.packed = entries.encoding(e) === LISTPACK;
    if (this.packed) {
      list.open(entries.reference(e), entries.valueLength(e));
      if (rank < 0 || rank >= list.count >> 1) return false;
      list.seek(rank << 1);
      return this.readPair();
    }
    if (!tree.seekIndex(this.tables.treeOf(entries.reference(e)), rank)) return false;
    this.enterLeaf();
    return this.readElement(tree.offset);
  }

  /** To the member that follows. False when there is none. */
  next(): boolean {
    const { list, tree } = this;
    if (this.packed) {
      list.next();
      return list.index < list.count && this.readPair();
    }
    if (this.at + 1 < tree.leafCount) return this.readElement(this.at + 1);
    if (!tree.next()) return false;
    this.enterLeaf();
    return this.readElement(0);
  }

  /** To the member before. False when there is none. */
  previous(): boolean {
    const { list, tree } = this;
    if (this.packed) {
      if (list.index <= 1) return false;
      list.seek(list.index - 3);
      return this.readPair();
    }
    if (this.at > 0) return this.readElement(this.at - 1);
    if (!tree.previous()) return false;
    this.enterLeaf();
    return this.readElement(tree.leafCount - 1);
  }

  /** The score and the member from the list's cursor on. */
  private readPair(): boolean {
    this.score = this.codec.read(this.list);
    this.list.next();
    this.list.read(this.member);
    return true;
  }

  private readElement(at: number): boolean {
    this.at = at;
    this.score = this.scores[this.scoresAt + at];
    const { entries, member } = this;
    const m = this.pointers[this.pointersAt + at] as Ptr;
    const bytes = entries.segment(m);
    // Storing a reference costs more than comparing it, and most members are in one segment.
    if (member.buf !== bytes) member.buf = bytes;
    member.start = entries.nameStart(m);
    member.len = entries.nameLength(m);
    return true;
  }

  private enterLeaf(): void {
    const { leaf, leafBytes } = this.tree;
    this.scores = this.arena.f64[leaf >>> SEGMENT_SHIFT];
    this.scoresAt = leaf & UNIT_MASK;
    this.pointers = this.arena.i32[leaf >>> SEGMENT_SHIFT];
    this.pointersAt = pointersIndex(leaf, leafBytes);
  }
}
