import { encode, latin1, utf8 } from "../lib/bytes.ts";
import { splitArgs } from "../lib/split-args.ts";

/**
 * A string with one character per byte (latin1). Configuration files, CONFIG SET and CONFIG GET carry any bytes, and
 * this form loses none of them; for ASCII it is the text itself.
 */
export type ByteString = string;

/** The UTF-8 bytes of a text, as a byte string. */
export function byteString(text: string): ByteString {
  return latin1(encode(text));
}

/** The text whose UTF-8 bytes these are. */
export function textOf(bytes: ByteString): string {
  return utf8(bytesOf(bytes));
}

export function bytesOf(bytes: ByteString): Uint8Array {
  return Buffer.from(bytes, "latin1");
}

/** The words of a line under the quoting rules of configuration files; undefined when quotes are not balanced. */
export function splitLine(line: ByteString): ByteString[] | undefined {
  return splitArgs(bytesOf(line))?.map((word) => latin1(word));
}

const ESCAPES: Record<string, string> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\x07": "\\a",
  "\b": "\\b",
};

/** A word in double quotes that splitLine gives back unchanged. */
export function quoted(word: ByteString): ByteString {
  let out = '"';
  for (const c of word) {
    const plain = c >= " " && c <= "~" ? c : `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
    out += ESCAPES[c] ?? plain;
  }
  return `${out}"`;
}

/** A word as it may stand in a line: in quotes only where it needs them. */
export function quotedIfNeeded(word: ByteString): ByteString {
  return /^[!-~]+$/.test(word) && !/["'\\]/.test(word) && !word.startsWith("#") ? word : quoted(word);
}

const UNITS: Record<string, number> = {
  "": 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
};

/**
 * Bytes of a memory size such as `512`, `10k` (10,000) or `10kb` (10,240); undefined when it is none. No digits are
 * zero.
 */
export function parseMemory(text: string): number | undefined {
  const parts = /^(\d*)([a-z]*)$/i.exec(text);
  const unit = UNITS[parts?.[2]?.toLowerCase() ?? "?"];
  return parts === null || unit === undefined ? undefined : Number(parts[1]) * unit;
}

/** The shortest exact form with a binary unit: 1048576 is `1mb`, 1000 is `1000`. */
export function formatMemory(bytes: number): string {
  for (const unit of ["gb", "mb", "kb"]) {
    const size = UNITS[unit];
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}
