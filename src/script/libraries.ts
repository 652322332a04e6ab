import { latin1, type OwnedBytes } from "../lib/bytes.ts";
import { splitArgs } from "../lib/split-args.ts";
import { hasShebang, shebangLength } from "./flags.ts";

const NAME_OPTION = "name=";
const ENGINE_MARK_BYTES = 2;
/** What libraries and functions are estimated to take besides names, descriptions and code. */
const LIBRARY_OVERHEAD_BYTES = 200;
const FUNCTION_OVERHEAD_BYTES = 120;
const BAD_NAME =
  "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";

/** A function that a library registered. Texts have one character per byte. */
export interface LibraryFunction {
  readonly name: string;
  readonly description: string | undefined;
  readonly flags: number;
  /** The engine's number of it; it changes when the engine is replaced. */
  handle: number;
  readonly library: Library;
}

/** What functions may be written in. */
export const LANGUAGES = ["LUA", "JS"] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Library {
  readonly name: string;
  readonly engine: Language;
  readonly code: OwnedBytes;
  readonly functions: Map<string, LibraryFunction>;
}

/** What the first line of a library's code says. */
export interface LibraryHead {
  readonly engine: string;
  readonly name: string;
  /** So many bytes of the code are not for the engine. */
  readonly length: number;
}

/** Reads `#!<engine> name=<name>`. Returns the error's text if it is wrong. */
export function readLibraryHead(code: Uint8Array): LibraryHead | string {
  if (!hasShebang(code)) return "ERR Missing library metadata";
  const length = shebangLength(code);
  if (length < 0) return "ERR Invalid library metadata";
  const words = splitArgs(code.subarray(0, length))?.map((word) => latin1(word));
  if (words === undefined || words.length === 0) return "ERR Invalid library metadata";
  const [engine, ...options] = words;
  let name: string | undefined;
  for (const option of options) {
    if (!option.toLowerCase().startsWith(NAME_OPTION)) return `ERR Invalid metadata value given: ${option}`;
    if (name !== undefined) return "ERR Invalid metadata value, name argument was given multiple times";
    name = option.slice(NAME_OPTION.length);
  }
  if (name === undefined) return "ERR Library name was not given";
  if (!isName(name)) return `ERR ${BAD_NAME}`;
  return { engine: engine.slice(ENGINE_MARK_BYTES), name, length };
}

function isName(text: string): boolean {
  return /^[A-Za-z0-9_]+$/.test(text);
}

/** Why a library can't register a function of that name, in words without a code. */
export function functionRefusal(library: Library, name: string): string | undefined {
  if (!isName(name)) return BAD_NAME;
  return library.functions.has(name) ? "Function already exists in the library" : undefined;
}

/**
 * The libraries, and their functions by name; names of functions differ in more than letter case.
 *
 * Invariant: `byFunction` holds the functions of the libraries in `byName`, and no others.
 */
export class Libraries {
  private readonly byName = new Map<string, Library>();
  private readonly byFunction = new Map<string, LibraryFunction>();

  get size(): number {
    return this.byName.size;
  }

  get functionCount(): number {
    return this.byFunction.size;
  }

  /** An estimate of what code, names and tables take. */
  get usedBytes(): number {
    let bytes = 0;
    for (const { name, code, functions } of this) {
      bytes += LIBRARY_OVERHEAD_BYTES + name.length + code.length;
      for (const f of functions.values()) {
        bytes += FUNCTION_OVERHEAD_BYTES + f.name.length + (f.description?.length ?? 0);
      }
    }
    return bytes;
  }

  get(name: string): Library | undefined {
    return this.byName.get(name);
  }

  findFunction(name: string): LibraryFunction | undefined {
    return this.byFunction.get(name) ?? this.byFunction.get(name.toLowerCase());
  }

  /** Why the functions of that library can't come to those that there are. */
  collision(library: Library, except?: Library): string | undefined {
    for (const name of library.functions.keys()) {
      const other = this.findFunction(name);
      if (other !== undefined && other.library !== except) return `ERR Function ${name} already exists`;
    }
    return undefined;
  }

  add(library: Library): void {
    this.byName.set(library.name, library);
    for (const f of library.functions.values()) this.byFunction.set(f.name.toLowerCase(), f);
  }

  remove(library: Library): void {
    this.byName.delete(library.name);
    for (const name of library.functions.keys()) this.byFunction.delete(name.toLowerCase());
  }

  clear(): void {
    this.byName.clear();
    this.byFunction.clear();
  }

  [Symbol.iterator](): IterableIterator<Library> {
    return this.byName.values();
  }
}
