import { Span } from "../lib/bytes.ts";
import type { Random } from "../lib/random.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import type { Dict } from "../structures/dict.ts";
import type { Entries } from "../structures/entry.ts";
import type { CollectionReclaimer } from "./collection.ts";
import { kind, RAW, STRING } from "./kinds.ts";

const MEMBER = kind(STRING, RAW);
/** A table of no more members is freed at once: less work than to queue it. */
const FREED_AT_ONCE_MAX = 64;

export type MemberVisitor = (member: Span) => void;

/** Sets as Dicts whose entries are members, without values. */
export class MemberTable {
  private readonly member = new Span();

  constructor(
    private readonly entries: Entries,
    private readonly dict: Dict,
  ) {}

  /** The entry of a member, or NULL. */
  find(table: Ptr, buf: Uint8Array, start: number, len: number): Ptr {
    const { dict } = this;
    return dict.find(table, buf, start, len, dict.hash(buf, start, len));
  }

  /** False when the table has that member already. */
  add(table: Ptr, buf: Uint8Array, start: number, len: number): boolean {
    const { dict } = this;
    const hash = dict.hash(buf, start, len);
    if (dict.find(table, buf, start, len, hash) !== NULL) return false;
    this.insert(table, hash, buf, start, len);
    return true;
  }

  /** Adds a member that the table does not have. */
  addNew(table: Ptr, buf: Uint8Array, start: number, len: number): void {
    this.insert(table, this.dict.hash(buf, start, len), buf, start, len);
  }

  private insert(table: Ptr, hash: number, buf: Uint8Array, start: number, len: number): void {
    const { dict, entries } = this;
    const { usedBytes } = entries.arena;
    dict.insert(table, entries.create(MEMBER, false, buf, start, len, 0), hash);
    dict.charge(table, usedBytes);
  }

  remove(table: Ptr, member: Ptr): void {
    const { dict, entries } = this;
    const { usedBytes } = entries.arena;
    dict.remove(table, member);
    entries.release(member);
    dict.charge(table, usedBytes);
  }

  forEach(table: Ptr, visit: MemberVisitor): void {
    this.dict.forEach(table, (found) => this.show(found, visit));
  }

  /** Shows members until `visit` says that it has enough. */
  forEachUntil(table: Ptr, visit: (member: Span) => boolean): void {
    const { dict, member } = this;
    const homes = dict.buckets(table);
    let enough = false;
    const visitEntry = (found: Ptr): void => {
      if (enough) return;
      this.entries.name(found, member);
      enough = visit(member);
    };
    for (let home = 0; home < homes && !enough; home++) dict.visitHome(table, home, visitEntry);
  }

  scan(table: Ptr, cursor: number, visit: MemberVisitor): number {
    return this.dict.scan(table, cursor, (found) => this.show(found, visit));
  }

  private show(found: Ptr, visit: MemberVisitor): void {
    this.entries.name(found, this.member);
    visit(this.member);
  }

  /** Shows `count` different members by chance. Takes long when there are hardly more members. */
  samplePicks(table: Ptr, count: number, random: Random, visit: MemberVisitor): void {
    const chosen = new Set<Ptr>();
    while (chosen.size < count) {
      const found = this.dict.random(table, random);
      if (chosen.has(found)) continue;
      chosen.add(found);
      this.show(found, visit);
    }
  }

  /** A new table with the same members. */
  copy(table: Ptr): Ptr {
    const copy = this.dict.create();
    this.forEach(table, ({ buf, start, len }) => this.addNew(copy, buf, start, len));
    return copy;
  }

  /** Frees a table and its members; a big one in slices, later. */
  release(table: Ptr, reclaimer: CollectionReclaimer): void {
    const { dict, entries } = this;
    if (dict.count(table) > FREED_AT_ONCE_MAX) {
      reclaimer.addTable(table, false);
      return;
    }
    dict.dismantle(table, (member) => entries.release(member));
  }
}
