import type { Reply } from "../resp/reply.ts";
import { STRING } from "../types/kinds.ts";
import type { Call } from "./call.ts";
import type { Client } from "./client.ts";
import type { ServerContext } from "./context.ts";
import { ERRORS } from "./errors.ts";

/** A request that waits until the journal's file is on the disk up to an offset. */
interface SyncWait {
  readonly client: Client;
  readonly offset: number;
  /** A sync of this server's file is asked for: without a file there is nothing to wait for. */
  readonly local: boolean;
  /** So many replicas would have to have it, too. */
  readonly replicas: number;
}

/** Clients that wait for syncs (WAITAOF). There are no replicas, so who wants some waits in vain. */
export class SyncWaits {
  private readonly waits = new Set<SyncWait>();

  constructor(private readonly server: ServerContext) {}

  get size(): number {
    return this.waits.size;
  }

  /** Answers a request, or lets it wait until its client's changes are on the disk, or for the timeout. */
  wait(c: Call, local: boolean, replicas: number, timeoutMs: number): void {
    const { client } = c;
    const wait: SyncWait = { client, offset: this.offsetOf(c), local, replicas };
    if (this.isServed(wait)) {
      this.write(wait, c.reply);
      return;
    }
    if (c.mayWait) {
      this.waits.add(wait);
      if (local) this.server.journal?.wantSync();
    }
    c.block(STRING, 0, 0, timeoutMs, (reply) => this.write(wait, reply), { note: wait });
  }

  /** Where the journal's end is, or is going to be, behind the client's last change. */
  private offsetOf({ client, mayWait }: Call): number {
    const { journal } = this.server;
    if (!client.unsaved || journal === undefined) return client.journalOffset;
    // What a transaction or a script changes is appended when that ends.
    return mayWait ? journal.end : journal.end + 1;
  }

  /** The end of a poll: answers those who have got what they wait for. */
  serve(): void {
    for (const wait of this.waits) {
      const { client, local } = wait;
      const waiter = client.waiting?.note === wait ? client.waiting : undefined;
      const inVain = local && !this.server.config.values.appendonly;
      if (waiter !== undefined && !inVain && !this.isServed(wait)) continue;
      this.waits.delete(wait);
      if (waiter === undefined) continue;
      this.server.runner.endWaiting(waiter, (reply) => {
        if (inVain) reply.error(ERRORS.noFileToSync);
        else this.write(wait, reply);
      });
    }
  }

  private isServed(wait: SyncWait): boolean {
    return (!wait.local || this.isSynced(wait)) && wait.replicas === 0;
  }

  private isSynced({ offset }: SyncWait): boolean {
    const { journal } = this.server;
    return journal !== undefined && journal.durable >= offset;
  }

  private write(wait: SyncWait, reply: Reply): void {
    reply.array(2);
    reply.integer(this.isSynced(wait) ? 1 : 0);
    reply.integer(0);
  }
}
