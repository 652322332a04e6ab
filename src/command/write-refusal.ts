import { GATE_SNAPSHOT_FAILED, GATE_WRITES_REFUSED, type ServerContext } from "./context.ts";

const SNAPSHOTS =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the " +
  "data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails " +
  "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";

/** Why commands that write are refused: what they would write might be lost. */
export function writeRefusal({ gate, writeError }: ServerContext): string | undefined {
  if (gate & GATE_SNAPSHOT_FAILED) return SNAPSHOTS;
  return gate & GATE_WRITES_REFUSED ? `MISCONF Errors writing to the AOF file: ${writeError}` : undefined;
}

/** Why scripts that may write are refused. */
export function scriptRefusal({ gate, writeError }: ServerContext): string | undefined {
  const snapshots = (gate & GATE_SNAPSHOT_FAILED) !== 0;
  if (!snapshots && (gate & GATE_WRITES_REFUSED) === 0) return undefined;
  const purpose = snapshots ? "save RDB snapshots" : "persist data to AOF";
  return (
    `MISCONF Redis is configured to ${purpose}, but it's currently unable to persist to disk. Writable scripts are blocked. ` +
    `Use 'no-writes' flag for read only scripts.${snapshots ? "" : ` AOF error: ${writeError}`}`
  );
}
