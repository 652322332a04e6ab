import { type ByteString, byteString } from "../../config/text.ts";
import { latin1 } from "../../lib/bytes.ts";
import type { Clock } from "../../lib/clock.ts";
import { INT64_MAX, INT64_MIN } from "../../lib/integer.ts";
import { osErrorText } from "../../lib/os-errors.ts";
import { checkSnapshot } from "./check-rdb.ts";
import { StdioFile } from "./stdio-file.ts";
import { type Terminal, ToolEnded } from "./terminal.ts";

/** What is to be done besides looking. */
export interface AofTask {
  readonly fix: boolean;
  /** Unix time in seconds; 0: none. */
  readonly toTimestamp: bigint;
}

/** One of the files to be checked. */
export interface AofPart {
  readonly path: string;
  /** As messages call it. */
  readonly name: ByteString;
  readonly kind: "AOF" | "BASE AOF" | "INCR AOF";
  readonly isLast: boolean;
  /** It starts with a snapshot. */
  readonly preamble: boolean;
}

/** Redis reads a length with its prefix and line break into 128 bytes, an annotation into 1,024. */
const LENGTH_LINE_BYTES_MAX = 127;
const NOTE_BYTES_MAX = 1023;
const CR = 13;
const LF = 10;
const HASH = 35;
const STAR = 42;
const DOLLAR = 36;
/** The longest word that is looked at, and the byte that may end it. */
const WORD_BYTES = 6;

/** What a file turned out to be. */
type Verdict = "valid" | "empty" | "cut" | "cut to time" | "not valid";

/**
 * Checks one file after the other with redis-check-aof's eyes: requests count as whole by their lengths and line breaks only. The lines are
 * counted, and an error is remembered, across all files.
 */
export class AofCheck {
  private file!: StdioFile;
  private part!: AofPart;
  private lineCount = 1;
  /** What is wrong, and where what was read last began. */
  private error: ByteString = "";
  private epos = 0;
  private multi = 0;
  private readonly line = new Uint8Array(LENGTH_LINE_BYTES_MAX + 1);
  private readonly word = new Uint8Array(WORD_BYTES);
  private readonly tail = new Uint8Array(2);
  private length = 0n;

  constructor(
    private readonly task: AofTask,
    private readonly terminal: Terminal,
    private readonly clock: Clock,
  ) {}

  /** Checks a file and says how it is. Throws ToolEnded when that is the end. */
  run(part: AofPart): void {
    this.part = part;
    this.file = this.open(part);
    const verdict = this.check();
    this.file.close();
    if (verdict === "not valid") {
      this.end(`AOF ${part.name} is not valid. Use the --fix option to try fixing it.\n`);
    }
    this.terminal.print(`${this.sentence(verdict)}\n`);
  }

  private sentence(verdict: Verdict): ByteString {
    const { kind, name } = this.part;
    if (verdict === "cut") return `Successfully truncated AOF ${name}`;
    if (verdict === "cut to time") return `Successfully truncated AOF ${name} to timestamp ${this.task.toTimestamp}`;
    return `${kind} ${name} is ${verdict}`;
  }

  private open({ path }: AofPart): StdioFile {
    try {
      return new StdioFile(path, "r+");
    } catch (error) {
      return this.end(`Cannot open file ${byteString(path)}: ${osErrorText(error)}, aborting...\n`);
    }
  }

  private end(text: ByteString): never {
    this.terminal.print(text);
    throw new ToolEnded();
  }

  private check(): Verdict {
    const { file, part } = this;
    if (file.size === 0) return "empty";
    if (part.preamble) file.at = this.checkPreamble(part.path);
    const goodTo = this.walk();
    if (goodTo === undefined) return "cut to time";
    if (this.error !== "") this.terminal.print(`${this.error}\n`);
    const bad = file.size - goodTo;
    const { fix, toTimestamp } = this.task;
    if (bad === 0 && toTimestamp !== 0n) {
      this.terminal.print(`Truncate nothing in AOF ${part.name} to timestamp ${toTimestamp}\n`);
      return "valid";
    }
    this.terminal.print(
      `AOF analyzed: filename=${part.name}, size=${file.size}, ok_up_to=${goodTo}, ok_up_to_line=${this.lineCount}, diff=${bad}\n`,
    );
    if (bad === 0) return "valid";
    if (!fix) return "not valid";
    this.cut(goodTo, bad);
    return "cut";
  }

  /** The length of the snapshot at the start. */
  private checkPreamble(path: string): number {
    const length = checkSnapshot(path, this.terminal, this.clock);
    if (length === undefined) return this.end("RDB preamble of AOF file is not sane, aborting.\n");
    this.terminal.print("RDB preamble is OK, proceeding with AOF tail...\n");
    return length;
  }

  private cut(goodTo: number, bad: number): void {
    const { file, part, terminal } = this;
    if (!part.isLast) this.end(`Failed to truncate AOF ${part.name} because it is not the last file\n`);
    terminal.print(
      `This will shrink the AOF ${part.name} from ${file.size} bytes, with ${bad} bytes, to ${goodTo} bytes\nContinue? [y/N]: `,
    );
    if (!/^y/i.test(terminal.ask())) this.end("Aborting...\n");
    try {
      file.truncate(goodTo);
    } catch {
      this.end(`Failed to truncate AOF ${part.name}\n`);
    }
  }

  /** Where the last thing ends that is whole: a request outside of transactions, or a transaction. Undefined when it was cut to the time. */
  private walk(): number | undefined {
    const { file } = this;
    let goodTo = 0;
    this.multi = 0;
    for (;;) {
      if (this.multi === 0) goodTo = file.at;
      const first = file.peek();
      if (first === HASH) {
        if (!this.note()) return undefined;
      } else if (first === STAR) {
        if (!this.request()) break;
      } else {
        if (first >= 0) this.terminal.print(`AOF ${this.part.name} format error\n`);
        else this.missesExec();
        return goodTo;
      }
    }
    this.missesExec();
    return goodTo;
  }

  private missesExec(): void {
    if (this.multi !== 0 && this.error === "") this.fail("Reached EOF before reading EXEC for MULTI");
  }

  /** Remembers what is wrong with what was read last. A zero byte ends the text, as in C. */
  private fail(text: ByteString): false {
    this.error = `0x${this.epos.toString(16).padStart(16)}: ${beforeZero(text)}`;
    return false;
  }

  /** Passes over a line of notes. False if the file was cut there, because the time it notes is later than the one asked for. */
  private note(): boolean {
    const { file, part } = this;
    const path = byteString(part.path);
    const { toTimestamp } = this.task;
    const line = new Uint8Array(NOTE_BYTES_MAX + 1);
    this.epos = file.at;
    const text = latin1(line, 0, file.line(line, NOTE_BYTES_MAX));
    if (toTimestamp === 0n || !text.startsWith("#TS:")) return true;
    const time = timeOf(text);
    if (time === undefined) return this.end("Invalid timestamp annotation\n");
    if (time <= toTimestamp) return true;
    if (this.epos === 0) {
      this.end(`AOF ${path} has nothing before timestamp ${toTimestamp}, aborting...\n`);
    }
    if (!part.isLast) {
      this.end(
        `Failed to truncate AOF ${path} to timestamp ${toTimestamp} to offset ${this.epos} because it is not the last file.\n` +
          "If you insist, please delete all files after this file according to the manifest file and delete the corresponding records " +
          "in manifest file manually. Then re-run redis-check-aof.\n",
      );
    }
    try {
      file.truncate(this.epos);
      return false;
    } catch {
      return this.end(`Failed to truncate AOF ${path} to timestamp ${toTimestamp}\n`);
    }
  }

  private request(): boolean {
    if (!this.number(STAR)) return false;
    const count = this.length;
    for (let i = 0n; i < count; i++) {
      if (!this.string() || (i === 0n && !this.transactionWord())) return false;
    }
    return true;
  }

  private transactionWord(): boolean {
    const word = beforeZero(latin1(this.word)).toLowerCase();
    const path = byteString(this.part.path);
    if (word === "multi" && this.multi++ !== 0) return this.fail(`Unexpected MULTI in AOF ${path}`);
    if (word === "exec" && --this.multi !== 0) return this.fail(`Unexpected EXEC in AOF ${path}`);
    return true;
  }

  /** Reads a line with a number behind the prefix into `length`. */
  private number(prefix: number): boolean {
    const { file, line } = this;
    this.epos = file.at;
    if (file.line(line, LENGTH_LINE_BYTES_MAX) === 0) return false;
    if (line[0] !== prefix) {
      return this.fail(`Expected prefix '${String.fromCharCode(prefix)}', got: '${String.fromCharCode(line[0])}'`);
    }
    const digits = /^[ \t-\r]*[-+]?\d+/.exec(latin1(line, 1, LENGTH_LINE_BYTES_MAX))?.[0] ?? "";
    this.length = clamped(digits);
    return this.lineBreak(line, 1 + digits.length);
  }

  private lineBreak(buf: Uint8Array, at: number): boolean {
    const first = buf[at];
    // Behind the end of a line Redis shows what happens to be there.
    const second = first === 0 ? 0 : buf[at + 1];
    if (first !== CR || second !== LF) return this.fail(`Expected \\r\\n, got: ${hex(first)}${hex(second)}`);
    this.lineCount++;
    return true;
  }

  private string(): boolean {
    if (!this.number(DOLLAR)) return false;
    if (this.length < 0n || this.length > INT64_MAX - 2n) {
      return this.fail(`Expected to read string of ${this.length} bytes, which is not in the suitable range`);
    }
    const wanted = this.length + 2n;
    this.epos = this.file.at;
    this.word.fill(0);
    const got = this.file.string(Number(wanted), this.word, this.tail);
    if (BigInt(got) !== wanted) return this.fail(`Expected to read ${wanted} bytes, got ${got} bytes`);
    if (got - 2 < WORD_BYTES) this.word[got - 2] = 0;
    return this.lineBreak(this.tail, 0);
  }
}

/** As C prints a char, which has a sign. */
function hex(byte: number): string {
  return (byte > 127 ? byte + 0xffffff00 : byte).toString(16).padStart(2, "0");
}

function clamped(digits: string): bigint {
  const value = BigInt(digits.trim().replace(/^\+/, "") || 0);
  if (value > INT64_MAX) return INT64_MAX;
  return value < INT64_MIN ? INT64_MIN : value;
}

function beforeZero(text: ByteString): ByteString {
  return text.replace(/\0.*$/s, "");
}

function timeOf(note: string): bigint | undefined {
  const digits = /^#TS:([ \t-\r]*[-+]?\d*)\r/.exec(note)?.[1];
  if (digits === undefined) return undefined;
  const value = BigInt(digits.trim().replace(/^\+/, "") || 0);
  return value > INT64_MAX || value < INT64_MIN ? undefined : value;
}
