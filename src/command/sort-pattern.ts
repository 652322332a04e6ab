import { copyBytes, type Span } from "../lib/bytes.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { HASH, STRING } from "../types/kinds.ts";
import type { Call } from "./call.ts";

const STAR = 42;
const HASH_SIGN = 35;
const MINUS = 45;
const GREATER = 62;

/**
 * What BY and GET look up for an element: `weight_*` is the string whose name has the element in the place of the star, `obj_*->name` a field
 * of such a hash, `#` the element itself. Without a star it is nothing.
 */
export class SortPattern {
  /** The element itself. */
  readonly isElement: boolean;
  /** It names a key for each element. */
  readonly hasStar: boolean;
  private readonly buf: Uint8Array;
  private readonly start: number;
  /** Bytes before the star, and from there to the arrow or the end. */
  private readonly prefixLen: number;
  private readonly suffixStart: number;
  private readonly suffixLen: number;
  private readonly fieldStart: number;
  /** 0 when there is no field. */
  private readonly fieldLen: number;
  private name = new Uint8Array(64);

  constructor(c: Call, arg: number) {
    const { buf, start, len } = c.args;
    this.buf = buf;
    this.start = start[arg];
    const end = this.start + len[arg];
    this.isElement = len[arg] === 1 && buf[this.start] === HASH_SIGN;
    const star = indexOfStar(buf, this.start, end);
    this.hasStar = star < end;
    this.prefixLen = star - this.start;
    this.suffixStart = star + 1;
    const arrow = indexOfArrow(buf, this.suffixStart, end);
    // An arrow at the very end is part of the key's name.
    this.fieldLen = Math.max(0, end - arrow - 2);
    this.fieldStart = arrow + 2;
    this.suffixLen = (this.fieldLen > 0 ? arrow : end) - this.suffixStart;
  }

  /** Looks up what belongs to the element. False when there is no such thing; what `out` gets is valid until something changes. */
  lookUp(c: Call, element: Span, out: Span): boolean {
    if (this.isElement) {
      out.set(element.buf, element.start, element.len);
      return true;
    }
    if (!this.hasStar) return false;
    const e = readKey(c, this.name, this.nameFor(element));
    if (e === NULL) return false;
    const type = c.entries.type(e);
    if (this.fieldLen > 0) {
      return type === HASH && c.keyspace.hashes.get(e, this.buf, this.fieldStart, this.fieldLen, out);
    }
    if (type === STRING) c.entries.value(e, out);
    return type === STRING;
  }

  /** Writes the key's name into `name`; returns its length. */
  private nameFor({ buf, start, len }: Span): number {
    const { prefixLen, suffixLen } = this;
    const total = prefixLen + len + suffixLen;
    if (total > this.name.length) this.name = new Uint8Array(total * 2);
    const { name } = this;
    copyBytes(this.buf, this.start, prefixLen, name, 0);
    copyBytes(buf, start, len, name, prefixLen);
    copyBytes(this.buf, this.suffixStart, suffixLen, name, prefixLen + len);
    return total;
  }
}

/** As Call.read, of a key that is no argument. */
function readKey(c: Call, name: Uint8Array, len: number): Ptr {
  const { db, server, keyspace } = c;
  const e = db.find(name, 0, len, db.hash(name, 0, len));
  if (e === NULL) {
    server.stats.keyspaceMisses++;
    if (server.events.classes !== 0) server.events.emit(EVENTS.keyMiss, "keymiss", db.id, name, 0, len);
    return NULL;
  }
  server.stats.keyspaceHits++;
  if (!c.client.noTouch) keyspace.touch(e);
  return e;
}

function indexOfStar(buf: Uint8Array, from: number, end: number): number {
  for (let i = from; i < end; i++) if (buf[i] === STAR) return i;
  return end;
}

function indexOfArrow(buf: Uint8Array, from: number, end: number): number {
  for (let i = from; i < end - 1; i++) if (buf[i] === MINUS && buf[i + 1] === GREATER) return i;
  return end;
}
