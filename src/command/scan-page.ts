import type { Span } from "../lib/bytes.ts";
import { parseUnsigned } from "../lib/integer.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { Reply } from "../resp/reply.ts";
import type { Call } from "./call.ts";
import { ERRORS } from "./errors.ts";
import { type Scanned, ScanOptions } from "./scan-options.ts";

/** How many empty pages in a row a walk may meet for each element that it was asked for, before the client gets its turn. */
const STEPS_PER_ELEMENT = 10;

/** What one call of SCAN or its like returns, gathered while the cursor that goes before it is not known. */
export class ScanPage {
  /** Elements that were met; those that are not shown count, too. */
  met = 0;
  private readonly elements = new Reply(1024);
  private count = 0;

  constructor(readonly options: ScanOptions) {}

  /** An element was met. It is shown if its name matches; tells whether. */
  offer(name: Span): boolean {
    this.met++;
    const matches = this.options.matches(name.buf, name.start, name.len);
    if (matches) this.add(name);
    return matches;
  }

  /** What belongs to the element that was shown last. */
  add({ buf, start, len }: Span): void {
    this.elements.bulk(buf, start, len);
    this.count++;
  }

  /**
   * Walks until about as many elements were met as are wanted, or a number of steps that is in proportion, and replies. `step` offers the
   * elements at a cursor and returns the next cursor.
   */
  fill(c: Call, cursor: number, step: (cursor: number) => number): void {
    const { count } = this.options;
    let next = cursor;
    let steps = count * STEPS_PER_ELEMENT;
    do next = step(next);
    while (next !== 0 && --steps > 0 && this.met < count);
    this.send(c, next);
  }

  private send({ reply }: Call, cursor: number): void {
    reply.array(2);
    reply.bulkText(String(cursor));
    reply.array(this.count);
    reply.raw(this.elements.buf, 0, this.elements.at);
  }
}

/** Argument i as a cursor; fails when it is none. Its upper half is of no use to tables of fewer than 2^32 buckets. */
export function readCursor(c: Call, i: number): number {
  const { buf, start, len } = c.args;
  if (len[i] === 0) return 0;
  const cursor = parseUnsigned(buf, start[i], len[i]);
  if (cursor === undefined) c.fail(ERRORS.invalidCursor);
  return Number(BigInt.asUintN(32, cursor ?? 0n));
}

/** Offers a page the elements of a collection at a cursor, and returns the next cursor; 0 starts and ends a walk. */
type ScanStep = (e: Ptr, cursor: number, page: ScanPage) => number;

/** Runs SSCAN and its like: `key cursor [option...]`, for collections of one type. */
export function scanCollection(c: Call, type: number, scanned: Scanned, step: ScanStep): void {
  const cursor = readCursor(c, 2);
  if (c.failed) return;
  const e = c.readAs(1, type);
  if (c.failed) return;
  if (e === NULL) {
    replyNothing(c);
    return;
  }
  const page = new ScanPage(new ScanOptions(c, 3, scanned));
  if (!c.failed) page.fill(c, cursor, (at) => step(e, at, page));
}

/** Of a key that is not there the options do not matter. */
function replyNothing({ reply }: Call): void {
  reply.array(2);
  reply.bulkText("0");
  reply.array(0);
}
