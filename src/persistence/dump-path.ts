import { join } from "node:path";
import type { Config } from "../config/directives.ts";

/** Where the snapshot is: for whoever saves it, and for whoever loads it. */
export function dumpPath({ dir, dbfilename }: Pick<Config, "dir" | "dbfilename">): string {
  return join(dir, dbfilename);
}
