import { readFileSync, writeFileSync } from "node:fs";
import { osErrorText } from "../lib/os-errors.ts";

const FILE = "/proc/self/oom_score_adj";
const SCORE_MAX = 1000;

/** What the system is told about which process to end first when memory runs out: the more, the rather this one. */
export class OomScore {
  /** What it was before it was changed. */
  private original: number | undefined;

  constructor(private readonly file: string = FILE) {}

  /**
   * Makes it `value` ("absolute"), so much more than it was ("relative", "yes"), or what it was ("no"). Returns why that is not possible,
   * in the operating system's words.
   */
  set(mode: string, value: number): string | undefined {
    if (mode === "no" && this.original === undefined) return undefined;
    try {
      this.original ??= Number(readFileSync(this.file, "latin1"));
      const wanted = mode === "no" ? this.original : mode === "absolute" ? value : this.original + value;
      writeFileSync(this.file, String(Math.max(-SCORE_MAX, Math.min(SCORE_MAX, wanted))));
      if (mode === "no") this.original = undefined;
      return undefined;
    } catch (error) {
      return osErrorText(error);
    }
  }
}
