import type { Call } from "../command/call.ts";
import { command, type KeySpec, keysAt, type RequestKey } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { Place, readBox, readRadius, readUnit, replyDistance, replyPlace } from "../command/geo-arguments.ts";
import { GeoPoints } from "../command/geo-points.ts";
import { deleteTarget } from "../command/store-target.ts";
import { Shape } from "../lib/geo-shape.ts";
import { Cell } from "../lib/geohash.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Args } from "../resp/args.ts";
import { ZSET } from "../types/kinds.ts";
import { ScoreRange } from "../types/zset-range.ts";

/** What a command takes besides what all of them do. */
const SEARCH = 1;
const SEARCH_STORE = 2;
const RADIUS = 4;
const RADIUS_STORE = 8;

const NOT_SORTED = 0;
const NEAREST_FIRST = 1;
const FARTHEST_FIRST = 2;

const UNITS = "unit<m=M | km=KM | ft=FT | mi=MI>";
const WITH = "[withcoord=WITHCOORD] [withdist=WITHDIST] [withhash=WITHHASH]";
const ORDER = "[order<asc=ASC | desc=DESC>]";
const COUNT = "[count-block(count:integer=COUNT [any=ANY])]";
const COUNT_SINCE = "[count-block(count:integer=COUNT [any=ANY@6.2.0])]";
const STORE = "[store<storekey:key#1=STORE | storedistkey:key#2=STOREDIST>]";
const FROM = "from<member:string=FROMMEMBER | fromlonlat(longitude:double latitude:double)=FROMLONLAT>";
const BY = `by<circle(radius:double=BYRADIUS ${UNITS}) | box(width:double=BYBOX height:double ${UNITS})>`;
const COMPLEXITY = "O(N+log(M)) with the N places near the area, of M in the sorted set";

const place = new Place();
const shape = new Shape();
const cell = new Cell();
const points = new GeoPoints();
const scores = new ScoreRange();

/** The search that is being executed. */
const search = {
  takes: 0,
  hasPlace: false,
  hasShape: false,
  isFromMember: false,
  /** Meters of the unit that distances are given in. */
  unitMeters: 1,
  withDistance: false,
  withHash: false,
  withPlace: false,
  sort: NOT_SORTED,
  /** 0: all. */
  count: 0,
  any: false,
  /** The argument with the key that the result goes to; 0: to the client. */
  storeArg: 0,
  storeDistance: false,
};

export const georadius = command({
  name: "georadius",
  arity: -6,
  flags: ["write", "denyoom", "movablekeys"],
  categories: ["geo"],
  keys: [keysAt(1, "RO access"), keyAfter("STORE", 6), keyAfter("STOREDIST", 6)],
  moreKeys: (args) => repeatedStore(args, 6),
  group: "geo",
  since: "3.2.0",
  deprecatedSince: "6.2.0",
  replacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
  summary: "Finds the places within a distance of a point, and can store them.",
  complexity: COMPLEXITY,
  syntax: `key:key longitude:double latitude:double radius:double ${UNITS} ${WITH} ${COUNT_SINCE} ${ORDER} ${STORE}`,
  run: (c) => searchAroundPlace(c, RADIUS | RADIUS_STORE),
});

export const georadiusRo = command({
  name: "georadius_ro",
  arity: -6,
  flags: ["readonly"],
  categories: ["geo"],
  keys: [keysAt(1, "RO access")],
  group: "geo",
  since: "3.2.10",
  deprecatedSince: "6.2.0",
  replacedBy: "`GEOSEARCH` with the `BYRADIUS` argument",
  summary: "Finds the places within a distance of a point.",
  complexity: COMPLEXITY,
  syntax: `key:key longitude:double latitude:double radius:double ${UNITS} ${WITH} ${COUNT_SINCE} ${ORDER}`,
  run: (c) => searchAroundPlace(c, RADIUS),
});

export const georadiusbymember = command({
  name: "georadiusbymember",
  arity: -5,
  flags: ["write", "denyoom", "movablekeys"],
  categories: ["geo"],
  keys: [keysAt(1, "RO access"), keyAfter("STORE", 5), keyAfter("STOREDIST", 5)],
  moreKeys: (args) => repeatedStore(args, 5),
  group: "geo",
  since: "3.2.0",
  deprecatedSince: "6.2.0",
  replacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
  summary: "Finds the places within a distance of another one, and can store them.",
  complexity: COMPLEXITY,
  syntax: `key:key member radius:double ${UNITS} ${WITH} ${COUNT} ${ORDER} ${STORE}`,
  run: (c) => searchAroundMember(c, RADIUS | RADIUS_STORE),
});

export const georadiusbymemberRo = command({
  name: "georadiusbymember_ro",
  arity: -5,
  flags: ["readonly"],
  categories: ["geo"],
  keys: [keysAt(1, "RO access")],
  group: "geo",
  since: "3.2.10",
  deprecatedSince: "6.2.0",
  replacedBy: "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
  summary: "Finds the places within a distance of another one.",
  complexity: COMPLEXITY,
  syntax: `key:key member radius:double ${UNITS} ${WITH} ${COUNT} ${ORDER}`,
  run: (c) => searchAroundMember(c, RADIUS),
});

export const geosearch = command({
  name: "geosearch",
  arity: -7,
  flags: ["readonly"],
  categories: ["geo"],
  keys: [keysAt(1, "RO access")],
  group: "geo",
  since: "6.2.0",
  summary: "Finds the places in a circle or a box.",
  complexity: COMPLEXITY,
  syntax: `key:key ${FROM} ${BY} ${ORDER} ${COUNT} ${WITH}`,
  run(c) {
    begin(SEARCH);
    const e = c.readAs(1, ZSET);
    if (!c.failed) finish(c, e, 2);
  },
});

export const geosearchstore = command({
  name: "geosearchstore",
  arity: -8,
  flags: ["write", "denyoom"],
  categories: ["geo"],
  keys: [keysAt(1, "OW update"), keysAt(2, "RO access")],
  group: "geo",
  since: "6.2.0",
  summary: "Finds the places in a circle or a box and stores them in a key.",
  complexity: COMPLEXITY,
  syntax: `destination:key source:key#1 ${FROM} ${BY} ${ORDER} ${COUNT} [storedist=STOREDIST]`,
  run(c) {
    begin(SEARCH | SEARCH_STORE);
    search.storeArg = 1;
    const e = c.readAs(2, ZSET);
    if (!c.failed) finish(c, e, 3);
  },
});

/** The key behind the first such option. It may be given several times, and then the last one counts: `repeatedStore`. */
function keyAfter(keyword: string, startFrom: number): KeySpec {
  return {
    flags: ["OW", "update", "incomplete"],
    begin: { keyword, startFrom },
    find: { lastKey: 0, step: 1, limit: 0 },
  };
}

/** The key that the result goes to, if the first STORE and the first STOREDIST do not name it. */
function repeatedStore(args: Args, firstOption: number): RequestKey[] {
  const found: number[] = [];
  let repeated = false;
  for (let i = firstOption; i < args.count - 1; i++) {
    if (!args.is(i, "STORE") && !args.is(i, "STOREDIST")) continue;
    repeated = found.some((other) => args.len[other] === args.len[i]);
    found.push(i++);
  }
  return repeated ? [{ index: found[found.length - 1] + 1, flags: ["OW", "update"] }] : [];
}

function begin(takes: number): void {
  search.takes = takes;
  search.hasPlace = search.hasShape = search.isFromMember = false;
  search.unitMeters = 1;
  search.withDistance = search.withHash = search.withPlace = false;
  search.sort = NOT_SORTED;
  search.count = 0;
  search.any = false;
  search.storeArg = 0;
  search.storeDistance = false;
}

function searchAroundPlace(c: Call, takes: number): void {
  begin(takes);
  const e = c.readAs(1, ZSET);
  if (c.failed) return;
  readPlace(c, 2);
  if (!c.failed) readCircle(c, 4);
  if (!c.failed) finish(c, e, 6);
}

function searchAroundMember(c: Call, takes: number): void {
  begin(takes);
  const e = c.readAs(1, ZSET);
  if (c.failed) return;
  // Without the sorted set neither the member nor the radius matters.
  if (e !== NULL) readMember(c, e, 2);
  if (e !== NULL && !c.failed) readCircle(c, 3);
  if (!c.failed) finish(c, e, 5);
}

/** Reads the options from argument `firstOption` on, searches, and replies or stores. */
function finish(c: Call, e: Ptr, firstOption: number): void {
  readOptions(c, e, firstOption);
  if (!c.failed) checkOptions(c);
  if (c.failed) return;
  points.clear();
  if (e !== NULL) findPoints(c, e);
  const wanted = search.count === 0 ? points.count : Math.min(search.count, points.count);
  // Some of the places are the nearest ones, unless any will do.
  if (search.sort === NOT_SORTED && search.count > 0 && !search.any) search.sort = NEAREST_FIRST;
  if (search.sort !== NOT_SORTED) points.sort(wanted, search.sort === FARTHEST_FIRST);
  if (search.storeArg === 0) replyPoints(c, wanted);
  else storePoints(c, wanted);
}

function readPlace(c: Call, i: number): void {
  place.read(c, i);
  shape.longitude = place.longitude;
  shape.latitude = place.latitude;
  search.hasPlace = true;
}

function readMember(c: Call, e: Ptr, i: number): void {
  const { zsets } = c.keyspace;
  if (!zsets.find(e, c.args.buf, c.args.start[i], c.args.len[i])) {
    c.failText("ERR could not decode requested zset member");
    return;
  }
  cell.ofScore(zsets.score);
  cell.measure();
  shape.longitude = cell.longitude;
  shape.latitude = cell.latitude;
}

function readCircle(c: Call, i: number): void {
  const radius = readRadius(c, i);
  search.unitMeters = c.failed ? 1 : readUnit(c, i + 1);
  shape.isBox = false;
  shape.radius = radius * search.unitMeters;
}

function readRectangle(c: Call, i: number): void {
  readBox(c, i, shape);
  search.unitMeters = c.failed ? 1 : readUnit(c, i + 2);
  shape.isBox = true;
  shape.width *= search.unitMeters;
  shape.height *= search.unitMeters;
}

function readOptions(c: Call, e: Ptr, firstOption: number): void {
  for (let i = firstOption; i < c.argc && !c.failed; ) {
    const taken = takeFlag(c, i) || takeSize(c, i) || takeStore(c, i) || takeArea(c, e, i);
    if (taken === 0) c.fail(ERRORS.syntax);
    i += taken;
  }
}

/** Each of these returns how many arguments the option at i has; 0 when it is another one. */
function takeFlag({ args }: Call, i: number): number {
  if (args.is(i, "WITHDIST")) search.withDistance = true;
  else if (args.is(i, "WITHHASH")) search.withHash = true;
  else if (args.is(i, "WITHCOORD")) search.withPlace = true;
  else if (args.is(i, "ANY")) search.any = true;
  else if (args.is(i, "ASC")) search.sort = NEAREST_FIRST;
  else if (args.is(i, "DESC")) search.sort = FARTHEST_FIRST;
  else return 0;
  return 1;
}

function takeSize(c: Call, i: number): number {
  if (!c.args.is(i, "COUNT") || i + 1 >= c.argc) return 0;
  search.count = c.integer(i + 1);
  if (search.count <= 0) c.failText("ERR COUNT must be > 0");
  return 2;
}

function takeStore({ args }: Call, i: number): number {
  const isDistance = args.is(i, "STOREDIST");
  if (!isDistance && !args.is(i, "STORE")) return 0;
  if (search.takes & SEARCH_STORE && isDistance) {
    search.storeDistance = true;
    return 1;
  }
  if (!(search.takes & RADIUS_STORE) || i + 1 >= args.count) return 0;
  search.storeArg = i + 1;
  search.storeDistance = isDistance;
  return 2;
}

/** Where to search, and how far. */
function takeArea(c: Call, e: Ptr, i: number): number {
  const { args } = c;
  if (!(search.takes & SEARCH)) return 0;
  const left = args.count - i - 1;
  if (args.is(i, "FROMMEMBER") && left >= 1 && !search.hasPlace) {
    if (e !== NULL) readMember(c, e, i + 1);
    search.isFromMember = true;
    return 2;
  }
  if (args.is(i, "FROMLONLAT") && left >= 2 && !search.isFromMember) {
    readPlace(c, i + 1);
    return 3;
  }
  if (args.is(i, "BYRADIUS") && left >= 2 && !(search.hasShape && shape.isBox)) {
    readCircle(c, i + 1);
    search.hasShape = true;
    return 3;
  }
  if (args.is(i, "BYBOX") && left >= 3 && !(search.hasShape && !shape.isBox)) {
    readRectangle(c, i + 1);
    search.hasShape = true;
    return 4;
  }
  return 0;
}

function checkOptions(c: Call): void {
  const { takes } = search;
  if (search.storeArg > 0 && (search.withDistance || search.withHash || search.withPlace)) {
    const what = takes & SEARCH_STORE ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS";
    c.failText(`ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`);
  } else if (takes & SEARCH && !search.hasPlace && !search.isFromMember) {
    c.failText(`ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${c.args.quoted(0)}`);
  } else if (takes & SEARCH && !search.hasShape) {
    c.failText(`ERR exactly one of BYRADIUS and BYBOX can be specified for ${c.args.quoted(0)}`);
  } else if (search.any && search.count === 0) {
    c.failText("ERR the ANY argument requires COUNT argument");
  }
}

/** Fills `points` with the places of the sorted set that are in the shape. */
function findPoints(c: Call, e: Ptr): void {
  shape.cover();
  const { cells, isNeeded } = shape;
  let previous = 0;
  for (let i = 0; i < cells.length && !isEnough(); i++) {
    if (!isNeeded[i]) continue;
    // Around the whole Earth two neighbours are one cell. Only the one before is looked at, and the middle never, as in Redis.
    if (previous > 0 && cells[i].isSame(cells[previous])) continue;
    findInCell(c, e, cells[i]);
    previous = i;
  }
}

function isEnough(): boolean {
  return search.any && points.count >= search.count;
}

function findInCell(c: Call, e: Ptr, area: Cell): void {
  const { zsets } = c.keyspace;
  scores.min = area.scoreMin;
  scores.max = area.scoreEnd;
  scores.minExclusive = false;
  scores.maxExclusive = true;
  if (!zsets.scoreRange(e, scores)) return;
  const { cursor, last } = zsets;
  let rank = zsets.first;
  for (let ok = cursor.seek(e, rank); ok && rank <= last && !isEnough(); ok = cursor.next(), rank++) {
    points.addIfInside(shape, cell, cursor.score, cursor.member);
  }
}

function replyPoints(c: Call, wanted: number): void {
  const { reply } = c;
  const { withDistance, withHash, withPlace } = search;
  const parts = 1 + (withDistance ? 1 : 0) + (withHash ? 1 : 0) + (withPlace ? 1 : 0);
  reply.array(wanted);
  for (let k = 0; k < wanted; k++) {
    const i = points.order[k];
    if (parts > 1) reply.array(parts);
    reply.bulk(points.members, points.memberStart[i], points.memberLength(i));
    if (withDistance) replyDistance(reply, points.distance[i] / search.unitMeters);
    if (withHash) reply.integer(points.score[i]);
    if (withPlace) replyPlace(reply, points.longitude[i], points.latitude[i]);
  }
}

/** Makes the result the value of the key in argument `search.storeArg`, which an empty result deletes. */
function storePoints(c: Call, wanted: number): void {
  const { storeArg, storeDistance, unitMeters } = search;
  const { zsets } = c.keyspace;
  c.reply.integer(wanted);
  if (wanted === 0) {
    deleteTarget(c, storeArg);
    return;
  }
  const draft = zsets.begin();
  for (let k = 0; k < wanted; k++) {
    const i = points.order[k];
    const score = storeDistance ? points.distance[i] / unitMeters : points.score[i];
    zsets.set(draft, score, points.members, points.memberStart[i], points.memberLength(i));
  }
  c.putNew(storeArg, zsets.finish(draft), zsets);
  c.changed(storeArg, EVENTS.zset, search.takes & SEARCH ? "geosearchstore" : "georadiusstore");
  c.changes = wanted;
}
