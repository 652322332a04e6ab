import { accessSync, constants, readdirSync, readFileSync, statSync } from "node:fs";
import { totalmem } from "node:os";
import { osErrorText } from "../lib/os-errors.ts";
import type { ByteString } from "./text.ts";

/** What configuration needs of the machine; tests give it another one. Paths are absolute. */
export interface Host {
  /** The folder in which the process was started. */
  readonly cwd: string;
  /** Main memory of the machine. */
  readonly memoryBytes: number;
  /** Throws the operating system's error. */
  readFile(path: string): ByteString;
  /** Names in a folder; empty when it cannot be read. */
  list(path: string): string[];
  /** Why the process could not work in that folder, in the operating system's words. */
  directoryProblem(path: string): string | undefined;
  /** All of standard input. */
  readStdin(): ByteString;
}

export function systemHost(): Host {
  return {
    cwd: process.cwd(),
    memoryBytes: totalmem(),
    readFile: (path) => readFileSync(path, "latin1"),
    list: listNames,
    directoryProblem,
    readStdin: () => readFileSync(0, "latin1"),
  };
}

function listNames(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function directoryProblem(path: string): string | undefined {
  try {
    if (!statSync(path).isDirectory()) return "Not a directory";
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    return osErrorText(error);
  }
}
