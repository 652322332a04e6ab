import { writeFile } from "node:fs/promises";
import { type FileCalls, systemFileCalls } from "../../src/persistence/file-calls.ts";

/** What becomes of the call whose turn it is, and of those after it. */
export type Fault = "fails" | "is the last one" | "is the last one, and is done";

/**
 * Calls that change files, of which one fails, or the process ends before or after it: no later one does anything. Nothing is synced: the
 * system lives on.
 */
export class FaultyCalls implements FileCalls {
  /** The calls so far: what, and the last part of the path. */
  readonly made: string[] = [];

  /** `turn`: the number, from 0, of the call that is not like others. */
  constructor(
    private readonly turn: number,
    private readonly fault: Fault,
  ) {}

  mkdir = (path: string) => this.call("mkdir", path, () => systemFileCalls.mkdir(path));
  create = (path: string) => this.call("create", path, () => systemFileCalls.create(path));
  write = (path: string, content: Uint8Array) => this.call("write", path, () => writeFile(path, content));
  link = (from: string, to: string) => this.call("link", to, () => systemFileCalls.link(from, to));
  copyHead = (from: string, to: string, bytes: number) =>
    this.call("copy", to, () => systemFileCalls.copyHead(from, to, bytes));
  rename = (from: string, to: string) => this.call("rename", to, () => systemFileCalls.rename(from, to));
  remove = (path: string) => this.call("remove", path, () => systemFileCalls.remove(path));
  syncFolder = (path: string) => this.call("sync", path, () => Promise.resolve());

  private async call(name: string, path: string, run: () => Promise<void>): Promise<void> {
    const number = this.made.length;
    this.made.push(`${name} ${path.slice(path.lastIndexOf("/") + 1)}`);
    const isDone = number < this.turn || (this.fault === "fails" && number > this.turn);
    if (isDone || (number === this.turn && this.fault === "is the last one, and is done")) await run();
    if (!isDone) throw Object.assign(new Error("Input/output error"), { code: "EIO" });
  }
}
