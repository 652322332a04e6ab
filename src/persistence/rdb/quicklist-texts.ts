import { Span } from "../../lib/bytes.ts";
import type { PackedBuilder } from "../../structures/packed-builder.ts";
import { NODE_PACKED, NODE_PLAIN } from "./codes.ts";
import { ListpackTexts } from "./listpack-texts.ts";
import { RdbError, type RdbInput } from "./rdb-input.ts";
import type { Item, PackLimits, Texts } from "./texts.ts";
import { ZiplistTexts } from "./ziplist-texts.ts";

/** A list as a sequence of nodes: ziplists or, in the second form, listpacks and single large elements. */
export class QuicklistTexts implements Texts {
  private nodes = 0;
  private isSecond = false;
  private inNode = false;
  private node: Texts;
  private readonly listpack = new ListpackTexts();
  private readonly ziplist = new ZiplistTexts();
  private readonly bytes = new Span();

  constructor(private readonly input: RdbInput) {
    this.node = this.listpack;
  }

  open(nodes: number, isSecond: boolean): void {
    this.nodes = nodes;
    this.isSecond = isSecond;
    this.inNode = false;
  }

  next(out: Item): boolean {
    for (;;) {
      if (this.inNode && this.node.next(out)) return true;
      this.inNode = false;
      if (this.nodes === 0) return false;
      this.nodes--;
      if (this.openNode(out)) return true;
    }
  }

  /** `pack` of the listpack that is being read or, between two nodes, of the next one. */
  pack(builder: PackedBuilder, limits: PackLimits): void {
    if (!this.isSecond) return;
    if (!this.inNode) {
      const { input } = this;
      if (this.nodes === 0) return;
      input.need(1);
      if (input.buf[input.at] !== NODE_PACKED) return;
      input.at++;
      this.nodes--;
      input.string(this.bytes);
      this.openPacked();
    }
    this.listpack.pack(builder, limits);
  }

  /** Reads a node. True when it is an element itself. */
  private openNode(out: Item): boolean {
    const { input, bytes } = this;
    const container = this.isSecond ? input.plainLength() : NODE_PACKED;
    if (container !== NODE_PLAIN && container !== NODE_PACKED) {
      throw new RdbError(`Quicklist integrity check failed: container ${container}`);
    }
    if (container === NODE_PLAIN) out.isInteger = false;
    input.string(container === NODE_PLAIN ? out : bytes);
    if (container === NODE_PLAIN && out.len === 0)
      throw new RdbError("Quicklist integrity check failed: an empty node");
    if (container === NODE_PLAIN) return true;
    this.openPacked();
    return false;
  }

  private openPacked(): void {
    const { bytes } = this;
    this.inNode = true;
    if (this.isSecond) {
      this.listpack.open(bytes);
      this.node = this.listpack;
    } else {
      this.ziplist.open(bytes);
      this.node = this.ziplist;
    }
  }
}
