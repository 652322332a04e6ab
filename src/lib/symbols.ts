/**
 * Digits and what stands between them in numbers, times and addresses, as four bits each: texts of nothing else take half their bytes.
 */
const CHARACTERS = " -.0123456789:TZ";
const NO_SYMBOL = 255;
const SYMBOL_OF = new Uint8Array(256).fill(NO_SYMBOL);
const CHARACTER_OF = Uint8Array.from(CHARACTERS, (character) => character.charCodeAt(0));
for (let symbol = 0; symbol < CHARACTERS.length; symbol++) SYMBOL_OF[CHARACTER_OF[symbol]] = symbol;

const ZERO_SYMBOL = CHARACTERS.indexOf("0");
const MINUS_SYMBOL = CHARACTERS.indexOf("-");
/** Two digits in a byte, by their number. */
const PACKED_PAIRS = Uint8Array.from({ length: 100 }, (_, i) => {
  const tens = Math.floor(i / 10);
  return ((tens + ZERO_SYMBOL) << 4) | (i - tens * 10 + ZERO_SYMBOL);
});

/** Whether the bytes are symbols only. */
export function areSymbols(buf: Uint8Array, start: number, len: number): boolean {
  for (let i = 0; i < len; i++) if (SYMBOL_OF[buf[start + i]] === NO_SYMBOL) return false;
  return true;
}

/** The symbol of one character; the bytes must be symbols. */
export function symbolOf(character: number): number {
  return SYMBOL_OF[character];
}

export function characterOf(symbol: number): number {
  return CHARACTER_OF[symbol];
}

/** Writes `len` symbols, two to a byte, the first in the high half; returns the index after them. */
export function packSymbols(buf: Uint8Array, start: number, len: number, out: Uint8Array, at: number): number {
  let to = at;
  let i = 0;
  for (; i + 1 < len; i += 2) out[to++] = (SYMBOL_OF[buf[start + i]] << 4) | SYMBOL_OF[buf[start + i + 1]];
  if (i < len) out[to++] = SYMBOL_OF[buf[start + i]] << 4;
  return to;
}

/** `packSymbols` of the text of an integer of 32 bits, which has `len` characters, 2 at least. */
export function packInteger(value: number, len: number, out: Uint8Array, at: number): void {
  let rest = value < 0 ? -value : value;
  let to = at + (len >> 1);
  if ((len & 1) === 1) {
    const next = (rest / 10) | 0;
    out[to] = (rest - next * 10 + ZERO_SYMBOL) << 4;
    rest = next;
  }
  while (--to > at) {
    const next = (rest / 100) | 0;
    out[to] = PACKED_PAIRS[rest - next * 100];
    rest = next;
  }
  out[at] = value < 0 ? (MINUS_SYMBOL << 4) | (rest + ZERO_SYMBOL) : PACKED_PAIRS[rest];
}

/** Writes the characters of `len` symbols at `at`. */
export function unpackSymbols(buf: Uint8Array, start: number, len: number, out: Uint8Array, at: number): void {
  let from = start;
  let i = 0;
  for (; i + 1 < len; i += 2) {
    const pair = buf[from++];
    out[at + i] = CHARACTER_OF[pair >> 4];
    out[at + i + 1] = CHARACTER_OF[pair & 15];
  }
  if (i < len) out[at + i] = CHARACTER_OF[buf[from] >> 4];
}

/** Whether `len` packed symbols are these bytes. */
export function symbolsEqual(packed: Uint8Array, at: number, buf: Uint8Array, start: number, len: number): boolean {
  for (let i = 0; i < len; i++) {
    const pair = packed[at + (i >> 1)];
    if (SYMBOL_OF[buf[start + i]] !== ((i & 1) === 0 ? pair >> 4 : pair & 15)) return false;
  }
  return true;
}
