import { MIGRATE_PIECE_BYTES } from "../limits.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { Reply } from "../resp/reply.ts";
import type { Call } from "./call.ts";
import type { Target } from "./context.ts";
import type { Watcher } from "./watches.ts";

const MINUS = "-";
const NOT_CONNECTED = "IOERR error or timeout connecting to the client";

/** What a MIGRATE asks for. */
export interface MigrationPlan {
  readonly host: string;
  readonly port: number;
  /** The database there, as a number's text. */
  readonly db: string;
  readonly timeoutMs: number;
  /** The arguments with the password, or user and password, for the target; or none. */
  readonly credentials: readonly number[];
  readonly copy: boolean;
  readonly replace: boolean;
  /** The arguments that name keys, which are there. */
  readonly keys: readonly number[];
}

/** A key that was sent. */
interface Traveller extends Watcher {
  readonly arg: number;
  /** Unix ms; 0: none. */
  readonly deadlineMs: number;
}

/** What became of an attempt: "lost" is the connection, while something was sent or an answer awaited. */
type Attempt = "done" | "writing" | "reading";

/**
 * Gives keys to another server, and deletes them here.
 *
 * redis-server does nothing else meanwhile; here other clients are served. What makes that sound:
 * 1. A key is watched from the moment at which its value is dumped.
 * 2. It is deleted if the target has acknowledged it and nobody has changed it since, and in the same step the deletion goes to the journal.
 *    A key that was changed is kept, and the client is told of that: what others were acknowledged is never lost.
 * 3. That step is never between the requests of a transaction, in the middle of a script, or in a pause; and a MIGRATE is never part of
 *    a transaction or script.
 * 4. Nothing is sent to the target before it has let us in and selected the database.
 */
export class Migration {
  private readonly out = new Reply();
  private sent: Traveller[] = [];
  /** Those of them that the target has. */
  private readonly arrived: Traveller[] = [];
  /** The target has answered so many keys. */
  private answers = 0;
  /** The first failure, as the client is told. */
  private failure = "";

  constructor(
    private readonly c: Call,
    private readonly plan: MigrationPlan,
  ) {}

  /** Resolves with what remains to be done when others are done. */
  async run(): Promise<() => void> {
    try {
      if ((await this.attempt()) === "lost") await this.attempt();
      await this.c.server.pause.over();
      return () => this.finish();
    } catch (error) {
      return () => {
        this.finish();
        throw error;
      };
    }
  }

  /** "lost": the connection was closed before any answer, so that another attempt does no harm. */
  private async attempt(): Promise<"lost" | undefined> {
    const { host, port, credentials, timeoutMs } = this.plan;
    this.forgetSent();
    this.failure = "";
    const target = await this.c.server.targets.take(host, port, credentials.length > 0, timeoutMs);
    if (target === undefined) {
      this.failure = NOT_CONNECTED;
      return undefined;
    }
    const outcome = await this.give(target).catch((error) => {
      target.close();
      throw error;
    });
    if (outcome === "done") {
      target.db = this.failure === "" ? this.plan.db : "";
      target.keep(this.c.keyspace.nowMs);
      return undefined;
    }
    target.close();
    if (this.failure === "") this.failure = `IOERR error or timeout ${outcome} to target instance`;
    return this.answers === 0 && target.failure === "closed" ? "lost" : undefined;
  }

  private async give(target: Target): Promise<Attempt> {
    const { keys, timeoutMs } = this.plan;
    const greeting = await this.greet(target);
    if (greeting !== "done" || this.failure !== "") return greeting;
    for (let next = 0; next < keys.length; ) {
      const first = this.sent.length;
      next = this.load(next);
      if (!(await target.send(this.out.buf, this.out.at, timeoutMs))) return "writing";
      for (let i = first; i < this.sent.length; i++) {
        const answer = await target.readLine(timeoutMs);
        if (answer === undefined) return "reading";
        this.answers++;
        if (!this.isRefused(answer)) this.arrived.push(this.sent[i]);
      }
    }
    return "done";
  }

  /** Says who we are and selects the database, as far as that is needed. */
  private async greet(target: Target): Promise<Attempt> {
    const { out, c, plan } = this;
    const { credentials, db, timeoutMs } = plan;
    let requests = 0;
    out.truncate(0);
    if (credentials.length > 0) {
      this.request("AUTH", 1 + credentials.length);
      for (const arg of credentials) out.bulk(c.args.buf, c.args.start[arg], c.args.len[arg]);
      requests++;
    }
    if (target.db !== db) {
      this.request("SELECT", 2);
      out.bulkText(db);
      requests++;
    }
    if (requests > 0 && !(await target.send(out.buf, out.at, timeoutMs))) return "writing";
    for (; requests > 0; requests--) {
      const answer = await target.readLine(timeoutMs);
      if (answer === undefined) return "reading";
      this.isRefused(answer);
    }
    return "done";
  }

  private isRefused(answer: string): boolean {
    if (!answer.startsWith(MINUS)) return false;
    if (this.failure === "") this.failure = `ERR Target instance replied with error: ${answer.slice(1)}`;
    return true;
  }

  private request(name: string, argc: number): void {
    this.out.array(argc);
    this.out.bulkText(name);
  }

  /** Writes the requests for the next keys, up to a piece. Those that are gone by now have nothing to be moved. Returns the next key. */
  private load(first: number): number {
    const { c, out, plan } = this;
    c.goOn();
    out.truncate(0);
    let next = first;
    for (; next < plan.keys.length && out.at < MIGRATE_PIECE_BYTES; next++) {
      const arg = plan.keys[next];
      const e = c.peek(arg);
      if (e !== NULL) this.writeRestore(arg, e);
    }
    return next;
  }

  private writeRestore(arg: number, e: Ptr): void {
    const { c, out, plan } = this;
    const deadlineMs = c.entries.isTimed(e) ? c.entries.deadline(e) : 0;
    this.request("RESTORE", plan.replace ? 5 : 4);
    out.bulk(c.args.buf, c.args.start[arg], c.args.len[arg]);
    out.bulkInteger(deadlineMs === 0 ? 0 : Math.max(1, deadlineMs - c.nowMs));
    const { buf, start, len } = c.server.payloads.dump(e);
    out.bulk(buf, start, len);
    c.server.payloads.forget();
    if (plan.replace) out.bulkText("REPLACE");
    this.send({ arg, deadlineMs, watched: undefined, watchedBytes: 0, watchBroken: false });
  }

  private send(traveller: Traveller): void {
    const { c, plan } = this;
    this.sent.push(traveller);
    if (!plan.copy) c.server.watches.watch(traveller, c.db, c.args.own(traveller.arg));
  }

  private forgetSent(): void {
    for (const traveller of this.sent) this.c.server.watches.forget(traveller);
    this.sent = [];
  }

  private finish(): void {
    const { c, plan } = this;
    c.goOn();
    const changed = plan.copy ? 0 : this.deleteArrived();
    this.forgetSent();
    if (this.failure !== "") c.failText(this.failure);
    else if (changed > 0) c.failText(changedText(changed, this.arrived.length));
    else c.reply.ok();
  }

  /** Deletes the keys that the target has and nobody has changed. Returns how many were changed. */
  private deleteArrived(): number {
    const { c } = this;
    // To look a key up is to delete it if its time is past.
    const present = this.arrived.filter(({ arg, deadlineMs }) => c.peek(arg) !== NULL || !isPast(deadlineMs, c.nowMs));
    const unchanged = present.filter(({ watchBroken }) => !watchBroken);
    const deleted = unchanged.filter(({ arg }) => this.delete(arg));
    if (deleted.length > 0) c.effect(1 + deleted.length).bulkText("DEL");
    for (const { arg } of deleted) c.effectArg(arg);
    return present.length - unchanged.length;
  }

  /** False when the key is gone, because it was named twice. */
  private delete(arg: number): boolean {
    const e = this.c.peek(arg);
    if (e === NULL) return false;
    this.c.db.delete(e);
    this.c.changed(arg, EVENTS.generic, "del");
    return true;
  }
}

function isPast(deadlineMs: number, nowMs: number): boolean {
  return deadlineMs !== 0 && deadlineMs <= nowMs;
}

function changedText(changed: number, arrived: number): string {
  return (
    `ERR The target instance has all keys, but ${changed} of ${arrived} changed here meanwhile, so that they were not deleted; ` +
    "repeat that with REPLACE"
  );
}
