import * as z from "zod/mini";
import type { Host } from "./host.ts";
import { type ByteString, quotedIfNeeded } from "./text.ts";

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** What the reading of a value may depend on besides its words. */
export interface Situation<T> {
  readonly previous: T;
  /** The directive stood before in the same source, so that directives which may occur several times add to it. */
  readonly further: boolean;
  readonly host: Host;
}

/** One line of a configuration file, after the directive's name. */
export interface FileLine {
  readonly words: ByteString;
  /** The line says something that a server without it would not know. */
  readonly needed: boolean;
}

/**
 * The values that a directive may have: how they are read, shown and written back. `format` gives the text of CONFIG
 * GET, and reading that text again gives a value with the same text.
 */
export interface Kind<T> {
  /** How documentation names the values. */
  readonly type: string;
  /** Several words; the single argument of CONFIG SET is split at every blank. */
  readonly manyWords: boolean;
  parse(words: readonly ByteString[], situation: Situation<T>): Outcome<T>;
  format(value: T): ByteString;
  /** What CONFIG REWRITE writes. */
  fileLines(value: T, fallback: T): FileLine[];
}

export const ARITY = "wrong number of arguments";

/** The schema of directives that take exactly one word. */
export const oneWord = z.pipe(
  z.tuple([z.string()], { error: ARITY }),
  z.transform(([word]) => word),
);
export const manyWords = z.readonly(z.array(z.string()));

export type Words = readonly ByteString[];
export type Schema<T> = z.ZodMiniType<T, Words>;

/** A schema step that either gives a value or the reason why there is none. */
export function step<I, T>(read: (input: I) => Outcome<T>): z.ZodMiniType<T, I> {
  return z.transform((input: I, context): T => {
    const outcome = read(input);
    if (outcome.ok) return outcome.value;
    context.issues.push({ code: "custom", message: outcome.reason, input });
    return z.NEVER;
  });
}

export function accept<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function refuse(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

/** What a schema says of these words. */
export function read<T>(schema: Schema<T>, words: Words): Outcome<T> {
  const result = z.safeParse(schema, words);
  return result.success ? accept(result.data) : refuse(result.error.issues[0].message);
}

interface Form<T> {
  readonly type: string;
  readonly manyWords?: boolean;
  readonly format: (value: T) => ByteString;
  /** The text in a file, where it is another than CONFIG GET's. */
  readonly fileForm?: (value: T) => ByteString;
}

/** A kind whose values depend on their words alone. Its schema is made when it is first needed: most never are. */
export function kindOf<T>(makeSchema: () => Schema<T>, form: Form<T>): Kind<T> {
  let schema: Schema<T> | undefined;
  const inFile = form.fileForm ?? ((value: T) => quotedIfNeeded(form.format(value)));
  return {
    type: form.type,
    manyWords: form.manyWords ?? false,
    parse: (words) => read((schema ??= makeSchema()), words),
    format: form.format,
    fileLines: (value, fallback) => [{ words: inFile(value), needed: form.format(value) !== form.format(fallback) }],
  };
}
