import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { Sketch } from "../command/sketch.ts";
import { Census, cache, cachedHigh, cachedLow, denseRegister, Element, REGISTERS } from "../lib/hyperloglog.ts";
import { selfTest } from "../lib/hyperloglog-self-test.ts";
import { CHANGED, DAMAGED, describeSparse, takeSparse } from "../lib/hyperloglog-sparse.ts";
import { NULL } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { STRING } from "../types/kinds.ts";

const sketch = new Sketch();
const element = new Element();
const census = new Census();
/** The highest of the registers of several values. */
const union = new Uint8Array(REGISTERS);
/** Doubles hold integers whose high half is below this. */
const EXACT_HIGH_END = 2 ** 21;

export const pfadd = command({
  name: "pfadd",
  arity: -2,
  flags: ["write", "denyoom", "fast"],
  categories: ["hyperloglog"],
  keys: [keysAt(1, "RW insert")],
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Counts elements in a HyperLogLog value.",
  complexity: "O(1) for each element",
  syntax: "key:key [element...]",
  run(c) {
    const e = c.writeString(1);
    if (c.failed) return;
    if (e === NULL) sketch.create(c, 1);
    else if (!sketch.openRaw(c, 1, e)) return;
    const raised = addElements(c);
    if (c.failed) return;
    const changes = raised + (e === NULL ? 1 : 0);
    if (changes > 0) {
      sketch.makeStale();
      c.changed(1, EVENTS.string, "pfadd");
      c.changes = changes;
    }
    c.reply.integer(changes > 0 ? 1 : 0);
  },
});

export const pfcount = command({
  name: "pfcount",
  arity: -2,
  flags: ["readonly", "may_replicate"],
  categories: ["hyperloglog"],
  keys: [
    {
      ...keysAt(1, "RW access", -1),
      notes: "RW: the count is kept in the value, and journalled",
    },
  ],
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Estimates how many different elements were counted in one or several HyperLogLog values together.",
  complexity: "O(1) for one key, with a small constant while its value does not change; O(N) with the number of keys",
  syntax: "key:key...",
  run(c) {
    if (c.argc > 2) countUnion(c);
    else countOne(c);
  },
});

export const pfmerge = command({
  name: "pfmerge",
  arity: -2,
  flags: ["write", "denyoom"],
  categories: ["hyperloglog"],
  keys: [keysAt(1, "RW access insert"), keysAt(2, "RO access", -1)],
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Makes a HyperLogLog value count what it and several others count.",
  complexity: "O(N) with the number of keys, with a large constant",
  syntax: "destkey:key [sourcekey:key#1...]",
  run(c) {
    const dense = uniteKeys(c);
    if (c.failed) return;
    const e = c.write(1);
    if (e === NULL) sketch.create(c, 1);
    else sketch.openRaw(c, 1, e);
    if (dense && !sketch.isDense) sketch.becomeDense();
    for (let i = 0; i < REGISTERS; i++) if (union[i] > 0) sketch.raise(i, union[i]);
    sketch.makeStale();
    c.changed(1, EVENTS.string, "pfadd");
    c.reply.ok();
  },
});

export const pfdebug = command({
  name: "pfdebug",
  arity: 3,
  flags: ["write", "denyoom", "admin"],
  categories: ["hyperloglog"],
  keys: [keysAt(2, "RW access")],
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Shows how a HyperLogLog value is kept: GETREG, DECODE, ENCODING, TODENSE.",
  complexity: "O(N) with the number of registers",
  syntax: "subcommand key:key",
  run(c) {
    const e = c.write(2);
    if (e === NULL) c.failText("ERR The specified key does not exist");
    else if (c.entries.type(e) !== STRING) c.fail(ERRORS.wrongType);
    if (c.failed || !sketch.openRaw(c, 2, e)) return;
    const { args } = c;
    if (args.is(1, "GETREG")) showRegisters(c);
    else if (args.is(1, "DECODE")) showRuns(c);
    else if (args.is(1, "ENCODING")) c.reply.status(sketch.isDense ? "dense" : "sparse");
    else if (args.is(1, "TODENSE")) convert(c);
    else c.failText(`ERR Unknown PFDEBUG subcommand '${args.quoted(1)}'`);
  },
});

export const pfselftest = command({
  name: "pfselftest",
  arity: 1,
  flags: ["admin"],
  categories: ["hyperloglog"],
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Checks that HyperLogLog values count as well as they should.",
  complexity: "O(1), but some tenths of a second",
  run(c) {
    const fault = selfTest(c.server.random);
    if (fault === undefined) c.reply.ok();
    else c.failText(`ERR TESTFAILED ${fault}`);
  },
});

/** Counts the elements from argument 2 on in the sketch. Returns how many of them changed it; fails when it is damaged. */
function addElements(c: Call): number {
  const { args } = c;
  let changes = 0;
  for (let i = 2; i < args.count; i++) {
    element.locate(args.buf, args.start[i], args.len[i]);
    const outcome = sketch.raiseAnywhere(element.index, element.count);
    if (outcome === CHANGED) changes++;
    else if (outcome === DAMAGED) {
      sketch.failDamaged();
      return 0;
    }
  }
  return changes;
}

function countOne(c: Call): void {
  const e = c.readString(1);
  if (c.failed) return;
  if (e === NULL) {
    c.reply.integer(0);
    return;
  }
  if (!sketch.openRaw(c, 1, e)) return;
  if (sketch.isStale) recount(c);
  if (!c.failed) replyCached(c);
}

/** Counts the sketch's elements and keeps the result in it. That changes the value, so it is journalled, but no event tells of it. */
function recount(c: Call): void {
  const { buf, start, len } = sketch.span;
  if (sketch.isDense) census.takeDense(buf, start);
  else if (!takeSparse(census, buf, start, len)) {
    sketch.failDamaged();
    return;
  }
  cache(buf, start, census.estimate());
  c.changedSilently(1);
}

function replyCached(c: Call): void {
  const { buf, start } = sketch.span;
  const high = cachedHigh(buf, start);
  const low = cachedLow(buf, start);
  if (high < EXACT_HIGH_END) c.reply.integer(high * 2 ** 32 + low);
  else c.reply.bigInteger(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)));
}

function countUnion(c: Call): void {
  union.fill(0);
  for (let i = 1; i < c.argc && !c.failed; i++) unite(c, i);
  if (c.failed) return;
  census.takeBytes(union);
  const count = census.estimate();
  if (Number.isSafeInteger(count)) c.reply.integer(count);
  else c.reply.bigInteger(BigInt(count));
}

/** Fills `union` with the registers of all keys. Whether one of the values is dense. */
function uniteKeys(c: Call): boolean {
  union.fill(0);
  let dense = false;
  for (let i = 1; i < c.argc && !c.failed; i++) {
    if (unite(c, i) && sketch.isDense) dense = true;
  }
  return dense;
}

/** Raises `union` to the registers of the key in argument i. False when there is no such key; fails when it is none or a damaged value. */
function unite(c: Call, i: number): boolean {
  const e = c.readString(i);
  if (c.failed || e === NULL || !sketch.open(c, i, e)) return false;
  sketch.mergeInto(union);
  return true;
}

function showRegisters(c: Call): void {
  convertSparse(c);
  if (c.failed) return;
  const { buf, start } = sketch.span;
  c.reply.array(REGISTERS);
  for (let i = 0; i < REGISTERS; i++) c.reply.integer(denseRegister(buf, start, i));
}

function showRuns(c: Call): void {
  if (sketch.isDense) {
    c.failText("ERR HLL encoding is not sparse");
    return;
  }
  const { buf, start, len } = sketch.span;
  c.reply.bulkText(describeSparse(buf, start, len));
}

function convert(c: Call): void {
  const converted = convertSparse(c);
  if (!c.failed) c.reply.integer(converted ? 1 : 0);
}

/** Makes the sketch dense if it is not; fails when it is damaged. Nobody but the journal is told. */
function convertSparse(c: Call): boolean {
  if (sketch.isDense) return false;
  if (sketch.becomeDense()) c.changes++;
  else sketch.failDamaged();
  return !c.failed;
}
