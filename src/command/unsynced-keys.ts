import type { Args } from "../resp/args.ts";
import type { Call } from "./call.ts";
import { type Command, FLAGS } from "./command.ts";
import type { Journal } from "./context.ts";
import { keysOf } from "./keys.ts";

/** Keys share so many slots, a power of two: who reads a key may wait for another's change. */
const SLOTS = 4096;
const KEYSPACE_FLAGS = FLAGS.write | FLAGS.readonly;

/**
 * Which keys have changes that are not on the disk yet, under appendfsync always.
 *
 * redis-server waits for the disk before it sends anything, so that nobody sees what may still be lost. Here who reads other keys does not
 * wait; but what a client is sent after it read such a key waits with the reply to whoever changed it, so that nobody sees it here either.
 * A key that expired is not such a key: it stays expired.
 */
export class UnsyncedKeys {
  /** By slot: the least that the journal must acknowledge before the key's value may be told. */
  private readonly offsets = new Float64Array(SLOTS);
  /** The same for requests that read or change keys that they do not name. */
  private latest = 0;
  private everything = 0;

  constructor(private readonly journal: Journal) {}

  /** A request has changed data, and the journal is about to get that. */
  changed(c: Call): void {
    // What is appended next ends behind this offset, and is acknowledged as a whole.
    const offset = this.journal.end + 1;
    this.latest = offset;
    const { command } = c.entry;
    if (hasPlainKeys(command)) {
      const last = lastPlainKey(command, c.args);
      for (let i = command.firstKey; i <= last; i += command.keyStep) this.offsets[slotOf(c, i)] = offset;
      return;
    }
    const keys = keysOf(command, c.args) ?? [];
    for (const { index } of keys) this.offsets[slotOf(c, index)] = offset;
    if (keys.length === 0) this.everything = offset;
  }

  /** What was changed by requests that have ended only now. */
  changedAnything(): void {
    this.latest = this.everything = this.journal.end;
  }

  /** A request is about to be executed: what its client is sent from now on waits for the changes that it may see. */
  seen(c: Call): void {
    const { journal } = this;
    // While the disk fails, nothing new is acknowledged; those who only read need not suffer from it.
    if (this.latest <= journal.acknowledged || journal.lastError !== "") return;
    if ((c.entry.command.flagBits & KEYSPACE_FLAGS) === 0) return;
    c.client.journalOffset = Math.max(c.client.journalOffset, this.everything, this.offsetOf(c));
  }

  private offsetOf(c: Call): number {
    const { command } = c.entry;
    let offset = 0;
    if (hasPlainKeys(command)) {
      const last = lastPlainKey(command, c.args);
      for (let i = command.firstKey; i <= last; i += command.keyStep) {
        offset = Math.max(offset, this.offsets[slotOf(c, i)]);
      }
      return offset;
    }
    const keys = keysOf(command, c.args) ?? [];
    for (const { index } of keys) offset = Math.max(offset, this.offsets[slotOf(c, index)]);
    return keys.length === 0 || findsKeys(command) ? this.latest : offset;
  }
}

/** Its keys are at fixed places. */
function hasPlainKeys(command: Command): boolean {
  return command.firstKey > 0 && command.keys!.length === 1 && command.moreKeys === undefined;
}

/** It also looks keys up that it does not name, as SORT does with BY and GET. */
function findsKeys(command: Command): boolean {
  return command.keys!.some(({ begin }) => begin === "unknown");
}

function lastPlainKey({ lastKey }: Command, { count }: Args): number {
  return lastKey < 0 ? count + lastKey : Math.min(lastKey, count - 1);
}

function slotOf({ db, args }: Call, index: number): number {
  return db.hash(args.buf, args.start[index], args.len[index]) & (SLOTS - 1);
}
