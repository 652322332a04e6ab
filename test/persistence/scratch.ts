import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders: string[] = [];

/** A new folder, removed by `removeScratch`. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "go-redis-aof-"));
  folders.push(folder);
  return folder;
}

/** Removes them: for `afterEach`. */
export function removeScratch(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
