import { copyFile, link, mkdir, open, rename, unlink } from "node:fs/promises";

/**
 * The calls that change files in a folder, off the main loop. They reject with the operating system's error. Tests put others in their
 * place, which fail, or end the process's life, at any of them.
 */
export interface FileCalls {
  mkdir(path: string): Promise<void>;
  /** Makes an empty file if there is none. */
  create(path: string): Promise<void>;
  /** Makes or replaces a file, and has its content on the disk. */
  write(path: string, content: Uint8Array): Promise<void>;
  /** Gives a file another name, or copies it where that is impossible. */
  link(from: string, to: string): Promise<void>;
  /** Copies the first bytes of a file, and has them on the disk. */
  copyHead(from: string, to: string, bytes: number): Promise<void>;
  /** In the place of `to`, if there is such a file. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Has the names in a folder on the disk. */
  syncFolder(path: string): Promise<void>;
}

const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;

export const systemFileCalls: FileCalls = {
  mkdir: (path) => mkdir(path, FOLDER_MODE).then(() => {}),
  create: async (path) => {
    const file = await open(path, "a", FILE_MODE);
    await file.close();
  },
  write: async (path, content) => {
    const file = await open(path, "w", FILE_MODE);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  link: (from, to) => link(from, to).catch(() => copyFile(from, to)),
  copyHead: async (from, to, bytes) => {
    await copyFile(from, to);
    const file = await open(to, "r+");
    try {
      await file.truncate(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  rename,
  remove: unlink,
  syncFolder: async (path) => {
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};
