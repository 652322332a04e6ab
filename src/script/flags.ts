import { latin1 } from "../lib/bytes.ts";
import { splitArgs } from "../lib/split-args.ts";

/** What a script says of itself, by name, in the order in which Redis lists it. One bit each. */
export const SCRIPT_FLAGS = {
  "no-writes": 1,
  "allow-oom": 2,
  "allow-stale": 4,
  "no-cluster": 8,
  "allow-cross-slot-keys": 16,
} as const;
/** A script for EVAL that has no first line `#!lua`, and so says nothing of itself: its commands are judged one by one. */
export const UNDECLARED = 32;

const LF = 10;
const HASH = 35;
const BANG = 33;
const FLAGS_OPTION = "flags=";

/** What stands in the first line of a script for EVAL. */
export interface Shebang {
  readonly flags: number;
  /** So many bytes of the body are not for the engine. */
  readonly length: number;
}

/** Reads the first line of a script for EVAL, if it starts with `#!`. Returns the error's text if it is wrong. */
export function readShebang(body: Uint8Array): Shebang | string {
  if (!hasShebang(body)) return { flags: UNDECLARED, length: 0 };
  const length = shebangLength(body);
  if (length < 0) return "ERR Invalid script shebang";
  const words = splitArgs(body.subarray(0, length))?.map((word) => latin1(word));
  if (words === undefined || words.length === 0) return "ERR Invalid engine in script shebang";
  const [engine, ...options] = words;
  if (engine !== "#!lua") return `ERR Unexpected engine in script shebang: ${engine}`;
  let flags = 0;
  for (const option of options) {
    if (!option.startsWith(FLAGS_OPTION)) return `ERR Unknown lua shebang option: ${option}`;
    for (const name of flagNames(option)) {
      const flag = flagOf(name);
      if (flag === undefined) return `ERR Unexpected flag in script shebang: ${name}`;
      flags |= flag;
    }
  }
  return { flags, length };
}

export function hasShebang(body: Uint8Array): boolean {
  return body[0] === HASH && body[1] === BANG;
}

/** Bytes of the first line; -1 when there is only one, or a NUL in it, where C's strings end. */
export function shebangLength(body: Uint8Array): number {
  const end = body.indexOf(LF);
  const nul = body.indexOf(0);
  return nul >= 0 && nul < end ? -1 : end;
}

function flagNames(option: string): string[] {
  const list = option.slice(FLAGS_OPTION.length);
  return list === "" ? [] : list.split(",");
}

/** The bit of a flag's name; undefined when there is none of that name. */
export function flagOf(name: string): number | undefined {
  return Object.hasOwn(SCRIPT_FLAGS, name) ? SCRIPT_FLAGS[name as keyof typeof SCRIPT_FLAGS] : undefined;
}

export function namesOf(flags: number): string[] {
  return Object.entries(SCRIPT_FLAGS)
    .filter(([, bit]) => flags & bit)
    .map(([name]) => name);
}
