import * as z from "zod/mini";
import { accept, type Kind, kindOf, type Outcome, oneWord, refuse, type Schema, step } from "./kind.ts";
import { type ByteString, byteString, bytesOf, formatMemory, parseMemory, quoted, textOf } from "./text.ts";

/** Bound of directives that Redis keeps in an int. */
export const INT_MAX = 2 ** 31 - 1;
export const UINT_MAX = 2 ** 32 - 1;
/** Bound of directives that Redis keeps in 64 bits: the largest number that is exact here. */
export const LONG_MAX = Number.MAX_SAFE_INTEGER;
export const PORT_MAX = 65535;

export const yesNo: Kind<boolean> = kindOf(() => z.pipe(oneWord, step(readYesNo)), {
  type: "yes or no",
  format: (value) => (value ? "yes" : "no"),
});

function readYesNo(word: ByteString): Outcome<boolean> {
  const lower = word.toLowerCase();
  return lower === "yes" || lower === "no" ? accept(lower === "yes") : refuse("argument must be 'yes' or 'no'");
}

/** Any bytes. */
export const text: Kind<ByteString> = kindOf(() => oneWord, {
  type: "text",
  format: (value) => value,
  fileForm: quoted,
});

/** A path or file name, as text. */
export const path: Kind<string> = kindOf(() => z.pipe(oneWord, z.transform(textOf)), {
  type: "path",
  format: byteString,
  fileForm: (value) => quoted(byteString(value)),
});

/** A password's bytes; none when there is no password. */
export const secret: Kind<Uint8Array> = kindOf(() => z.pipe(oneWord, z.transform(bytesOf)), {
  type: "text",
  format: (value) => Buffer.from(value).toString("latin1"),
  fileForm: (value) => quoted(Buffer.from(value).toString("latin1")),
});

/** The name of a file within a folder. */
export function fileName(directive: string, what: "filename" | "dirname", mayBeEmpty: boolean): Kind<string> {
  const readName = (word: ByteString): Outcome<string> => {
    if (word === "" && !mayBeEmpty) return refuse(`${directive} can't be empty`);
    if (word.includes("/")) return refuse(`${directive} can't be a path, just a ${what}`);
    return accept(textOf(word));
  };
  return kindOf(() => z.pipe(oneWord, step(readName)), {
    type: what === "filename" ? "file name" : "folder name",
    format: byteString,
    fileForm: (value) => quoted(byteString(value)),
  });
}

/** One of these words, in any case; a synonym stands for another one of them. */
export function oneOf<const V extends string>(values: readonly V[], synonyms: Partial<Record<V, V>> = {}): Kind<V> {
  const readChoice = (word: ByteString): Outcome<V> => {
    const value = values.find((one) => one === word.toLowerCase());
    return value === undefined ? refuse(notOneOf(values)) : accept(synonyms[value] ?? value);
  };
  return kindOf(() => z.pipe(oneWord, step(readChoice)), {
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

/**
 * A range check in Redis's words. What is too small is told Redis's own upper bound, what is too large the real one.
 */
function between(min: number, max: number): z.ZodMiniType<number, number> {
  const range = (bound: number | string) => `argument must be between ${min} and ${bound} inclusive`;
  const tooSmall = range(max === LONG_MAX ? "9223372036854775807" : max);
  return z.number().check(z.gte(min, { error: tooSmall }), z.lte(max, { error: range(max) }));
}

/** A whole number in canonical decimal form. `adjust` moves it to the nearest one that makes sense. */
export function integer(min: number, max: number, adjust = same): Kind<number> {
  const error = "argument couldn't be parsed into an integer";
  const makeSchema = () => {
    const whole = z.pipe(z.string().check(z.refine(isInteger, { error })), z.transform(Number));
    return z.pipe(oneWord, z.pipe(whole, z.pipe(between(min, max), z.transform(adjust))));
  };
  return kindOf(makeSchema, { type: rangeName(min, max), format: String });
}

/** Bytes, with units: `1kb`, `64mb`, `2gb`, and `1k`, `1m`, `1g` for powers of ten. */
export function memory(min: number, max: number, adjust = same): Kind<number> {
  return kindOf(() => memorySchema(min, max, adjust), {
    type: min > 0 ? `memory size, at least ${formatMemory(min)}` : "memory size",
    format: String,
    fileForm: formatMemory,
  });
}

export function memorySchema(min: number, max: number, adjust = same): Schema<number> {
  return z.pipe(oneWord, z.pipe(step(readSize), z.pipe(between(min, max), z.transform(adjust))));
}

function readSize(word: ByteString): Outcome<number> {
  const bytes = parseMemory(word);
  return bytes === undefined ? refuse("argument must be a memory value") : accept(bytes);
}

function same(value: number): number {
  return value;
}

function rangeName(min: number, max: number): string {
  if (max < INT_MAX) return `${min} to ${max}`;
  return min < -1 ? "number" : `number, at least ${min}`;
}
