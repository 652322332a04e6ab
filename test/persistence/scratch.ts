import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders: string[] = [];

/** A new folder, removed when the tests end. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "go-redis-aof-"));
  folders.push(folder);
  return folder;
}

process.on("exit", () => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
