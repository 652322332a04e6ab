import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { Place, readUnit, replyDistance, replyPlace } from "../command/geo-arguments.ts";
import { distanceMeters } from "../lib/geo-shape.ts";
import { Cell, STEPS_MAX, WRITTEN_BYTES, WRITTEN_LATITUDE_MAX } from "../lib/geohash.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { ZSET } from "../types/kinds.ts";

const place = new Place();
const cell = new Cell();
const otherCell = new Cell();
const text = new Uint8Array(WRITTEN_BYTES);
/** The scores of the places that the present GEOADD adds. */
let scores = new Float64Array(16);
/** The options of the present GEOADD. */
const options = { onlyNew: false, onlyPresent: false, countChanged: false, first: 0 };

export const geoadd = command({
  name: "geoadd",
  arity: -5,
  flags: ["write", "denyoom"],
  categories: ["geo"],
  keys: [keysAt(1, "RW update")],
  group: "geo",
  since: "3.2.0",
  summary: "Adds places with a longitude and a latitude to a sorted set.",
  complexity: "O(log(N)) for each place",
  syntax: "key:key [condition<nx=NX | xx=XX>@6.2.0] [change=CH@6.2.0] data(longitude:double latitude:double member)...",
  run(c) {
    const count = readPlaces(c);
    if (c.failed) return;
    const e = c.writeAs(1, ZSET);
    if (c.failed) return;
    const added = e === NULL && options.onlyPresent ? 0 : addPlaces(c, e, count);
    c.reply.integer(options.countChanged ? c.changes : added);
    if (c.changes > 0) journal(c, count);
  },
});

export const geodist = command({
  name: "geodist",
  arity: -4,
  flags: ["readonly"],
  categories: ["geo"],
  keys: [keysAt(1, "RO access")],
  group: "geo",
  since: "3.2.0",
  summary: "Gives the distance of two places of a sorted set.",
  complexity: "O(1)",
  syntax: "key:key member1 member2 [unit<m=M | km=KM | ft=FT | mi=MI>]",
  run(c) {
    if (c.argc > 5) c.fail(ERRORS.syntax);
    const meters = c.argc === 5 ? readUnit(c, 4) : 1;
    if (c.failed) return;
    const e = c.readAs(1, ZSET);
    if (c.failed) return;
    if (e === NULL || !locate(c, e, 2, cell) || !locate(c, e, 3, otherCell)) {
      c.reply.nil();
      return;
    }
    const distance = distanceMeters(cell.longitude, cell.latitude, otherCell.longitude, otherCell.latitude);
    replyDistance(c.reply, distance / meters);
  },
});

export const geohash = command({
  name: "geohash",
  arity: -2,
  flags: ["readonly"],
  categories: ["geo"],
  keys: [keysAt(1, "RO access")],
  group: "geo",
  since: "3.2.0",
  summary: "Gives places of a sorted set as geohashes of 11 characters.",
  complexity: "O(1) for each place",
  syntax: "key:key [member...]",
  run(c) {
    const e = c.readAs(1, ZSET);
    if (c.failed) return;
    c.reply.array(c.argc - 2);
    for (let i = 2; i < c.argc; i++) {
      if (e === NULL || !locate(c, e, i, cell)) {
        c.reply.nil();
        continue;
      }
      otherCell.encode(cell.longitude, cell.latitude, STEPS_MAX, WRITTEN_LATITUDE_MAX);
      otherCell.write(text, 0);
      c.reply.bulk(text, 0, WRITTEN_BYTES);
    }
  },
});

export const geopos = command({
  name: "geopos",
  arity: -2,
  flags: ["readonly"],
  categories: ["geo"],
  keys: [keysAt(1, "RO access")],
  group: "geo",
  since: "3.2.0",
  summary: "Gives longitude and latitude of places of a sorted set.",
  complexity: "O(1) for each place",
  syntax: "key:key [member...]",
  run(c) {
    const e = c.readAs(1, ZSET);
    if (c.failed) return;
    c.reply.array(c.argc - 2);
    for (let i = 2; i < c.argc; i++) {
      if (e === NULL || !locate(c, e, i, cell)) c.reply.nilArray();
      else replyPlace(c.reply, cell.longitude, cell.latitude);
    }
  },
});

/** Makes `out` the place of the member in argument i. False when there is no such member. */
function locate(c: Call, e: Ptr, i: number, out: Cell): boolean {
  const { zsets } = c.keyspace;
  if (!zsets.find(e, c.args.buf, c.args.start[i], c.args.len[i])) return false;
  out.ofScore(zsets.score);
  out.measure();
  return true;
}

/** Reads options and places; the places' scores go to `scores`. Returns how many there are. */
function readPlaces(c: Call): number {
  const { args } = c;
  options.onlyNew = options.onlyPresent = options.countChanged = false;
  let i = 2;
  for (; i < args.count; i++) {
    if (args.is(i, "NX")) options.onlyNew = true;
    else if (args.is(i, "XX")) options.onlyPresent = true;
    else if (args.is(i, "CH")) options.countChanged = true;
    else break;
  }
  options.first = i;
  const count = (args.count - i) / 3;
  if (!Number.isInteger(count) || (options.onlyNew && options.onlyPresent)) c.fail(ERRORS.syntax);
  if (!c.failed && count > scores.length) scores = new Float64Array(count);
  for (let k = 0; k < count && !c.failed; k++) {
    place.read(c, i + k * 3);
    cell.encode(place.longitude, place.latitude, STEPS_MAX);
    scores[k] = cell.scoreMin;
  }
  if (count === 0) c.fail(ERRORS.syntax);
  return count;
}

/** Adds the places, or moves them, as the options allow. Returns how many are new. */
function addPlaces(c: Call, present: Ptr, count: number): number {
  const { zsets } = c.keyspace;
  const { buf, start, len } = c.args;
  let e = present;
  let added = 0;
  let moved = 0;
  for (let k = 0; k < count; k++) {
    const i = options.first + k * 3 + 2;
    if (e === NULL) {
      e = c.putNew(1, zsets.create(scores[k], buf, start[i], len[i]), zsets);
      added++;
      continue;
    }
    const exists = zsets.find(e, buf, start[i], len[i]);
    if (exists ? options.onlyNew || zsets.score === scores[k] : options.onlyPresent) continue;
    zsets.put(e, scores[k], buf, start[i], len[i]);
    if (exists) moved++;
    else added++;
  }
  if (added + moved > 0) {
    c.changed(1, EVENTS.zset, "zadd");
    c.changes = added + moved;
  }
  return added;
}

/** Journal: ZADD with the places' scores. */
function journal(c: Call, count: number): void {
  const { first } = options;
  const out = c.effect(first + count * 2);
  out.bulkText("ZADD");
  for (let i = 1; i < first; i++) c.effectArg(i);
  for (let k = 0; k < count; k++) {
    out.bulkInteger(scores[k]);
    c.effectArg(first + k * 3 + 2);
  }
}
