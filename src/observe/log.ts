import { closeSync, openSync, writeSync } from "node:fs";
import type { Clock } from "../lib/clock.ts";

const LEVELS = ["debug", "verbose", "notice", "warning", "nothing"] as const;
export type LogLevel = (typeof LEVELS)[number];
const MARKS = ".-*#";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const STDOUT = 1;

/** The server's log: lines as Redis writes them, to standard output or a file that may be moved away at any time. */
export class Log {
  level: LogLevel = "notice";
  /** Path of the file; "" is standard output. */
  file = "";

  constructor(private readonly clock: Clock) {}

  debug(message: string): void {
    this.write("debug", message);
  }

  verbose(message: string): void {
    this.write("verbose", message);
  }

  notice(message: string): void {
    this.write("notice", message);
  }

  warning(message: string): void {
    this.write("warning", message);
  }

  /** Text without time and level: the banner. */
  raw(text: string): void {
    this.emit(text);
  }

  private write(level: LogLevel, message: string): void {
    const rank = LEVELS.indexOf(level);
    if (rank < LEVELS.indexOf(this.level)) return;
    this.emit(`${process.pid}:M ${timestamp(this.clock.unixMs())} ${MARKS[rank]} ${message}\n`);
  }

  private emit(text: string): void {
    try {
      if (this.file === "") {
        writeSync(STDOUT, text);
        return;
      }
      const fd = openSync(this.file, "a");
      writeSync(fd, text);
      closeSync(fd);
    } catch {
      // A log that can't be written must not stop the server: Redis goes on as well.
    }
  }
}

/** "22 Nov 2026 19:34:53.123" in local time. */
function timestamp(unixMs: number): string {
  const d = new Date(unixMs);
  const two = (n: number) => String(n).padStart(2, "0");
  const time = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  const ms = String(d.getMilliseconds()).padStart(3, "0");
  return `${two(d.getDate())} ${MONTHS[d.getMonth()]} ${d.getFullYear()} ${time}.${ms}`;
}
