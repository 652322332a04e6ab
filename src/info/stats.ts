import type { ServerContext } from "../command/context.ts";
import type { Defragmentation } from "../keyspace/defragmentation.ts";
import { DELAYS } from "../observe/latency.ts";
import type { Fields, Section } from "./section.ts";

export const stats: Section = {
  name: "stats",
  title: "Stats",
  fields(server) {
    return { ...traffic(server), ...expiry(server), ...lookups(server), ...replies(server) };
  },
};

function traffic({ stats, rates }: ServerContext): Fields {
  return {
    total_connections_received: stats.connectionsReceived,
    total_commands_processed: stats.commandsProcessed,
    instantaneous_ops_per_sec: Math.round(rates.commands.perSecond),
    total_net_input_bytes: stats.inputBytes,
    total_net_output_bytes: stats.outputBytes,
    total_net_repl_input_bytes: 0,
    total_net_repl_output_bytes: 0,
    instantaneous_input_kbps: (rates.input.perSecond / 1024).toFixed(2),
    instantaneous_output_kbps: (rates.output.perSecond / 1024).toFixed(2),
    instantaneous_input_repl_kbps: "0.00",
    instantaneous_output_repl_kbps: "0.00",
    rejected_connections: stats.rejectedConnections,
    sync_full: 0,
    sync_partial_ok: 0,
    sync_partial_err: 0,
  };
}

/**
 * Keys are removed in the order of their deadlines, so none is known to be past its time and still there (the stale percentage). How late
 * they were removed is what the lag tells.
 */
function expiry({ stats }: ServerContext): Fields {
  const slices = stats.loop.job({ name: "expiry", delay: DELAYS.expireCycle });
  return {
    expired_keys: stats.expiredKeys,
    expired_subkeys: stats.expiredFields,
    expired_stale_perc: "0.00",
    expired_time_cap_reached_count: slices.cut,
    expire_cycle_cpu_milliseconds: Math.floor(slices.totalUs / 1000),
    expire_slices: slices.slices,
    expire_slice_max_us: Math.ceil(slices.maxUs),
    expired_lag_p50_ms: stats.expiredLag.percentile(50),
    expired_lag_p99_ms: stats.expiredLag.percentile(99),
    expired_lag_max_ms: stats.expiredLag.percentile(100),
  };
}

function lookups({ stats, pubsub, tracking, scripting, keyspace, memoryLimit, targets }: ServerContext): Fields {
  const exceeded = memoryLimit.exceededMs;
  const { keyspaceHits, keyspaceMisses } = stats;
  return {
    evicted_keys: stats.evictedKeys,
    evicted_clients: stats.evictedClients,
    evicted_scripts: scripting.scripts.evictedCount,
    total_eviction_exceeded_time: exceeded.total,
    current_eviction_exceeded_time: exceeded.current,
    keyspace_hits: keyspaceHits,
    keyspace_misses: keyspaceMisses,
    keyspace_hit_ratio: (keyspaceHits / Math.max(1, keyspaceHits + keyspaceMisses)).toFixed(4),
    pubsub_channels: pubsub.size("channels"),
    pubsub_patterns: pubsub.size("patterns"),
    pubsubshard_channels: pubsub.size("shardChannels"),
    // There is no fork; dashboards ask.
    latest_fork_usec: 0,
    total_forks: 0,
    migrate_cached_sockets: targets.idleCount,
    slave_expires_tracked_keys: 0,
    ...defragmentation(keyspace.defragmentation, keyspace.nowMs),
    tracking_total_keys: tracking.tableKeys,
    tracking_total_items: tracking.tableItems,
    tracking_total_prefixes: tracking.prefixCount,
  };
}

/** Blocks and keys of which something was moved, and those that were only looked at; times in ms. */
function defragmentation(
  { mover, keysSeen, keysMoved, roundsMs, roundStartMs, effort }: Defragmentation,
  nowMs: number,
) {
  const presentMs = effort > 0 ? nowMs - roundStartMs : 0;
  return {
    active_defrag_hits: mover.moved,
    active_defrag_misses: mover.seen - mover.moved,
    active_defrag_key_hits: keysMoved,
    active_defrag_key_misses: keysSeen - keysMoved,
    total_active_defrag_time: roundsMs + presentMs,
    current_active_defrag_time: presentMs,
  };
}

function replies({ stats }: ServerContext): Fields {
  return {
    unexpected_error_replies: stats.unexpectedErrors,
    total_error_replies: stats.errorReplies,
    total_reads_processed: stats.readEvents,
    total_writes_processed: stats.writeEvents,
    eventloop_cycles: stats.loop.turns,
    eventloop_duration_sum: Math.round(stats.loop.turnsUs),
    io_threaded_reads_processed: 0,
    io_threaded_writes_processed: 0,
    reply_buffer_shrinks: 0,
    reply_buffer_expands: 0,
    client_query_buffer_limit_disconnections: stats.clientQueryBufferLimitDisconnections,
    client_output_buffer_limit_disconnections: stats.clientOutputBufferLimitDisconnections,
  };
}
