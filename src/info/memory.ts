import { totalmem } from "node:os";
import type { MemoryRecord, ServerContext } from "../command/context.ts";
import { bytesInUse } from "../command/memory-limit.ts";
import { PAGE_BYTES } from "../memory/size-classes.ts";
import { humanBytes, percent } from "./format.ts";
import type { Fields, Section } from "./section.ts";

/**
 * What counts as memory in use. The data is counted exactly, where it is: in the arena. Of the JavaScript heap, which holds nothing
 * that grows with the data, these are counted: what it took at the start, an estimate for each client with its buffers, and the
 * journal's buffer. The heap's present size would not do: it goes up and down with the collector. The program, which is in that heap, too,
 * does not count, as that of other servers does not.
 */
export interface MemoryFigures {
  /** All that counts. */
  readonly used: number;
  readonly peak: number;
  /** What the server took before it had clients and data, without its program. */
  readonly startup: number;
  readonly clients: number;
  readonly journal: number;
  /** Tables and wheels of deadlines of the databases, without their keys. */
  readonly tables: number;
  /** What is kept of scripts and functions outside of the machines they run in. */
  readonly scripts: number;
  readonly libraries: number;
  /** What is not data: startup, clients, journal, tables, scripts. */
  readonly overhead: number;
  /** Keys and values. */
  readonly dataset: number;
  readonly keys: number;
  /** The data's blocks, the pages they are in, and what is kept in main memory for such pages. */
  readonly allocated: number;
  readonly active: number;
  readonly resident: number;
  /** What the process has in main memory, as the system sees it. */
  readonly rss: number;
}

/** Bytes of the JavaScript heap, without the buffers that belong to it. */
export function heapBytes(): number {
  return process.memoryUsage().heapTotal;
}

/** The server has been made since the heap took `before` bytes. */
export function noteStartup(memory: MemoryRecord, before: number): void {
  memory.startupBytes = Math.max(0, heapBytes() - before);
  memory.peakBytes = memory.startupBytes;
}

/** Remembers the peak without looking at every client: cheap enough for periodic work. */
export function notePeak(server: ServerContext): void {
  const used = bytesInUse(server);
  if (used > server.memory.peakBytes) server.memory.peakBytes = used;
}

export function memoryFigures(server: ServerContext): MemoryFigures {
  const { memory, keyspace, persistence, scripting } = server;
  const { databases, dict, arena } = keyspace;
  for (const client of server.clients) server.clients.measure(client);
  const clients = server.clients.usedBytes;
  const startup = memory.startupBytes;
  const journal = Number(persistence.figures["aof_buffer_length"] ?? 0);
  const tables = databases.reduce((sum, db) => sum + dict.tableBytes(db.table) + (db.wheel?.bytes ?? 0), 0);
  const scripts = scripting.scripts.usedBytes;
  const libraries = scripting.libraries.all.usedBytes;
  const overhead = startup + clients + journal + tables + scripts + libraries;
  const used = overhead - tables + arena.usedBytes;
  memory.peakBytes = Math.max(memory.peakBytes, used);
  return {
    used,
    peak: memory.peakBytes,
    startup,
    clients,
    journal,
    tables,
    scripts,
    libraries,
    overhead,
    dataset: arena.usedBytes - tables,
    keys: databases.reduce((sum, db) => sum + db.size, 0),
    allocated: arena.usedBytes,
    ...pagesOf(server),
    rss: process.memoryUsage.rss(),
  };
}

function pagesOf({ keyspace: { arena, defragmentation } }: ServerContext): { active: number; resident: number } {
  const { resident, used } = defragmentation.space();
  const huge = arena.usedBytes - used;
  return { active: arena.takenPages * PAGE_BYTES + huge, resident: resident + huge };
}

export const memory: Section = {
  name: "memory",
  title: "Memory",
  fields(server) {
    const figures = memoryFigures(server);
    return {
      ...usage(figures),
      ...machines(server, figures),
      ...limits(server),
      ...allocation(server, figures),
      ...buffers(server, figures),
      ...freeing(server),
    };
  },
};

function usage({ used, rss, peak, overhead, startup, dataset }: MemoryFigures): Fields {
  const total = totalmem();
  return {
    used_memory: used,
    used_memory_human: humanBytes(used),
    used_memory_rss: rss,
    used_memory_rss_human: humanBytes(rss),
    used_memory_peak: peak,
    used_memory_peak_human: humanBytes(peak),
    used_memory_peak_perc: `${percent(used, peak).toFixed(2)}%`,
    used_memory_overhead: overhead,
    used_memory_startup: startup,
    used_memory_dataset: dataset,
    used_memory_dataset_perc: `${percent(dataset, used - startup).toFixed(2)}%`,
    total_system_memory: total,
    total_system_memory_human: humanBytes(total),
  };
}

/** The two machines that scripts and functions run in, and what is kept of them outside. */
function machines({ scripting }: ServerContext, figures: MemoryFigures): Fields {
  const { engineBytes, libraries } = scripting;
  const engines = engineBytes + libraries.engineBytes;
  const kept = figures.scripts + figures.libraries;
  return {
    used_memory_lua: engineBytes,
    used_memory_vm_eval: engineBytes,
    used_memory_lua_human: humanBytes(engineBytes),
    used_memory_scripts_eval: figures.scripts,
    number_of_cached_scripts: scripting.scripts.size,
    number_of_functions: libraries.all.functionCount,
    number_of_libraries: libraries.all.size,
    used_memory_vm_functions: libraries.engineBytes,
    used_memory_vm_total: engines,
    used_memory_vm_total_human: humanBytes(engines),
    used_memory_functions: figures.libraries,
    used_memory_scripts: kept,
    used_memory_scripts_human: humanBytes(kept),
  };
}

function limits({ config }: ServerContext): Fields {
  const { maxmemory, "maxmemory-policy": policy } = config.values;
  return {
    maxmemory: maxmemory.bytes,
    maxmemory_human: humanBytes(maxmemory.bytes),
    maxmemory_policy: policy,
  };
}

function allocation({ keyspace }: ServerContext, figures: MemoryFigures): Fields {
  const { used, rss, allocated, active, resident } = figures;
  return {
    allocator_allocated: allocated,
    allocator_active: active,
    allocator_resident: resident,
    allocator_frag_ratio: (active / Math.max(1, allocated)).toFixed(2),
    allocator_frag_bytes: active - allocated,
    arena_returned_bytes: keyspace.defragmentation.returnedBytes,
    allocator_rss_ratio: (resident / Math.max(1, active)).toFixed(2),
    allocator_rss_bytes: resident - active,
    rss_overhead_ratio: (rss / Math.max(1, resident)).toFixed(2),
    rss_overhead_bytes: rss - resident,
    arena_mapped_bytes: keyspace.arena.mappedBytes,
    arena_segments: keyspace.arena.u8.filter((segment) => segment.length > 0).length,
    mem_fragmentation_ratio: (rss / used).toFixed(2),
    mem_fragmentation_bytes: rss - used,
  };
}

function buffers({ keyspace }: ServerContext, { clients, journal }: MemoryFigures): Fields {
  return {
    mem_not_counted_for_evict: journal,
    mem_replication_backlog: 0,
    mem_total_replication_buffers: 0,
    mem_clients_slaves: 0,
    mem_clients_normal: clients,
    mem_cluster_links: 0,
    mem_aof_buffer: journal,
    mem_allocator: "arena",
    active_defrag_running: Math.round(keyspace.defragmentation.effort),
  };
}

function freeing({ keyspace }: ServerContext): Fields {
  return {
    lazyfree_pending_objects: keyspace.reclaimer.pending,
    lazyfreed_objects: keyspace.reclaimer.freed,
  };
}
