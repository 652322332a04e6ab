import { encode } from "../lib/bytes.ts";
import { parseDouble } from "../lib/float.ts";
import { LATITUDE_MAX, LONGITUDE_MAX } from "../lib/geohash.ts";
import { formatInteger, INTEGER_TEXT_MAX } from "../lib/integer.ts";
import type { EncodedReply, Reply } from "../resp/reply.ts";
import type { Call } from "./call.ts";
import { error } from "./errors.ts";

/** What the geo commands read and reply: places, units, distances. */

const BAD_UNIT = error("ERR unsupported unit provided. please use M, KM, FT, MI");
const BAD_RADIUS = error("ERR need numeric radius");
const NEGATIVE_RADIUS = error("ERR radius cannot be negative");
const BAD_WIDTH = error("ERR need numeric width");
const BAD_HEIGHT = error("ERR need numeric height");
const NEGATIVE_BOX = error("ERR height or width cannot be negative");

const METERS_PER_KILOMETER = 1000;
const METERS_PER_FOOT = 0.3048;
const METERS_PER_MILE = 1609.34;

/** Distances have four places behind the point. */
const DISTANCE_SCALE = 10_000;
const POINT = 46;
const ZERO = 48;
const COORDINATE_PLACES = 17;
const ERROR_PLACES = 6;
const digits = new Uint8Array(INTEGER_TEXT_MAX + 5);

/** Longitude and latitude in degrees. */
export class Place {
  longitude = 0;
  latitude = 0;

  /** Takes them from arguments i and i + 1; fails when there is no such place. */
  read(c: Call, i: number): void {
    this.longitude = c.double(i);
    if (c.failed) return;
    this.latitude = c.double(i + 1);
    if (c.failed) return;
    if (Math.abs(this.longitude) <= LONGITUDE_MAX && Math.abs(this.latitude) <= LATITUDE_MAX) return;
    c.failText(`ERR invalid longitude,latitude pair ${inError(this.longitude)},${inError(this.latitude)}`);
  }
}

/** As C's "%f" prints it. */
function inError(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return `-${(0).toFixed(ERROR_PLACES)}`;
  if (Math.abs(value) < 1e21) return value.toFixed(ERROR_PLACES);
  return `${BigInt(value)}.${"0".repeat(ERROR_PLACES)}`;
}

/** How many meters the unit in argument i is; fails when it is none. */
export function readUnit(c: Call, i: number): number {
  const { args } = c;
  if (args.is(i, "M")) return 1;
  if (args.is(i, "KM")) return METERS_PER_KILOMETER;
  if (args.is(i, "FT")) return METERS_PER_FOOT;
  if (args.is(i, "MI")) return METERS_PER_MILE;
  c.fail(BAD_UNIT);
  return 1;
}

/** Argument i as a radius, in its own unit. */
export function readRadius(c: Call, i: number): number {
  const radius = readLength(c, i, BAD_RADIUS);
  if (radius < 0) c.fail(NEGATIVE_RADIUS);
  return radius;
}

/** Sets width and height of a box from arguments i and i + 1, in their own unit. */
export function readBox(c: Call, i: number, box: { width: number; height: number }): void {
  box.width = readLength(c, i, BAD_WIDTH);
  box.height = readLength(c, i + 1, BAD_HEIGHT);
  if (box.width < 0 || box.height < 0) c.fail(NEGATIVE_BOX);
}

function readLength(c: Call, i: number, otherwise: EncodedReply): number {
  const length = parseDouble(c.args.buf, c.args.start[i], c.args.len[i]);
  if (length === undefined) c.fail(otherwise);
  return length ?? 0;
}

/** Replies with a distance, rounded to four places; halves go to the even digit. */
export function replyDistance(reply: Reply, distance: number): void {
  const scaled = distance * DISTANCE_SCALE;
  if (Number.isNaN(scaled)) {
    reply.bulkText("nan");
    return;
  }
  const below = Math.floor(scaled);
  const rest = scaled - below;
  const rounded = rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
  let len = formatInteger(Math.floor(rounded / DISTANCE_SCALE), digits, 0);
  digits[len++] = POINT;
  for (let unit = DISTANCE_SCALE / 10; unit >= 1; unit /= 10) {
    digits[len++] = ZERO + (Math.floor(rounded / unit) % 10);
  }
  reply.bulk(digits, 0, len);
}

/** Replies with longitude and latitude. */
export function replyPlace(reply: Reply, longitude: number, latitude: number): void {
  reply.array(2);
  replyCoordinate(reply, longitude);
  replyCoordinate(reply, latitude);
}

/** A coordinate has 17 digits behind the point, less the zeros at its end. */
function replyCoordinate(reply: Reply, degrees: number): void {
  const text = degrees.toFixed(COORDINATE_PLACES).replace(/\.?0+$/, "");
  const shown = text === "-0" ? "0" : text;
  if (reply.resp3) reply.raw(encode(`,${shown}\r\n`));
  else reply.bulkText(shown);
}
