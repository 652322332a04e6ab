import type { LoadProgress } from "../command/context.ts";
import { percent } from "./format.ts";
import type { Fields, Section } from "./section.ts";

/** There are no snapshots, so their figures are those of a server that has not made one. */
export const persistence: Section = {
  name: "persistence",
  title: "Persistence",
  fields({ persistence, stats, startedMs }) {
    const { loading, figures } = persistence;
    return {
      loading: loading === undefined ? 0 : 1,
      async_loading: 0,
      rdb_changes_since_last_save: stats.dirty,
      rdb_bgsave_in_progress: 0,
      rdb_last_save_time: Math.floor(startedMs / 1000),
      rdb_last_bgsave_status: "ok",
      rdb_last_bgsave_time_sec: -1,
      rdb_current_bgsave_time_sec: -1,
      rdb_saves: 0,
      rdb_last_load_keys_expired: persistence.lastLoad.keysExpired,
      rdb_last_load_keys_loaded: persistence.lastLoad.keysLoaded,
      ...figures,
      ...(loading === undefined ? {} : progress(loading)),
    };
  },
};

function progress({ startedMs, totalBytes, loadedBytes, etaSeconds, usedMemoryBytes }: LoadProgress): Fields {
  return {
    loading_start_time: Math.floor(startedMs / 1000),
    loading_total_bytes: totalBytes,
    loading_rdb_used_mem: usedMemoryBytes,
    loading_loaded_bytes: loadedBytes,
    loading_loaded_perc: percent(loadedBytes, totalBytes).toFixed(2),
    loading_eta_seconds: etaSeconds,
  };
}
