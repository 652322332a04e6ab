import type { Keyspace } from "../keyspace/keyspace.ts";
import type { ClientRegistry } from "./client.ts";
import { CONNECTION_BYTES } from "./client-info.ts";
import { GATE_MEMORY_FULL, type MemoryRecord } from "./context.ts";

/** Whose memory is looked at. */
interface MemoryUser {
  readonly keyspace: Keyspace;
  readonly clients: ClientRegistry;
  readonly memory: MemoryRecord;
}

/** Whoever owns the gate that the limit shuts. */
interface Limited extends MemoryUser {
  gate: number;
}

/** About how much memory is in use, told without looking at every client: cheap enough for every poll. */
export function roughBytesInUse({ memory, keyspace, clients }: MemoryUser): number {
  return memory.startupBytes + keyspace.arena.usedBytes + clients.size * CONNECTION_BYTES;
}

/** maxmemory: shuts the server's gate for requests that need memory while there is too much in use. Looked at once a poll. */
export class MemoryLimit {
  /** 0: there is none. */
  bytes = 0;
  /** Keys are to make room: nothing is refused. */
  evicts = false;

  constructor(private readonly server: Limited) {}

  apply(): void {
    if (this.bytes === 0 && (this.server.gate & GATE_MEMORY_FULL) === 0) return;
    const full = this.bytes > 0 && !this.evicts && roughBytesInUse(this.server) > this.bytes;
    this.server.gate = full ? this.server.gate | GATE_MEMORY_FULL : this.server.gate & ~GATE_MEMORY_FULL;
  }
}
