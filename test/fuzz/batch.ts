// Makes the bytes that the fuzzer sends. A batch is some well-framed commands with hostile arguments, which keep the
// connection usable, and then perhaps one broken frame, which the server usually answers by closing. Batch number i of a
// seed is always the same bytes, whatever was sent before it, so that a failing batch can be sent again by its number.
import { Random } from "../../src/lib/random.ts";
import { REPEATING } from "./commands.ts";

const BUFFER_BYTES = 8 << 20;
/** A batch stops growing here; the longest single frame still fits behind it. */
const BATCH_BYTES_MAX = 1 << 20;
const FRAMES_MAX = 160;
const SHORT_INTS = ["0", "1", "-1", "2", "3", "-3", "10", "100"];
const WORDS = [
  ...[
    "NX",
    "XX",
    "GET",
    "EX",
    "PX",
    "EXAT",
    "PXAT",
    "KEEPTTL",
    "PERSIST",
    "IFEQ",
    "IFDNE",
    "GT",
    "LT",
    "CH",
    "INCR",
    "WITHSCORES",
  ],
  ...[
    "MATCH",
    "COUNT",
    "TYPE",
    "NOVALUES",
    "LIMIT",
    "BYSCORE",
    "BYLEX",
    "REV",
    "WITHVALUES",
    "LEN",
    "IDX",
    "MINMATCHLEN",
  ],
  ...[
    "AND",
    "OR",
    "XOR",
    "NOT",
    "DIFF",
    "ONE",
    "BYTE",
    "BIT",
    "OVERFLOW",
    "SAT",
    "FAIL",
    "WRAP",
    "SET",
    "INCRBY",
    "u8",
    "i64",
    "u63",
  ],
  ...[
    "LEFT",
    "RIGHT",
    "BEFORE",
    "AFTER",
    "MAXLEN",
    "MINID",
    "~",
    "=",
    "*",
    "$",
    ">",
    "+",
    "-",
    "(1",
    "[a",
    "#1",
    "0-0",
    "5-*",
  ],
  ...[
    "FIELDS",
    "FNX",
    "FXX",
    "STORE",
    "ASC",
    "ALPHA",
    "BY",
    "nosort",
    "km",
    "m",
    "ASYNC",
    "SYNC",
    "DB",
    "REPLACE",
    "ON",
    "OFF",
  ],
];
const NUMBERS = [
  ...["9223372036854775807", "-9223372036854775808", "9223372036854775808", "4294967295", "4294967296", "2147483648"],
  ...[
    "-2147483649",
    "1048576",
    "8388607",
    "8388608",
    "1e308",
    "-1e308",
    "nan",
    "inf",
    "-inf",
    "0.1",
    "1e-320",
    "007",
    "+1",
    " 1",
  ],
  ...["", "0x10", "1e400", "3.0e3", "99999999999999999999999999", "-0", "5000000000", "1700000000000", "33177117420"],
];
const PATTERNS = ["*", "?*", "[a-z]*", "[^a", "\\", "[\\]", "*a*a*a*a*a*b", "[z-a]", "k[", "***", "[^]", "h[\\"];
const LENGTHS = [
  "-1",
  "-2",
  "0",
  "1",
  "5",
  "536870912",
  "2147483647",
  "2147483648",
  "9223372036854775807",
  "99999999999999999999",
  "1x",
  "",
];

export interface Batch {
  /** Borrowed: valid until the next make(). */
  readonly bytes: Uint8Array;
  readonly frames: number;
}

export class BatchMaker {
  readonly #random = new Random(0);
  readonly #out = Buffer.alloc(BUFFER_BYTES);
  #at = 0;

  constructor(
    readonly commands: readonly string[],
    readonly seed: number,
  ) {}

  make(index: number): Batch {
    this.#random.seed(Math.imul(this.seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b));
    this.#at = 0;
    let frames = 0;
    const wanted = this.#random.below(FRAMES_MAX);
    while (frames < wanted && this.#at < BATCH_BYTES_MAX) {
      if (this.#chance(30)) this.#inlineCommand();
      else this.#command();
      frames++;
    }
    if (this.#chance(4)) return { bytes: this.#out.subarray(0, this.#at), frames };
    this.#brokenFrame();
    return { bytes: this.#out.subarray(0, this.#at), frames: frames + 1 };
  }

  // ---- well-framed commands

  #command(): void {
    const name = this.#name();
    const parts = name.split(" ");
    const repeating = REPEATING.has(parts[0]!);
    const count = this.#random.below(this.#chance(20) ? 40 : 6);
    this.#text(`*${parts.length + count}\r\n`);
    for (const part of parts) this.#bulkText(part);
    for (let i = 0; i < count; i++) {
      if (i === 0 && !this.#chance(8)) this.#bulkText(this.#key());
      else if (repeating) this.#bulkText(this.#pick(SHORT_INTS));
      else this.#argument();
    }
  }

  #name(): string {
    if (this.#chance(100)) return this.#randomText(this.#random.below(200)).replaceAll(" ", "_");
    const name = this.#pick(this.commands);
    return this.#chance(3) ? name.toUpperCase() : name;
  }

  #key(): string {
    return this.#chance(50) ? this.#randomText(this.#random.below(64)) : `key:${this.#random.below(64)}`;
  }

  #argument(): void {
    if (this.#chance(10)) this.#bulkBytes(this.#random.below(this.#chance(200) ? 200_000 : 300));
    else this.#bulkText(this.#word());
  }

  #word(): string {
    switch (this.#random.below(9)) {
      case 0:
        return this.#key();
      case 1:
      case 2:
        return this.#pick(WORDS);
      case 3:
      case 4:
        return this.#pick(SHORT_INTS);
      case 5:
        return this.#pick(NUMBERS);
      case 6:
        return this.#pick(PATTERNS);
      default:
        return `f${this.#random.below(300)}`;
    }
  }

  #inlineCommand(): void {
    const words = [this.#name(), this.#key(), this.#pick(NUMBERS), '"a b"', "'c'", '"\\x00\\xff"', this.#pick(WORDS)];
    const line = words.slice(0, 1 + this.#random.below(words.length)).join(" ");
    this.#text(`${line.replace(/[\r\n]/g, "")}${this.#chance(2) ? "\r\n" : "\n"}`);
  }

  // ---- broken frames

  #brokenFrame(): void {
    const kind = this.#random.below(6);
    if (kind === 0) this.#randomBytes(this.#random.below(400));
    else if (kind === 1) this.#truncatedCommand();
    else if (kind < 4) this.#mutatedCommands();
    else this.#text(this.#hugeLength());
  }

  #hugeLength(): string {
    switch (this.#random.below(3)) {
      case 0:
        return `*${this.#pick(LENGTHS)}\r\n$${this.#pick(LENGTHS)}\r\n`;
      case 1:
        return `*2\r\n$3\r\nGET\r\n$${this.#pick(LENGTHS)}\r\n${this.#randomText(20)}`;
      default:
        return `${this.#pick(["*", "$", "x"])}${"1".repeat(this.#random.below(70_000))}`;
    }
  }

  #truncatedCommand(): void {
    const start = this.#at;
    this.#command();
    this.#at = start + this.#random.below(this.#at - start);
  }

  #mutatedCommands(): void {
    const start = this.#at;
    for (let i = this.#random.below(3); i >= 0; i--) this.#command();
    for (let i = this.#random.below(6); i >= 0; i--) this.#mutate(start);
  }

  #mutate(start: number): void {
    const at = start + this.#random.below(this.#at - start);
    const kind = this.#random.below(4);
    if (kind === 0) this.#out[at] = this.#random.below(256);
    else if (kind === 1) this.#out[at]! ^= 1 << this.#random.below(8);
    else if (kind === 2) this.#remove(at);
    else this.#repeat(at, Math.min(this.#random.below(50), this.#at - at));
    if (this.#at === start) this.#text("*");
  }

  #remove(at: number): void {
    this.#out.copyWithin(at, at + 1, this.#at);
    this.#at--;
  }

  #repeat(at: number, length: number): void {
    this.#out.copyWithin(this.#at, at, at + length);
    this.#at += length;
  }

  // ---- bytes

  #bulkText(text: string): void {
    this.#text(`$${text.length}\r\n${text}\r\n`);
  }

  #bulkBytes(length: number): void {
    this.#text(`$${length}\r\n`);
    this.#randomBytes(length);
    this.#text("\r\n");
  }

  #text(text: string): void {
    this.#at += this.#out.write(text, this.#at, "latin1");
  }

  #randomBytes(length: number): void {
    for (let end = this.#at + length; this.#at < end; ) {
      const word = this.#random.int32();
      for (let shift = 0; shift < 32 && this.#at < end; shift += 8) this.#out[this.#at++] = word >>> shift;
    }
  }

  #randomText(length: number): string {
    let text = "";
    while (text.length < length) text += String.fromCharCode(this.#random.below(256));
    return text;
  }

  #pick(choices: readonly string[]): string {
    return choices[this.#random.below(choices.length)]!;
  }

  /** True once in `n` times. */
  #chance(n: number): boolean {
    return this.#random.below(n) === 0;
  }
}
