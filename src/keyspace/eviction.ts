import type { Random } from "../lib/random.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import type { Dict } from "../structures/dict.ts";
import type { Entries } from "../structures/entry.ts";
import type { AccessClock } from "./access.ts";
import { Candidates } from "./candidates.ts";
import type { Database } from "./database.ts";

/** By what a policy chooses. */
export type Measure = "lru" | "lfu" | "lrm" | "ttl" | "random";

/** Which keys may go, and which of them go first. */
export interface Policy {
  readonly measure: Measure;
  /** Only keys with a deadline. */
  readonly volatile: boolean;
}

/** What a value of maxmemory-policy says; undefined: no key goes. */
export function policyOf(name: string): Policy | undefined {
  const measure = MEASURES.find((one) => name.endsWith(`-${one}`));
  return measure === undefined ? undefined : { measure, volatile: name.startsWith("volatile-") };
}

const MEASURES: readonly Measure[] = ["lru", "lfu", "lrm", "ttl", "random"];
const CANDIDATES_MAX = 8;
/** Entries of one home that are looked at, at most. */
const ROW_MAX = 64;
/** Homes that are looked into at most before it is enough, in sparse tables. */
const HOMES_MAX = 32;
/** Where fewer keys than one in so many have a deadline, those are found by the wheel and not in the table. */
const SPARSE = 4;
/** Keys that are drawn at most to find one with a deadline by chance. */
const TRIES_MAX = 512;
const MINUTES = 1 << 16;

interface EvictionOwner {
  readonly databases: readonly Database[];
  readonly dict: Dict;
  readonly entries: Entries;
  readonly access: AccessClock;
  readonly random: Random;
  /** Deletes a key to make room. */
  evict(db: Database, e: Ptr): void;
}

/**
 * Chooses the keys that make room at the limit of memory.
 *
 * Looking at all keys would take too long, so some are looked at for each one that goes, and the least worth of all those that were looked
 * at lately is taken (the pool of candidates is Salvatore Sanfilippo's idea for Redis 3.0). Different from there, keys are looked at by homes of
 * the table, a cache line with about eight keys at a time; where times of use count a hand goes round over them, so that every key is looked at
 * once a round; and a candidate that was used since is seen to be and let go. Where only keys with deadlines may go and those are few, or where
 * the nearest deadline counts, they come from the timing wheel.
 */
export class Eviction {
  /** Keys that are looked at, at least, for each one that goes. */
  samples = 5;
  private policy: Policy | undefined;
  private readonly candidates = new Candidates(CANDIDATES_MAX);
  /** By database: the home that is looked into next. */
  private readonly hands: number[];
  /** By database: how many more keys were looked at than had to be, so many fewer next time. */
  private readonly surplus: number[];
  /** The database that random policies take the next key from. */
  private turn = 0;
  private sampled!: Database;
  /** The entries of a home, and their access bits. */
  private readonly row = new Int32Array(ROW_MAX);
  private readonly bits = new Int32Array(ROW_MAX);

  constructor(private readonly owner: EvictionOwner) {
    this.hands = owner.databases.map(() => 0);
    this.surplus = owner.databases.map(() => 0);
  }

  /** Undefined: no key goes. */
  setPolicy(policy: Policy | undefined): void {
    this.policy = policy;
    this.candidates.clear();
  }

  get isOn(): boolean {
    return this.policy !== undefined;
  }

  /** Deletes one key. False when there is none that may go. */
  evictOne(): boolean {
    const { policy } = this;
    if (policy === undefined) return false;
    return policy.measure === "random" ? this.evictByChance(policy.volatile) : this.evictLeastWorth(policy);
  }

  private evictLeastWorth(policy: Policy): boolean {
    // A second look finds one if the first had only candidates that were used since.
    for (let look = 0; look < 2; look++) {
      for (const db of this.owner.databases) {
        if ((policy.volatile ? db.timedSize : db.size) > 0) this.look(db, policy);
      }
      if (this.evictCandidate()) return true;
    }
    return this.evictAny(policy);
  }

  private evictCandidate(): boolean {
    const { candidates, owner } = this;
    for (let e = candidates.take(); e !== NULL; e = candidates.take()) {
      const db = owner.databases[candidates.takenDatabase];
      if (!owner.dict.pinpoint(db.table, candidates.takenHome, e)) continue;
      if (this.mayGo(e) && this.worth(e) <= candidates.takenWorth) {
        owner.evict(db, e);
        return true;
      }
    }
    return false;
  }

  /** All candidates were used meanwhile: whoever may go goes. */
  private evictAny({ volatile }: Policy): boolean {
    for (const db of this.owner.databases) {
      const e = volatile ? this.anyTimed(db) : this.owner.dict.random(db.table, this.owner.random);
      if (e === NULL) continue;
      this.owner.evict(db, e);
      return true;
    }
    return false;
  }

  /** Makes candidates of some of a database's keys. */
  private look(db: Database, { measure, volatile }: Policy): void {
    this.sampled = db;
    if (measure === "ttl") db.wheel!.visitFirst(this.samples, this.considerTimed);
    else if (volatile && db.timedSize * SPARSE < db.size) db.wheel!.sweep(this.samples, this.considerTimed);
    else this.lookIntoHomes(db, volatile, measure === "lfu");
  }

  /**
   * `byChance`: homes are drawn. New keys have all been used once: to find those that will be used again, some must be left alone for long, as
   * no hand that goes round would do.
   */
  private lookIntoHomes(db: Database, volatile: boolean, byChance: boolean): void {
    const { dict, random } = this.owner;
    const homes = dict.buckets(db.table);
    let hand = this.hands[db.id];
    let wanted = this.samples - this.surplus[db.id];
    for (let n = Math.min(homes, HOMES_MAX); n > 0 && wanted > 0; n--) {
      hand = byChance ? random.below(homes) : (hand + 1) % homes;
      wanted -= this.lookIntoHome(db, hand, volatile);
    }
    this.hands[db.id] = hand;
    this.surplus[db.id] = -wanted;
  }

  /** Returns the number of keys there that may go. Begins with any of them, or those in the first places would go sooner. */
  private lookIntoHome(db: Database, home: number, volatile: boolean): number {
    const { row, bits, candidates } = this;
    const { entries } = this.owner;
    const length = this.rowOf(db, home, volatile);
    // Each is somewhere else in memory: read in so small a loop, they are waited for together.
    for (let i = 0; i < length; i++) bits[i] = entries.access(row[i] as Ptr);
    for (let n = 0, i = this.owner.random.below(length); n < length; n++, i = i + 1 < length ? i + 1 : 0) {
      const worth = this.worthByUse(bits[i]);
      if (candidates.wants(worth)) candidates.add(row[i] as Ptr, db.id, home, worth);
    }
    return length;
  }

  private readonly considerTimed = (e: Ptr): boolean => {
    if (!this.sampled.isKey(e)) return false;
    const worth = this.worth(e);
    if (this.candidates.wants(worth)) this.candidates.add(e, this.sampled.id, this.sampled.homeOf(e), worth);
    return true;
  };

  private mayGo(e: Ptr): boolean {
    return !this.policy!.volatile || this.owner.entries.isTimed(e);
  }

  private worth(e: Ptr): number {
    const { entries } = this.owner;
    return this.policy!.measure === "ttl" ? entries.deadline(e) : this.worthByUse(entries.access(e));
  }

  private worthByUse(bits: number): number {
    const { access } = this.owner;
    return access.lfu ? access.frequency(bits) * MINUTES - access.idleMinutes(bits) : access.lastSecond(bits);
  }

  private evictByChance(volatile: boolean): boolean {
    const { databases } = this.owner;
    for (let n = databases.length; n > 0; n--) {
      this.turn = (this.turn + 1) % databases.length;
      const db = databases[this.turn];
      if (db.size === 0) continue;
      const e = this.byChance(db, volatile);
      if (e === NULL) continue;
      this.owner.evict(db, e);
      return true;
    }
    return false;
  }

  private byChance(db: Database, volatile: boolean): Ptr {
    if (volatile && db.timedSize * SPARSE < db.size) return this.anyTimed(db);
    const { dict, entries, random } = this.owner;
    for (let tries = TRIES_MAX; tries > 0; tries--) {
      const e = dict.random(db.table, random);
      if (!volatile || entries.isTimed(e)) return e;
    }
    return this.anyTimed(db);
  }

  /** Makes `row` the keys of a home that may go, and returns their number. */
  private rowOf(db: Database, home: number, volatile: boolean): number {
    const { row } = this;
    const { dict, entries } = this.owner;
    const length = dict.entriesOf(db.table, home, row);
    if (!volatile) return length;
    let kept = 0;
    for (let i = 0; i < length; i++) if (entries.isTimed(row[i] as Ptr)) row[kept++] = row[i];
    return kept;
  }

  /**
   * A key with a deadline, or NULL if there is none. As many entries of the wheel are looked at as it takes, because others may be hashes'
   * timers: as each look goes on where the last one ended, and takes what it finds, all keys are found in about one round.
   */
  private anyTimed(db: Database): Ptr {
    if (db.timedSize === 0) return NULL;
    this.sampled = db;
    this.found = NULL;
    while (this.found === NULL) db.wheel!.sweep(1, this.note);
    return this.found;
  }

  private found: Ptr = NULL;
  private readonly note = (e: Ptr): boolean => {
    if (this.sampled.isKey(e)) this.found = e;
    return true;
  };
}
