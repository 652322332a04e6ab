import type { Clock } from "../../src/lib/clock.ts";
import { Log } from "../../src/observe/log.ts";

/** A log that keeps its lines. */
export class CapturedLog extends Log {
  readonly lines: string[] = [];

  constructor(clock: Clock) {
    super(clock);
  }

  override notice(message: string): void {
    this.lines.push(message);
  }

  override warning(message: string): void {
    this.lines.push(message);
  }
}
