/**
 * Splits a line into words as Redis's inline commands and configuration files have it: blanks separate; "..." knows \n \r \t \b \a \xHH and
 * takes any other escaped byte literally; '...' knows only \'. A closing quote must be followed by a blank or the end. Undefined
 * when quotes are not balanced.
 */
export function splitArgs(line: Uint8Array): Uint8Array[] | undefined {
  const words: Uint8Array[] = [];
  let i = 0;
  while (i < line.length) {
    if (isBlank(line[i])) {
      i++;
      continue;
    }
    const word: number[] = [];
    i = readWord(line, i, word);
    if (i < 0) return undefined;
    words.push(Uint8Array.from(word));
  }
  return words;
}

const ESCAPES: Record<number, number> = { 110: 10, 114: 13, 116: 9, 98: 8, 97: 7 };
const QUOTE = 34;
const APOSTROPHE = 39;
const BACKSLASH = 92;

/** Reads one word into `out`; the index after it, or -1. A quote may start in the middle of a word. */
function readWord(line: Uint8Array, i: number, out: number[]): number {
  while (i < line.length && !endsWord(line[i])) {
    const c = line[i];
    if (c === QUOTE || c === APOSTROPHE) {
      i = readQuoted(line, i + 1, c, out);
      return i < 0 || (i < line.length && !isBlank(line[i])) ? -1 : i;
    }
    out.push(c);
    i++;
  }
  return i;
}

function readQuoted(line: Uint8Array, i: number, quote: number, out: number[]): number {
  for (; i < line.length; i++) {
    const c = line[i];
    if (c === quote) return i + 1;
    if (c !== BACKSLASH || i + 1 >= line.length) {
      out.push(c);
      continue;
    }
    const next = line[i + 1];
    if (quote === APOSTROPHE) {
      if (next === APOSTROPHE) i++;
      out.push(next === APOSTROPHE ? next : c);
      continue;
    }
    const byte = next === 120 ? hexByte(line, i + 2) : -1;
    out.push(byte >= 0 ? byte : (ESCAPES[next] ?? next));
    i += byte >= 0 ? 3 : 1;
  }
  return -1;
}

function hexByte(line: Uint8Array, i: number): number {
  if (i + 1 >= line.length) return -1;
  const high = hexDigit(line[i]);
  const low = hexDigit(line[i + 1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const letter = c | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** Vertical tabs and form feeds are skipped between words but do not end one. */
function endsWord(c: number): boolean {
  return c !== 11 && c !== 12 && isBlank(c);
}

/** The white space of C's isspace, and NUL. */
function isBlank(c: number): boolean {
  return c === 32 || (c >= 9 && c <= 13) || c === 0;
}
