import type { Keyspace } from "../../keyspace/keyspace.ts";
import { Span } from "../../lib/bytes.ts";
import type { Ptr } from "../../memory/arena.ts";
import { PackedList } from "../../structures/packed-list.ts";
import { TreeCursor } from "../../structures/tree-cursor.ts";
import { NODE_PACKED, NODE_PLAIN } from "./codes.ts";
import type { ListpackWriter } from "./listpack-writer.ts";
import type { RdbOutput } from "./output.ts";

/** A leaf is taken for so many bytes in `bigness`. */
const LEAF_BYTES = 2048;
/** Bytes of a node for -1, -2 ... of list-max-listpack-size, and for a number of elements. */
const NODE_BYTES = [4096, 8192, 16_384, 32_768, 65_536];
const COUNTED_NODE_BYTES = 8192;
/** What Redis takes an element's frame for when it looks whether a node has room for it. */
const FRAME_BYTES = 8;

/**
 * Writes lists. A whole one is divided as Redis does when elements are pushed one by one at the tail; one that is written leaf by leaf has a
 * node for each leaf.
 */
export class ListWriter {
  private readonly list: PackedList;
  private readonly tree: TreeCursor;
  private readonly text = new Span();
  /** The bounds of a node. */
  private nodeBytes = NODE_BYTES[1];
  private nodeElements = Number.POSITIVE_INFINITY;
  /** Nodes so far, and whether a listpack is open. */
  private nodes = 0;
  private isOpen = false;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly listpack: ListpackWriter,
  ) {
    this.list = new PackedList(keyspace.arena);
    this.tree = new TreeCursor(keyspace.arena, 0);
  }

  bigness(e: Ptr): number {
    const { entries } = this.keyspace;
    const bytes = entries.valueLength(e);
    return bytes === 0 ? this.tree.leaves(entries.reference(e)) * LEAF_BYTES : bytes;
  }

  write(e: Ptr, out: RdbOutput): void {
    const { tree, keyspace } = this;
    const { entries, lists } = keyspace;
    const size = lists.listpackSize;
    this.nodeBytes = size < 0 ? NODE_BYTES[Math.min(-size, NODE_BYTES.length) - 1] : COUNTED_NODE_BYTES;
    this.nodeElements = size < 0 ? Number.POSITIVE_INFINITY : Math.max(1, size);
    this.nodes = 0;
    const place = out.beginCount();
    const bytes = entries.valueLength(e);
    if (bytes !== 0) this.addLeaf(entries.reference(e), bytes, out);
    else {
      for (let more = tree.seekFirst(entries.reference(e)); more; more = tree.next()) {
        this.addLeaf(tree.leaf, tree.leafBytes, out);
      }
    }
    this.close();
    out.endCount(place, this.nodes);
  }

  private addLeaf(leaf: Ptr, bytes: number, out: RdbOutput): void {
    const { list, text } = this;
    for (list.open(leaf, bytes); list.index < list.count; list.next()) {
      list.read(text);
      this.add(text, bytes, out);
    }
  }

  private add({ buf, start, len }: Span, expected: number, out: RdbOutput): void {
    const { listpack } = this;
    if (len >= this.keyspace.lists.ownLeafBytes) {
      this.close();
      this.nodes++;
      out.byte(NODE_PLAIN);
      out.string(buf, start, len);
      return;
    }
    if (this.isOpen && this.isFull(len)) this.close();
    if (!this.isOpen) {
      this.nodes++;
      out.byte(NODE_PACKED);
      listpack.begin(out, expected);
      this.isOpen = true;
    }
    listpack.text(buf, start, len);
  }

  private isFull(len: number): boolean {
    const { listpack } = this;
    return listpack.bytes + len + FRAME_BYTES > this.nodeBytes || listpack.count >= this.nodeElements;
  }

  private close(): void {
    if (this.isOpen) this.listpack.end();
    this.isOpen = false;
  }

  // ---- leaf by leaf: the number of leaves, and then each of them

  beginLeaves(count: number, out: RdbOutput): void {
    out.length(count);
  }

  /** A leaf: the packed list `p` of `bytes` bytes. */
  leaf(p: Ptr, bytes: number, out: RdbOutput): void {
    const { list, text, listpack } = this;
    list.open(p, bytes);
    list.read(text);
    if (list.count === 1 && text.len >= this.keyspace.lists.ownLeafBytes) {
      out.byte(NODE_PLAIN);
      out.string(text.buf, text.start, text.len);
      return;
    }
    out.byte(NODE_PACKED);
    listpack.begin(out, bytes);
    for (; list.index < list.count; list.next()) {
      list.read(text);
      listpack.text(text.buf, text.start, text.len);
    }
    listpack.end();
  }
}
