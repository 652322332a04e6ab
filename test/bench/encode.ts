/**
 * Requests encoded once, before the clock runs: a batch is one buffer of `pipeline` equal-length commands, and all that changes
 * between two batches is the digits of its slots, which are written in place.
 */

/** A part of an argument that is a number of fixed width, drawn anew for every command. */
export interface Slot {
  readonly prefix: string;
  /** Digits after the prefix, zero-padded. */
  readonly digits: number;
  /** Added to what is drawn. */
  readonly base: number;
  /**
   * "random" draws from [0, count); "sequence" takes the command's running number times `step`, rounded down; "same" takes what the
   * slot before it was given.
   */
  readonly draw: "random" | "sequence" | "same";
  readonly count: number;
  readonly step: number;
}

export type Argument = string | Slot;

const KEY_DIGITS = 12;

/** `prefix` and 12 digits: one of `count` keys by chance. */
export function random(prefix: string, count: number): Slot {
  return { prefix, digits: KEY_DIGITS, base: 0, draw: "random", count, step: 1 };
}

/** `prefix` and 12 digits: the command's running number, so that n commands touch n keys. */
export function sequence(prefix: string): Slot {
  return { prefix, digits: KEY_DIGITS, base: 0, draw: "sequence", count: 0, step: 1 };
}

/** `prefix` and 12 digits: the command's running number divided by `commands`, so that so many commands in a row have the same. */
export function every(commands: number, prefix: string): Slot {
  return { ...sequence(prefix), step: 1 / commands };
}

/** A decimal number: `base` and what was drawn for the slot before; of the width of `base`. */
export function sameNumber(base: number): Slot {
  return { prefix: "", digits: String(base).length, base, draw: "same", count: 0, step: 1 };
}

/** A decimal number without leading zeros from [base, base + count) by chance; base and base + count - 1 are of one width. */
export function randomNumber(base: number, count: number): Slot {
  return { prefix: "", digits: String(base).length, base, draw: "random", count, step: 1 };
}

/** A decimal number: base + floor(running number * step); all of the width of `base`. */
export function risingNumber(base: number, step: number): Slot {
  return { prefix: "", digits: String(base).length, base, draw: "sequence", count: 0, step };
}

/** `bytes` letters, the same in every command. */
export function filler(bytes: number): string {
  return "abcdefghijklmnopqrstuvwxyz".repeat(Math.ceil(bytes / 26)).slice(0, bytes);
}

interface PlacedSlot extends Slot {
  /** Of the last digit, from the start of the command. */
  readonly end: number;
  /** How many of the last digits can change: those before them stay the template's zeros. */
  readonly changing: number;
}

/** One command in RESP with its slots' digits as zeros, and where these are. */
export interface Template {
  readonly bytes: Uint8Array;
  readonly slots: readonly PlacedSlot[];
}

export function encode(args: readonly Argument[]): Template {
  let text = `*${args.length}\r\n`;
  const slots: PlacedSlot[] = [];
  for (const arg of args) {
    const body = typeof arg === "string" ? arg : arg.prefix + "0".repeat(arg.digits);
    text += `$${body.length}\r\n${body}`;
    if (typeof arg !== "string") slots.push({ ...arg, end: text.length - 1, changing: changingDigits(arg) });
    text += "\r\n";
  }
  return { bytes: Buffer.from(text, "latin1"), slots };
}

function changingDigits(slot: Slot): number {
  return slot.draw === "random" && slot.base === 0 ? String(slot.count - 1).length : slot.digits;
}

/** `pipeline` copies of the template in a buffer of their own. */
export function encodeBatch(template: Template, pipeline: number): Uint8Array {
  const stride = template.bytes.length;
  const batch = new Uint8Array(stride * pipeline);
  for (let i = 0; i < pipeline; i++) batch.set(template.bytes, i * stride);
  return batch;
}

/** The digits of 0 to 999, three bytes each: division by 10 would cost more than the rest of the patch. */
const TRIPLES = new Uint8Array(3000);
for (let i = 0; i < 1000; i++) TRIPLES.set(Buffer.from(String(i).padStart(3, "0")), i * 3);

/** Draws the slots' numbers: one stream of chance and one running number for all the connections of a load. */
export class Patcher {
  readonly #slots: readonly PlacedSlot[];
  readonly #stride: number;
  #state: number;
  #running: number;
  #drawn = 0;

  constructor(template: Template, seed: number, firstNumber: number) {
    this.#slots = template.slots;
    this.#stride = template.bytes.length;
    this.#state = seed | 1;
    this.#running = firstNumber;
  }

  /** Writes new digits into the first `commands` commands of a batch. */
  patch(batch: Uint8Array, commands: number): void {
    for (let i = 0; i < commands; i++) {
      for (let s = 0; s < this.#slots.length; s++) this.#patchSlot(batch, i * this.#stride, this.#slots[s]!);
      this.#running += 1;
    }
  }

  #patchSlot(batch: Uint8Array, start: number, slot: PlacedSlot): void {
    if (slot.draw === "random") this.#drawn = this.#next() % slot.count;
    else if (slot.draw === "sequence") this.#drawn = Math.floor(this.#running * slot.step);
    writeDigits(batch, start + slot.end, slot.changing, slot.base + this.#drawn);
  }

  // Marsaglia's xorshift32: a few nanoseconds, and the same keys in every run.
  #next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
}

// Three digits a step, from the last one towards the first.
function writeDigits(batch: Uint8Array, last: number, digits: number, value: number): void {
  let rest = value;
  let at = last;
  let left = digits;
  while (left > 0) {
    const high = Math.floor(rest / 1000);
    const triple = (rest - high * 1000) * 3;
    batch[at] = TRIPLES[triple + 2]!;
    if (left > 1) batch[at - 1] = TRIPLES[triple + 1]!;
    if (left > 2) batch[at - 2] = TRIPLES[triple]!;
    rest = high;
    at -= 3;
    left -= 3;
  }
}
