import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { findDirective } from "../../config/directives.ts";
import type { ConfigStore } from "../../config/store.ts";
import type { Log } from "../../observe/log.ts";

/** The name that Redis gives its append-only file unless it is told another. */
const REDIS_NAME = "appendonly.aof";

/**
 * Goes on with the append-only file of a Redis that had the default name, for this run, if nobody gave the file a name and there is none of
 * the name that is our default. So a start over Redis's folder finds its data, and Redis finds it when it is started there again.
 */
export function adoptName(config: ConfigStore, log: Log): void {
  const { dir, appenddirname, appendfilename } = config.values;
  if (config.isGiven("appendfilename") || !isBegun(dir, appenddirname, REDIS_NAME)) return;
  if (isBegun(dir, appenddirname, appendfilename)) {
    log.warning(
      `There are two append only files: ${appendfilename} is loaded, and ${REDIS_NAME}, which a Redis has left, is not looked at. ` +
        `To have that instead, start with --appendfilename ${REDIS_NAME}`,
    );
    return;
  }
  config.load(findDirective("appendfilename")!, [REDIS_NAME], false);
  log.notice(
    `A Redis has left an append only file here. This server goes on with it, and with its name: ${REDIS_NAME}`,
  );
}

/** Whether there is something of an append-only file with that name: a manifest, a part, or the one file of a Redis before 7. */
function isBegun(dir: string, dirName: string, name: string): boolean {
  const folder = join(dir, dirName);
  return isFile(join(dir, name)) || isFile(join(folder, `${name}.manifest`)) || partNames(folder, name).length > 0;
}

/** The files of a folder that are named as bases and increments are. */
export function partNames(folder: string, name: string): string[] {
  const prefix = `${name}.`;
  try {
    return readdirSync(folder).filter(
      (one) => one.startsWith(prefix) && /^\d+\.(base|incr)\.(aof|rdb)$/.test(one.slice(prefix.length)),
    );
  } catch {
    return [];
  }
}

/** False also when it can't be known: what needs the file says why it can't have it. */
export function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}
