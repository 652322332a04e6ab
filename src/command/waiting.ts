import { MinHeap } from "../lib/heap.ts";
import type { Args } from "../resp/args.ts";
import type { Reply } from "../resp/reply.ts";
import type { Client } from "./client.ts";
import type { TableEntry } from "./table.ts";

/** So many that are over may be left among the timeouts, or half of these. */
const OVER_MIN = 64;

/** What a command that can't be served yet asks for. */
export interface Wish {
  /** The type of value it needs; keys of other types do not wake it. */
  readonly type: number;
  readonly firstKeyArg: number;
  readonly keyCount: number;
  /** Unix ms when it gives up; Infinity: never. */
  readonly deadlineMs: number;
  readonly writeTimeoutReply: (reply: Reply) => void;
  /** It also wants to be run again when a key has been deleted or has become something else. */
  readonly whenGone: boolean;
  /** What the command has to remember until it is run again. */
  readonly note: unknown;
}

/** A client that waits, with the request to be run again. */
export interface Waiter extends Wish {
  readonly client: Client;
  readonly entry: TableEntry;
  readonly args: Args;
  /** What it waits for, each once, by `keyId`: the first argument that names it. */
  readonly keys: ReadonlyMap<string, number>;
  /** It has been answered, or is gone. */
  over: boolean;
}

/**
 * Clients that wait for keys (BLPOP and its like), or only for time to pass (WAIT).
 *
 * Invariants
 * 1. A client waits for at most one request; its link is suspended, so that it has no other.
 * 2. The queue of a key has its waiters in the order in which they came, and keeps that order while they are tried in vain.
 * 3. A key is in `ready` at most once, and only while somebody waits for it.
 */
export class WaitingClients {
  private readonly queues = new Map<string, Set<Waiter>>();
  private ready = new Set<string>();
  /** Those that wait for a limited time, and some that are over: what is not at the top is left until there are many. */
  private readonly timeouts = new MinHeap<Waiter>((waiter) => waiter.deadlineMs);
  private overCount = 0;
  /** Number of keys that are waited for. */
  keyCount = 0;
  /** Number of clients that wait. */
  size = 0;
  /** There are keys to be looked at. */
  hasReady = false;

  add(waiter: Waiter): void {
    waiter.client.waiting = waiter;
    this.size++;
    for (const id of waiter.keys.keys()) {
      const queue = this.queues.get(id) ?? new Set();
      queue.add(waiter);
      this.queues.set(id, queue);
    }
    this.keyCount = this.queues.size;
    if (isTimed(waiter)) this.timeouts.push(waiter);
  }

  /** It has got what it waited for, or does not wait any more. */
  remove(waiter: Waiter): void {
    if (waiter.over) return;
    waiter.over = true;
    waiter.client.waiting = undefined;
    this.size--;
    for (const id of waiter.keys.keys()) {
      const queue = this.queues.get(id)!;
      queue.delete(waiter);
      if (queue.size === 0) this.queues.delete(id);
    }
    this.keyCount = this.queues.size;
    if (isTimed(waiter)) this.leaveTimeouts();
  }

  private leaveTimeouts(): void {
    this.overCount++;
    if (this.overCount <= OVER_MIN || this.overCount <= this.timeouts.size / 2) return;
    this.timeouts.filter(({ over }) => !over);
    this.overCount = 0;
  }

  changed(id: string): void {
    if (!this.queues.has(id)) return;
    this.ready.add(id);
    this.hasReady = true;
  }

  /** Databases were emptied or exchanged: anything may have changed. */
  changedAll(): void {
    for (const id of this.queues.keys()) this.changed(id);
  }

  /** The keys that changed since this was last asked. */
  takeReady(): Iterable<string> {
    const { ready } = this;
    this.ready = new Set();
    this.hasReady = false;
    return ready;
  }

  /** Who waits for a key, in order. Waiters may be removed meanwhile. */
  waitersOf(id: string): Iterable<Waiter> {
    return this.queues.get(id) ?? [];
  }

  /** Clients that wait for a limited time. */
  get timedSize(): number {
    return this.timeouts.size - this.overCount;
  }

  /** When the first waiter gives up, Unix ms. */
  get nextDeadlineMs(): number {
    this.dropOver();
    return this.timeouts.first?.deadlineMs ?? Number.POSITIVE_INFINITY;
  }

  /** The waiter whose time is up first; undefined when there is none. */
  nextDue(nowMs: number): Waiter | undefined {
    this.dropOver();
    const { first } = this.timeouts;
    if (first === undefined || first.deadlineMs > nowMs) return undefined;
    return first;
  }

  private dropOver(): void {
    for (; this.timeouts.first?.over; this.overCount--) this.timeouts.pop();
  }
}

function isTimed({ deadlineMs }: Waiter): boolean {
  return deadlineMs < Number.POSITIVE_INFINITY;
}
