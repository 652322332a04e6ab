import * as z from "zod/mini";
import { accept, type Kind, kindOf, type Outcome, oneWord, refuse, step } from "./kind.ts";
import { type ByteString, byteString, bytesOf, formatMemory, parseMemory, quoted, textOf } from "./text.ts";

/** Bound of directives that Redis keeps in an int. */
export const INT_MAX = 2 ** 31 - 1;
export const UINT_MAX = 2 ** 32 - 1;
/** Bound of directives that Redis keeps in 64 bits: the largest number that is exact here. */
export const LONG_MAX = Number.MAX_SAFE_INTEGER;
export const PORT_MAX = 65535;

export const yesNo: Kind<boolean> = kindOf(z.pipe(oneWord, step(readYesNo)), {
  type: "yes or no",
  format: (value) => (value ? "yes" : "no"),
});

function readYesNo(word: ByteString): Outcome<boolean> {
  const lower = word.toLowerCase();
  return lower === "yes" || lower === "no" ? accept(lower === "yes") : refuse("argument must be 'yes' or 'no'");
}

/** Any bytes. */
export const text: Kind<ByteString> = kindOf(oneWord, { type: "text", format: (value) => value, fileForm: quoted });

/** A path or file name, as text. */
export const path: Kind<string> = kindOf(z.pipe(oneWord, z.transform(textOf)), {
  type: "path",
  format: byteString,
  fileForm: (value) => quoted(byteString(value)),
});

/** A password's bytes; none when there is no password. */
export const secret: Kind<Uint8Array> = kindOf(z.pipe(oneWord, z.transform(bytesOf)), {
  type: "text",
  format: (value) => Buffer.from(value).toString("latin1"),
  fileForm: (value) => quoted(Buffer.from(value).toString("latin1")),
});

/** The name of a file within a folder. */
export function fileName(directive: string, what: "filename" | "dirname", mayBeEmpty: boolean): Kind<string> {
  const schema = step((word: ByteString) => {
    if (word === "" && !mayBeEmpty) return refuse(`${directive} can't be empty`);
    if (word.includes("/")) return refuse(`${directive} can't be a path, just a ${what}`);
    return accept(textOf(word));
  });
  return kindOf(z.pipe(oneWord, schema), {
    type: what === "filename" ? "file name" : "folder name",
    format: byteString,
    fileForm: (value) => quoted(byteString(value)),
  });
}

/** The same words of any case; `synonyms` are accepted in place of the value that they name. */
export function oneOf<const V extends string>(
  values: readonly V[],
  synonyms: Readonly<Record<string, V>> = {},
): Kind<V> {
  const known = [...values, ...Object.keys(synonyms)];
  const schema = step((word: ByteString) => {
    const lower = word.toLowerCase();
    const value = synonyms[lower] ?? values.find((one) => one === lower);
    return value === undefined ? refuse(notOneOf(known)) : accept(value);
  });
  return kindOf(z.pipe(oneWord, schema), {
    type: values.map((one) => `\`${one}\``).join(", "),
    format: (value) => value,
  });
}

export function notOneOf(values: readonly string[]): string {
  return `argument(s) must be one of the following: ${values.join(", ")}`;
}

function isInteger(word: string): boolean {
  return /^(0|-?[1-9]\d{0,18})$/.test(word) && BigInt.asIntN(64, BigInt(word)) === BigInt(word);
}

/** A range check in Redis's words. What is too small is told Redis's own upper bound, what is too large the real one. */
function between(min: number, max: number): z.ZodMiniType<number, number> {
  const range = (bound: number | string) => `argument must be between ${min} and ${bound} inclusive`;
  const tooSmall = range(max === LONG_MAX ? "9223372036854775807" : max);
  return z.number().check(z.gte(min, { error: tooSmall }), z.lte(max, { error: range(max) }));
}

const integers = new Map<string, Kind<number>>();

/** A whole number in canonical decimal form. */
export function integer(min: number, max: number): Kind<number> {
  return memo(integers, min, max, () => adjusted(min, max, (value) => value));
}

/** A whole number that is moved to the nearest one that makes sense. */
export function adjusted(min: number, max: number, adjust: (value: number) => number): Kind<number> {
  const whole = z.string().check(z.refine(isInteger, { error: "argument couldn't be parsed into an integer" }));
  const schema = z.pipe(z.pipe(oneWord, whole), z.pipe(z.transform(Number), between(min, max)));
  return kindOf(z.pipe(schema, z.transform(adjust)), { type: rangeName(min, max), format: String });
}

const memories = new Map<string, Kind<number>>();

/** Bytes, with units: `1kb`, `64mb`, `2gb`, and `1k`, `1m`, `1g` for powers of ten. */
export function memory(min: number, max: number): Kind<number> {
  return memo(memories, min, max, () => memoryOf(min, max, (value) => value));
}

/** Bytes that are never fewer than `least`. */
export function memoryAtLeast(min: number, max: number, least: number): Kind<number> {
  return memoryOf(min, max, (value) => Math.max(value, least));
}

function memoryOf(min: number, max: number, adjust: (value: number) => number): Kind<number> {
  const size = step((word: ByteString) => {
    const bytes = parseMemory(word);
    return bytes === undefined ? refuse("argument must be a memory value") : accept(bytes);
  });
  const schema = z.pipe(z.pipe(oneWord, size), z.pipe(between(min, max), z.transform(adjust)));
  return kindOf(schema, {
    type: min > 0 ? `memory size, at least ${formatMemory(min)}` : "memory size",
    format: String,
    fileForm: formatMemory,
  });
}

function memo<T>(known: Map<string, Kind<T>>, min: number, max: number, make: () => Kind<T>): Kind<T> {
  const key = `${min} ${max}`;
  const kind = known.get(key) ?? make();
  known.set(key, kind);
  return kind;
}

function rangeName(min: number, max: number): string {
  if (max < INT_MAX) return `${min} to ${max}`;
  return min < -1 ? "number" : `number, at least ${min}`;
}
