import { latin1, type OwnedBytes } from "../lib/bytes.ts";
import { type FunctionEngine, LuaEngine, type RegisteredFunction } from "../script/engine.ts";
import { flagOf } from "../script/flags.ts";
import { JavaScriptEngine } from "../script/javascript/engine.ts";
import {
  functionRefusal,
  LANGUAGES,
  type Language,
  Libraries,
  type Library,
  type LibraryFunction,
  readLibraryHead,
} from "../script/libraries.ts";
import type { CommandHost } from "./script-host.ts";

/** What FUNCTION RESTORE does with the libraries that there are. */
export type RestorePolicy = "FLUSH" | "APPEND" | "REPLACE";

const NOT_ENABLED = "ERR Functions in JavaScript are not enabled, see the directive enable-js-functions";
const LOCAL_ONLY = "ERR Functions in JavaScript may be loaded by clients of this machine only, see enable-js-functions";

/** An engine, and the generation of it that functions were made in. */
interface Home {
  readonly engine: FunctionEngine;
  generation: number;
}

/**
 * The libraries of functions, and the engines that their functions are in, one for a language. It is made with the first library.
 *
 * Invariant: if a home's `generation` is its engine's, the handles of all functions are valid. Else they are made anew before one is used.
 */
export class FunctionLibraries {
  readonly all = new Libraries();
  /** Whether libraries may be in JavaScript. */
  enablesJavaScript = false;
  private readonly homes = new Map<Language, Home>();

  constructor(private readonly host: CommandHost) {}

  get engineBytes(): number {
    let bytes = 0;
    for (const { engine } of this.homes.values()) bytes += engine.bytesUsed;
    return bytes;
  }

  find(name: string): LibraryFunction | undefined {
    return this.all.findFunction(name);
  }

  of(language: string): Library[] {
    return [...this.all].filter(({ engine }) => engine === language);
  }

  /** The engine of a language, with all functions in it. */
  ready(language: Language): FunctionEngine {
    const home = this.home(language);
    if (home.generation === home.engine.generation) return home.engine;
    for (const library of this.of(language)) this.reload(library);
    home.generation = home.engine.generation;
    return home.engine;
  }

  private home(language: Language): Home {
    let home = this.homes.get(language);
    if (home === undefined) {
      const engine = language === "LUA" ? new LuaEngine(this.host, "function") : new JavaScriptEngine(this.host);
      home = { engine, generation: -1 };
      this.homes.set(language, home);
    }
    return home;
  }

  /** Makes the functions of a library anew, in an engine that has been replaced. */
  private reload(library: Library): void {
    this.execute(library.engine, library.code, (fn) => {
      const f = library.functions.get(latin1(fn.name));
      if (f !== undefined) f.handle = fn.handle;
      return undefined;
    });
  }

  /** Adds the library of that code. Returns its name, or the error's text. */
  load(code: OwnedBytes, replace: boolean, javaScript = this.enablesJavaScript): { name: string } | string {
    const library = this.make(code, (name) => !replace && this.all.get(name) !== undefined, javaScript);
    if (typeof library === "string") return library;
    const old = this.all.get(library.name);
    const collision = this.all.collision(library, old);
    if (collision !== undefined) {
      this.release(library);
      return collision;
    }
    if (old !== undefined) this.delete(old);
    this.all.add(library);
    return { name: library.name };
  }

  /** Runs a library's code, which registers its functions. Returns the library, or the error's text. */
  private make(code: OwnedBytes, isTaken: (name: string) => boolean, javaScript: boolean): Library | string {
    const head = readLibraryHead(code);
    if (typeof head === "string") return head;
    const engine = LANGUAGES.find((one) => one === head.engine.toUpperCase());
    if (engine === undefined) return `ERR Engine '${head.engine}' not found`;
    if (engine === "JS" && !javaScript) return this.enablesJavaScript ? LOCAL_ONLY : NOT_ENABLED;
    if (isTaken(head.name)) return `ERR Library '${head.name}' already exists`;
    const library: Library = { name: head.name, engine, code, functions: new Map() };
    this.ready(engine);
    const failure = this.execute(engine, code, (fn) => register(library, fn));
    if (failure !== undefined) {
      this.release(library);
      return `ERR ${failure}`;
    }
    return library.functions.size === 0 ? "ERR No functions registered" : library;
  }

  private execute(
    language: Language,
    code: OwnedBytes,
    register: (fn: RegisteredFunction) => string | undefined,
  ): string | undefined {
    const head = readLibraryHead(code);
    const skipped = typeof head === "string" ? 0 : head.length;
    this.host.loadBegins();
    const failure = this.home(language).engine.loadLibrary(code, skipped, code.length - skipped, register);
    this.host.loadEnded();
    return failure;
  }

  private release({ engine: language, functions }: Library): void {
    const { engine, generation } = this.home(language);
    if (engine.generation !== generation) return;
    for (const { handle } of functions.values()) engine.release(handle);
  }

  delete(library: Library): void {
    this.all.remove(library);
    this.release(library);
  }

  /** Forgets all libraries, and the values that they left behind. */
  flush(): void {
    this.all.clear();
    for (const { engine } of this.homes.values()) engine.reset();
  }

  /** Adds the libraries of that code: all, or none. Returns the error's text, if it fails. */
  restore(codes: readonly OwnedBytes[], policy: RestorePolicy, javaScript: boolean): string | undefined {
    const restored = new Libraries();
    for (const code of codes) {
      const library = this.make(code, (name) => restored.get(name) !== undefined, javaScript);
      const failure = typeof library === "string" ? library : restored.collision(library);
      if (typeof library !== "string" && failure === undefined) restored.add(library);
      if (failure !== undefined) return this.discard(restored, failure);
    }
    const replaced = policy === "FLUSH" ? [...this.all] : this.namesakes(restored);
    if (policy === "APPEND" && replaced.length > 0) {
      return this.discard(restored, `ERR Library ${replaced[0].name} already exists`);
    }
    for (const library of replaced) this.all.remove(library);
    for (const library of restored) {
      const collision = this.all.collision(library);
      if (collision === undefined) continue;
      for (const old of replaced) this.all.add(old);
      return this.discard(restored, collision);
    }
    for (const library of replaced) this.release(library);
    for (const library of restored) this.all.add(library);
    return undefined;
  }

  private namesakes(others: Libraries): Library[] {
    return [...this.all].filter(({ name }) => others.get(name) !== undefined);
  }

  private discard(libraries: Libraries, failure: string): string {
    for (const library of libraries) this.release(library);
    return failure;
  }
}

/** Takes a function into a library. Returns why that is not possible. */
function register(library: Library, fn: RegisteredFunction): string | undefined {
  const name = latin1(fn.name);
  const refusal = functionRefusal(library, name);
  if (refusal !== undefined) return refusal;
  let flags = 0;
  for (const flag of fn.flags) {
    const bit = flagOf(flag);
    if (bit === undefined) return "unknown flag given";
    flags |= bit;
  }
  const description = fn.description === undefined ? undefined : latin1(fn.description);
  library.functions.set(name, { name, description, flags, handle: fn.handle, library });
  return undefined;
}
