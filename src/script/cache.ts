import { createHash } from "node:crypto";
import { equalBytes, latin1, type OwnedBytes } from "../lib/bytes.ts";

/** Scripts that only EVAL brought are forgotten, the least recently used first, when there are more than this. */
const EVALUATED_MAX = 500;
/** What the cache is estimated to take for a script besides its body. */
const SCRIPT_OVERHEAD_BYTES = 160;
/** Characters of a SHA1 in hexadecimal. */
export const SHA_BYTES = 40;
const SLOTS = 256;

/** A script that EVAL or SCRIPT LOAD brought. */
export interface Script {
  readonly sha: string;
  readonly body: OwnedBytes;
  /** Of the body, by whatever function the cache's user finds scripts by. */
  readonly hash: number;
  readonly flags: number;
  /** So many bytes of the body are not for the engine. */
  readonly shebangLength: number;
  /** The engine's number of the compiled script, and the engine's generation that it belongs to. */
  handle: number;
  generation: number;
  /** SCRIPT LOAD named it: it stays until SCRIPT FLUSH. */
  loaded: boolean;
  /** The cache's: when it was run last, counted in runs. */
  usedAt: number;
}

/**
 * Scripts by their SHA1 and by their body.
 *
 * Invariants
 * 1. What is in `byHash` is also in `bySha`. Of scripts with the same hash it holds the last.
 * 2. `slots` has only scripts that are in `bySha`.
 * 3. `evaluated` holds those that were not loaded. Their order of use is in `usedAt`: to move them in a Set with each use makes a new table of it
 *    after a few, and of tables that have grown old the collector finds none before it looks at everything.
 */
export class ScriptCache {
  /** Scripts that were forgotten because there were too many. */
  evictedCount = 0;
  private bytes = 0;
  private readonly bySha = new Map<string, Script>();
  private readonly byHash = new Map<number, Script>();
  /** Those that were asked for last, by the beginning of their SHA1. */
  private readonly slots: (Script | undefined)[] = new Array(SLOTS).fill(undefined);
  private readonly evaluated = new Set<Script>();
  private uses = 0;

  /** `forget` is told of scripts that are evicted. */
  constructor(private readonly forget: (script: Script) => void) {}

  get size(): number {
    return this.bySha.size;
  }

  /** An estimate of what bodies and tables take. */
  get usedBytes(): number {
    return this.bytes + this.size * SCRIPT_OVERHEAD_BYTES;
  }

  /** By its SHA1 in hexadecimal, of either letter case. */
  find(sha: string): Script | undefined {
    return this.bySha.get(sha) ?? this.bySha.get(sha.toLowerCase());
  }

  /**
   * By a request's argument of SHA_BYTES bytes, without making a string of it if it is in small letters and asked for often: clients send
   * it with every call.
   */
  findSha(buf: Uint8Array, start: number): Script | undefined {
    const slot = slotOf(buf[start], buf[start + 1]);
    const script = this.slots[slot];
    if (script !== undefined && spells(script.sha, buf, start)) return script;
    const found = this.find(latin1(buf, start, SHA_BYTES));
    if (found !== undefined) this.slots[slot] = found;
    return found;
  }

  /** By its body, without its SHA1, which takes longer than a small script. A script may be missed. */
  findBody(hash: number, buf: Uint8Array, start: number, len: number): Script | undefined {
    const script = this.byHash.get(hash);
    if (script === undefined || script.body.length !== len) return undefined;
    return equalBytes(script.body, 0, buf, start, len) ? script : undefined;
  }

  add(script: Script): void {
    this.bySha.set(script.sha, script);
    this.byHash.set(script.hash, script);
    this.bytes += script.body.length;
    if (script.loaded) return;
    this.used(script);
    this.evaluated.add(script);
    if (this.evaluated.size > EVALUATED_MAX) this.evict();
  }

  /** SCRIPT LOAD named a script that EVAL had brought. */
  keep(script: Script): void {
    script.loaded = true;
    this.evaluated.delete(script);
  }

  /** A script is run. */
  used(script: Script): void {
    script.usedAt = ++this.uses;
  }

  private evict(): void {
    let oldest!: Script;
    let usedAt = Number.POSITIVE_INFINITY;
    for (const script of this.evaluated) {
      if (script.usedAt >= usedAt) continue;
      oldest = script;
      usedAt = script.usedAt;
    }
    this.evaluated.delete(oldest);
    this.bySha.delete(oldest.sha);
    if (this.byHash.get(oldest.hash) === oldest) this.byHash.delete(oldest.hash);
    this.slots.fill(undefined);
    this.bytes -= oldest.body.length;
    this.evictedCount++;
    this.forget(oldest);
  }

  clear(): void {
    this.bySha.clear();
    this.byHash.clear();
    this.evaluated.clear();
    this.slots.fill(undefined);
    this.bytes = 0;
  }
}

/** A slot by two hexadecimal digits. */
function slotOf(first: number, second: number): number {
  return (digit(first) * 16 + digit(second)) & (SLOTS - 1);
}

function digit(character: number): number {
  return (character & 15) + (character >> 6) * 9;
}

function spells(sha: string, buf: Uint8Array, start: number): boolean {
  for (let i = 0; i < SHA_BYTES; i++) if (sha.charCodeAt(i) !== buf[start + i]) return false;
  return true;
}

export function sha1(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}
