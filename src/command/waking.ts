import { own } from "../lib/bytes.ts";
import { NULL } from "../memory/arena.ts";
import type { Args } from "../resp/args.ts";
import { Reply } from "../resp/reply.ts";
import { STREAM } from "../types/kinds.ts";
import { Call } from "./call.ts";
import type { CallTimer } from "./call-timer.ts";
import type { Client } from "./client.ts";
import { GATE_BUSY, type ServerContext } from "./context.ts";
import { keyId } from "./key-id.ts";
import type { TableEntry } from "./table.ts";
import type { Waiter, Wish } from "./waiting.ts";

/** Whoever runs handlers. */
export interface Performer {
  /** Runs a handler, and journals what it changed. */
  perform(c: Call, client: Client, args: Args, reply: Reply, entry: TableEntry): void;
  /** Counts the reply that starts at `mark` if it is an error. */
  countFailure(entry: TableEntry, reply: Reply, mark: number): void;
}

/** Lets clients wait, and runs their requests again when there may be something for them. */
export class Waking {
  private readonly again: Call;
  /** Takes the replies to clients that waited. */
  private readonly answer = new Reply(256);

  constructor(
    private readonly server: ServerContext,
    private readonly timer: CallTimer,
    private readonly performer: Performer,
  ) {
    this.again = new Call(server);
  }

  /** The request that `c` executes waits. */
  start(c: Call, wish: Wish): void {
    const { client, entry, args } = c;
    const keys = new Map<string, number>();
    for (let i = wish.firstKeyArg + wish.keyCount - 1; i >= wish.firstKeyArg; i--) {
      keys.set(keyId(c.db.id, args.buf, args.start[i], args.len[i]), i);
    }
    this.timer.forget();
    client.link.suspend();
    this.server.waiting.add({ ...wish, client, entry, args: args.clone(), keys, over: false });
  }

  /**
   * Runs the requests that wait for keys that changed: key by key in the order of the changes, for each in the order in which the clients
   * came. What that changes may serve others in turn.
   */
  serve(): void {
    const { waiting, gate } = this.server;
    // Nobody sees what a script has done before it ends.
    if (gate & GATE_BUSY) return;
    this.timer.stop();
    while (waiting.hasReady) for (const id of waiting.takeReady()) this.serveKey(id);
    this.timer.start();
  }

  private serveKey(id: string): void {
    let type = this.typeOf(id);
    for (const waiter of this.server.waiting.waitersOf(id)) {
      if (waiter.type !== type && !waiter.whenGone) continue;
      if (this.runAgain(waiter, id)) type = this.typeOf(id);
    }
  }

  /** The type of the key with that `keyId`; undefined when there is none. */
  private typeOf(id: string): number | undefined {
    const { databases, entries } = this.server.keyspace;
    const colon = id.indexOf(":");
    const db = databases[Number(id.slice(0, colon))];
    const name = Buffer.from(id.slice(colon + 1), "latin1");
    const e = db.find(name, 0, name.length, db.hash(name, 0, name.length));
    return e === NULL ? undefined : entries.type(e);
  }

  /** Runs a request that waits. False when it goes on waiting. */
  private runAgain(waiter: Waiter, id: string): boolean {
    const { again, answer } = this;
    const { args, firstKeyArg, type } = waiter;
    const keyArg = type === STREAM ? firstKeyArg : waiter.keys.get(id)!;
    // Who waits for several keys is served from the one that is there first, not from the one that was named first.
    args.swap(firstKeyArg, keyArg);
    again.waited = waiter;
    answer.truncate(0);
    answer.resp3 = waiter.client.resp3;
    this.timer.start();
    this.timer.begin(waiter.entry);
    this.performer.perform(again, waiter.client, waiter.args, answer, waiter.entry);
    args.swap(firstKeyArg, keyArg);
    if (again.wish !== undefined) return false;
    this.endTimed(waiter);
    this.release(waiter);
    return true;
  }

  /** Answers a client that waits with what `writeReply` writes, and lets it go on. */
  end(waiter: Waiter, writeReply: (reply: Reply) => void): void {
    const { answer, timer } = this;
    const outer = timer.suspend();
    answer.truncate(0);
    answer.resp3 = waiter.client.resp3;
    timer.begin(waiter.entry);
    writeReply(answer);
    this.performer.countFailure(waiter.entry, answer, 0);
    this.endTimed(waiter);
    timer.resume(outer);
    this.release(waiter);
  }

  /** A request that waited is answered. The time for which it waited does not count. */
  private endTimed({ client, args }: Waiter): void {
    this.timer.end(client, args, this.answer.at);
  }

  /** Sends `answer` to a client that waited, and lets it go on. */
  private release(waiter: Waiter): void {
    const { client } = waiter;
    this.server.waiting.remove(waiter);
    if (client.replyMode !== "off") client.link.push(own(this.answer.buf, 0, this.answer.at));
    client.link.resumeLater();
  }

  /** Answers clients that have waited long enough. */
  endOverdue(nowMs: number): void {
    const { waiting, gate } = this.server;
    if (gate & GATE_BUSY) return;
    for (let due = waiting.nextDue(nowMs); due !== undefined; due = waiting.nextDue(nowMs)) {
      this.end(due, due.writeTimeoutReply);
    }
  }
}
