import { describe, expect, test } from "bun:test";
import type { Database } from "../../src/keyspace/database.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { encode, latin1, Span } from "../../src/lib/bytes.ts";
import { ManualClock } from "../../src/lib/clock.ts";
import { Random } from "../../src/lib/random.ts";
import { NULL, type Ptr } from "../../src/memory/arena.ts";
import { blockBytes } from "../../src/memory/size-classes.ts";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { type EndedFields, FIELDS_PER_STEP, NO_DEADLINE, NO_FIELD } from "../../src/types/hash-deadlines.ts";
import { ENCODING_NAMES } from "../../src/types/kinds.ts";
import { secret } from "../support/seed.ts";

function text({ buf, start, len }: Span): string {
  return latin1(buf, start, len);
}

interface Field {
  value: string;
  /** 0 for none. */
  deadlineMs: number;
}

/** So many names of removed fields are kept. */
const NAMES_KEPT = 1000;

/** A keyspace with a clock of its own, by names as text. */
class Rig {
  readonly clock = new ManualClock();
  readonly keyspace: Keyspace;
  /** Names of removed fields by "database:key", in the order in which they went; "*" and a number for those without a name. */
  readonly ended: string[] = [];
  /** The number of fields that went and were named. */
  endedCount = 0;
  /** The most fields that went at once. */
  endedAtOnceMax = 0;

  constructor(readonly random: Random) {
    this.keyspace = new Keyspace(2, this.clock, random, undefined, secret);
    this.keyspace.observer = {
      keyCreated: () => {},
      keyEvicted: () => {},
      keyExpired: () => {},
      fieldsExpired: (db, e, ended) => this.note(db, e, ended),
    };
  }

  private note(db: Database, e: Ptr, ended: EndedFields): void {
    const span = new Span();
    this.keyspace.entries.name(e, span);
    const key = `${db.id}:${text(span)}`;
    for (let i = 0; i < ended.count; i++) {
      this.endedCount++;
      if (this.endedCount > NAMES_KEPT) continue;
      ended.name(i, span);
      this.ended.push(`${key} ${text(span)}`);
    }
    if (ended.unnamed > 0) this.ended.push(`${key} *${ended.unnamed}`);
    this.endedAtOnceMax = Math.max(this.endedAtOnceMax, ended.count);
  }

  get hashes() {
    return this.keyspace.hashes;
  }

  get nowMs(): number {
    return this.keyspace.nowMs;
  }

  db(id: number): Database {
    return this.keyspace.databases[id];
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    this.keyspace.setNow(this.clock.unixMs());
  }

  /** Removes what is past in all databases. */
  expire(): void {
    for (const db of this.keyspace.databases) db.wheel?.advance(this.nowMs, db, () => false);
  }

  find(db: Database, key: string): Ptr {
    const bytes = encode(key);
    return db.find(bytes, 0, bytes.length, db.hash(bytes, 0, bytes.length));
  }

  /** Sets a field, of a key that may be new. `keep`: it keeps its deadline. */
  set(db: Database, key: string, field: string, value: string, keep = false): void {
    const { hashes } = this;
    const k = encode(key);
    const f = encode(field);
    const v = encode(value);
    const e = this.find(db, key);
    if (e === NULL) {
      const kind = hashes.create(f, 0, f.length, v, 0, v.length);
      db.putReference(NULL, k, 0, k.length, db.hash(k, 0, k.length), kind, hashes.root, hashes.rootBytes, 0);
    } else if (keep) hashes.update(e, f, 0, f.length, v, 0, v.length);
    else hashes.set(e, f, 0, f.length, v, 0, v.length);
  }

  /** Deletes a field, and the key with its last one. */
  delete(db: Database, key: string, field: string): void {
    const e = this.find(db, key);
    const f = encode(field);
    if (e !== NULL && this.hashes.delete(e, f, 0, f.length) && this.hashes.length(e) === 0) db.delete(e);
  }

  setDeadline(db: Database, key: string, field: string, deadlineMs: number): void {
    const e = this.find(db, key);
    const f = encode(field);
    if (e === NULL || !this.hashes.has(e, f, 0, f.length)) return;
    this.hashes.setDeadline(e, f, 0, f.length, deadlineMs);
    if (deadlineMs !== NO_DEADLINE && this.random.below(2) === 0) db.hasten(e, deadlineMs);
    else db.retime(e);
  }

  rename(from: Database, key: string, to: Database, newKey: string): void {
    const e = this.find(from, key);
    if (e === NULL || (from === to && key === newKey)) return;
    const k = encode(newKey);
    from.rename(e, to, this.find(to, newKey), k, 0, k.length, to.hash(k, 0, k.length));
  }

  copy(from: Database, key: string, to: Database, newKey: string): void {
    const e = this.find(from, key);
    if (e === NULL || (from === to && key === newKey)) return;
    const k = encode(newKey);
    this.keyspace.copyTo(e, to, this.find(to, newKey), k, 0, k.length, to.hash(k, 0, k.length));
  }

  contents(e: Ptr): Map<string, Field> {
    const fields = new Map<string, Field>();
    this.hashes.forEach(e, (field, value, deadlineMs) => {
      fields.set(text(field), { value: text(value), deadlineMs });
    });
    return fields;
  }

  /** Bytes in use after everything unreachable was freed, and wheels that hold nothing. */
  usedBytes(): number {
    this.keyspace.reclaimer.run(UNBOUNDED);
    for (const db of this.keyspace.databases) db.dropIdleWheel();
    return this.keyspace.arena.usedBytes;
  }
}

type Model = Map<string, Map<string, Field>>;

/** Takes out of the model what has ended. */
function prune(model: Model, nowMs: number): void {
  for (const [key, fields] of model) {
    for (const [name, { deadlineMs }] of fields) {
      if (deadlineMs !== NO_DEADLINE && deadlineMs <= nowMs) fields.delete(name);
    }
    if (fields.size === 0) model.delete(key);
  }
}

function clone(fields: Map<string, Field>): Map<string, Field> {
  return new Map([...fields].map(([name, field]) => [name, { ...field }]));
}

/** Keys and fields of the walk: few, so that much happens to each. */
const KEYS = ["a", "b", "c", "a key with a longer name"];
const FIELDS = 60;

class Walk {
  readonly rig: Rig;
  private readonly models: Model[] = [new Map(), new Map()];

  constructor(private readonly random: Random) {
    this.rig = new Rig(random);
  }

  private pick<T>(items: readonly T[]): T {
    return items[this.random.below(items.length)];
  }

  step(): void {
    const { rig, random } = this;
    const id = random.below(2);
    const db = rig.db(id);
    const model = this.models[id];
    const key = this.pick(KEYS);
    const name = `f${random.below(FIELDS)}`;
    const action = random.below(100);
    if (action < 35) this.set(db, model, key, name);
    else if (action < 75) this.setDeadline(db, model, key, name);
    else if (action < 85) {
      rig.delete(db, key, name);
      model.get(key)?.delete(name);
    } else if (action < 93) {
      rig.pass(random.below(40));
      if (random.below(2) === 0) rig.expire();
    } else this.moveAround(id, key);
    for (const each of this.models) prune(each, rig.nowMs);
  }

  private set(db: Database, model: Model, key: string, name: string): void {
    const { rig, random } = this;
    const keep = random.below(2) === 0;
    const value = random.below(30) === 0 ? "x".repeat(random.below(6000)) : String(random.below(1e9));
    rig.set(db, key, name, value, keep);
    const fields = model.get(key) ?? new Map<string, Field>();
    fields.set(name, { value, deadlineMs: keep ? (fields.get(name)?.deadlineMs ?? NO_DEADLINE) : NO_DEADLINE });
    model.set(key, fields);
  }

  private setDeadline(db: Database, model: Model, key: string, name: string): void {
    const { rig, random } = this;
    const deadlineMs = random.below(10) === 0 ? NO_DEADLINE : rig.nowMs + 1 + random.below(random.below(400) + 1);
    rig.setDeadline(db, key, name, deadlineMs);
    const field = model.get(key)?.get(name);
    if (field !== undefined) field.deadlineMs = deadlineMs;
  }

  private moveAround(id: number, key: string): void {
    const { rig, random, models } = this;
    const to = random.below(2);
    const newKey = this.pick(KEYS);
    const fields = models[id].get(key);
    const action = random.below(20);
    if (action === 0) {
      rig.keyspace.swap(rig.db(0), rig.db(1));
      models.reverse();
    } else if (action === 1) {
      rig.keyspace.flush(rig.db(id));
      models[id].clear();
    } else if (action < 6) {
      const e = rig.find(rig.db(id), key);
      if (e !== NULL) rig.db(id).delete(e);
      models[id].delete(key);
    } else if (fields !== undefined && (id !== to || key !== newKey)) {
      const copying = action < 12;
      if (copying) rig.copy(rig.db(id), key, rig.db(to), newKey);
      else rig.rename(rig.db(id), key, rig.db(to), newKey);
      models[to].set(newKey, copying ? clone(fields) : fields);
      if (!copying) models[id].delete(key);
    }
  }

  /** All that can be read is what the model says. */
  check(): void {
    for (let id = 0; id < 2; id++) {
      const db = this.rig.db(id);
      const model = this.models[id];
      for (const key of KEYS) this.checkKey(db, key, model.get(key));
      expect(db.size).toBe(model.size);
      const timed = [...model.values()].filter((fields) =>
        [...fields.values()].some(({ deadlineMs }) => deadlineMs > 0),
      );
      expect(db.timers).toBeGreaterThanOrEqual(timed.length);
      expect(db.timers).toBeLessThanOrEqual(db.size);
      expect(db.timedSize).toBe(0);
    }
  }

  private checkKey(db: Database, key: string, fields: Map<string, Field> | undefined): void {
    const { rig } = this;
    const { hashes } = rig;
    const e = rig.find(db, key);
    expect(e === NULL).toBe(fields === undefined);
    if (fields === undefined) return;
    expect(hashes.length(e)).toBe(fields.size);
    expect(rig.contents(e)).toEqual(fields);
    const out = new Span();
    for (let i = 0; i < FIELDS; i++) {
      const f = encode(`f${i}`);
      const field = fields.get(`f${i}`);
      expect(hashes.has(e, f, 0, f.length)).toBe(field !== undefined);
      expect(hashes.deadline(e, f, 0, f.length)).toBe(field?.deadlineMs ?? NO_FIELD);
      expect(hashes.get(e, f, 0, f.length, out) ? text(out) : undefined).toBe(field?.value);
    }
    this.checkPicks(e, fields);
  }

  private checkPicks(e: Ptr, fields: Map<string, Field>): void {
    const { hashes } = this.rig;
    const field = new Span();
    const value = new Span();
    hashes.random(e, this.random, field, value);
    expect(fields.get(text(field))?.value).toBe(text(value));
    const sampled = new Set<string>();
    const wanted = Math.min(fields.size, 3);
    hashes.sample(e, wanted, this.random, (name) => sampled.add(text(name)));
    expect(sampled.size).toBe(wanted);
    for (const name of sampled) expect(fields.has(name)).toBe(true);
  }

  clear(): void {
    for (const db of this.rig.keyspace.databases) this.rig.keyspace.flush(db);
  }
}

describe("fields that end", () => {
  test.each([512, 20, 0])("are what a naive model says, with at most %d fields packed", (packedMax) => {
    const walk = new Walk(new Random(packedMax + 7));
    walk.rig.hashes.hashMaxListpackEntries = packedMax;
    const before = walk.rig.usedBytes();
    for (let step = 0; step < 15_000; step++) {
      walk.step();
      if (step % 50 === 0) walk.check();
    }
    walk.clear();
    expect(walk.rig.usedBytes()).toBe(before);
  });

  test("are removed at their time, first those that end first, and told of once", () => {
    const rig = new Rig(new Random(5));
    const db = rig.db(0);
    for (const packedMax of [512, 0]) {
      rig.hashes.hashMaxListpackEntries = packedMax;
      rig.ended.length = 0;
      for (const name of ["x", "y", "z", "stays"]) rig.set(db, "h", name, "1");
      const at = rig.nowMs;
      rig.setDeadline(db, "h", "y", at + 100);
      rig.setDeadline(db, "h", "x", at + 200);
      rig.setDeadline(db, "h", "z", at + 300);
      rig.setDeadline(db, "h", "z", at + 250);
      for (let ms = 0; ms < 400; ms += 10) {
        rig.pass(10);
        rig.expire();
      }
      expect(rig.ended).toEqual(["0:h y", "0:h x", "0:h z"]);
      expect(db.timers).toBe(0);
      expect(rig.contents(rig.find(db, "h")).size).toBe(1);
      db.delete(rig.find(db, "h"));
    }
  });

  test("are found by the clock after their hash was moved, copied and swapped away", () => {
    const rig = new Rig(new Random(6));
    const [a, b] = [rig.db(0), rig.db(1)];
    rig.set(a, "h", "x", "1");
    rig.set(a, "h", "stays", "1");
    rig.setDeadline(a, "h", "x", rig.nowMs + 100);
    rig.copy(a, "h", b, "copy");
    rig.rename(a, "h", b, "moved");
    rig.keyspace.swap(a, b);
    expect([a.timers, b.timers]).toEqual([2, 0]);
    rig.pass(200);
    rig.expire();
    expect(rig.ended.toSorted()).toEqual(["0:copy x", "0:moved x"]);
  });
});

describe("the memory of a hash with fields that end", () => {
  test("is told exactly of a packed hash, and is small", () => {
    const rig = new Rig(new Random(3));
    const db = rig.db(0);
    for (const key of ["other", "h"]) {
      for (let i = 0; i < 100; i++) rig.set(db, key, `field:${i}`, `value:${i}`);
    }
    const plain = rig.hashes.memoryBytes(rig.find(db, "h"));
    for (const key of ["other", "h"]) {
      for (let i = 0; i < 100; i++) rig.setDeadline(db, key, `field:${i}`, rig.nowMs + 1000 + i);
    }
    const e = rig.find(db, "h");
    const told = rig.hashes.memoryBytes(e);
    // A deadline takes 8 bytes; blocks are rounded up.
    expect(told - plain).toBeLessThan(100 * 8 + 400);
    const before = rig.keyspace.arena.usedBytes;
    const entryBytes = blockBytes(rig.keyspace.entries.bytesOf(e));
    db.delete(e);
    expect(before - rig.keyspace.arena.usedBytes).toBe(told + entryBytes);
  });

  test("is told exactly of a table", () => {
    const rig = new Rig(new Random(4));
    rig.hashes.hashMaxListpackEntries = 0;
    const db = rig.db(0);
    for (let i = 0; i < 10_000; i++) {
      rig.set(db, "h", `field:${i}`, `value:${i}`);
      rig.setDeadline(db, "h", `field:${i}`, rig.nowMs + 1000 + i);
    }
    const e = rig.find(db, "h");
    const told = rig.hashes.memoryBytes(e) + blockBytes(rig.keyspace.entries.bytesOf(e));
    const { usedBytes } = rig.keyspace.arena;
    db.delete(e);
    rig.keyspace.reclaimer.run(UNBOUNDED);
    expect(usedBytes - rig.keyspace.arena.usedBytes).toBe(told);
  });
});

describe("a hash of a million fields that end", () => {
  const FIELD_COUNT = 1_000_000;

  function fill(rig: Rig, deadlineOf: (i: number) => number): Ptr {
    const { hashes } = rig;
    const db = rig.db(0);
    const name = new Uint8Array(8);
    rig.set(db, "h", "stays", "value");
    const e = rig.find(db, "h");
    hashes.hashMaxListpackEntries = 0;
    for (let i = 0; i < FIELD_COUNT; i++) {
      for (let k = 0, rest = i; k < 8; k++, rest = Math.floor(rest / 10)) name[k] = 48 + (rest % 10);
      hashes.set(e, name, 0, 8, name, 0, 8);
      hashes.setDeadline(e, name, 0, 8, deadlineOf(i));
    }
    db.retime(e);
    return e;
  }

  test("loses them in small steps as they end, and all memory comes back", () => {
    const rig = new Rig(new Random(8));
    const before = rig.usedBytes();
    const { random } = rig;
    const start = rig.nowMs;
    const e = fill(rig, () => start + 1000 + random.below(1000));
    expect(ENCODING_NAMES[rig.keyspace.entries.encoding(e)]).toBe("hashtable");
    expect(rig.hashes.length(e)).toBe(FIELD_COUNT + 1);
    const db = rig.db(0);
    rig.pass(1500);
    // What is past is hidden before it is removed.
    const hidden = FIELD_COUNT + 1 - rig.hashes.length(e);
    expect(hidden).toBeGreaterThan(FIELD_COUNT * 0.45);
    let steps = 0;
    while (!db.wheel!.advance(rig.nowMs, db, () => ++steps % 1000 === 0));
    expect(rig.endedAtOnceMax).toBe(FIELDS_PER_STEP);
    // The wheel leaves the last milliseconds to its next turn.
    const held = rig.keyspace.dict.count(rig.hashes.timers.fields(rig.keyspace.entries.reference(e)));
    expect(held - rig.hashes.length(e)).toBeLessThan(10_000);
    rig.pass(2000);
    rig.expire();
    expect(rig.endedCount).toBe(FIELD_COUNT);
    expect(rig.contents(rig.find(db, "h"))).toEqual(new Map([["stays", { value: "value", deadlineMs: NO_DEADLINE }]]));
    db.delete(rig.find(db, "h"));
    expect(rig.usedBytes()).toBe(before);
  });

  test("goes at once when all of them have ended", () => {
    const rig = new Rig(new Random(9));
    const before = rig.usedBytes();
    const at = rig.nowMs + 1000;
    fill(rig, () => at);
    const db = rig.db(0);
    rig.delete(db, "h", "stays");
    rig.pass(1000);
    expect(rig.find(db, "h")).toBe(NULL);
    expect(rig.ended.length).toBe(FIELDS_PER_STEP + 1);
    expect(rig.ended.at(-1)).toBe(`0:h *${FIELD_COUNT - FIELDS_PER_STEP}`);
    expect(db.timers).toBe(0);
    expect(rig.usedBytes()).toBe(before);
  });
});
