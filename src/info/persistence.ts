import type { LoadProgress } from "../command/context.ts";
import { percent } from "./format.ts";
import type { Fields, Section } from "./section.ts";

export const persistence: Section = {
  name: "persistence",
  title: "Persistence",
  fields({ persistence, snapshots }) {
    const { loading, figures } = persistence;
    return {
      loading: loading === undefined ? 0 : 1,
      async_loading: 0,
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
