import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

const NEW_FILE_MODE = 0o644;

/**
 * Replaces a file as a whole: after a crash at any point there is either the old or the new one, and the new one is on
 * disk when this returns. Permissions are kept, and a symbolic link stays one. Throws the operating system's error,
 * with the old file in place.
 */
export function writeFileAtomically(path: string, content: Uint8Array): void {
  const target = realPath(path);
  const temporary = `${target}.${process.pid}.tmp`;
  const mode = modeOf(target);
  const fd = openSync(temporary, "w", mode ?? NEW_FILE_MODE);
  try {
    if (mode !== undefined) fchmodSync(fd, mode);
    writeFileSync(fd, content);
    fsyncSync(fd);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  syncFolder(dirname(target));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function modeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mode;
}

/** Makes the new name durable. */
function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
