import type { LoadProgress } from "../command/context.ts";
import { percent } from "./format.ts";
import type { Fields, Section } from "./section.ts";

/** What is copied while a process that was forked off saves the data: nothing, because there is none. */
const WITHOUT_FORK = {
  current_cow_peak: 0,
  current_cow_size: 0,
  current_cow_size_age: 0,
  current_fork_perc: "0.00",
  module_fork_in_progress: 0,
  module_fork_last_cow_size: 0,
};

export const persistence: Section = {
  name: "persistence",
  title: "Persistence",
  fields({ persistence, snapshots }) {
    const { loading, figures } = persistence;
    return {
      loading: loading === undefined ? 0 : 1,
      async_loading: 0,
      ...WITHOUT_FORK,
      ...snapshots.figures,
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
