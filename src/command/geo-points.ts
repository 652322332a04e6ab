import { copyBytes, type Span } from "../lib/bytes.ts";
import type { Shape } from "../lib/geo-shape.ts";
import type { Cell } from "../lib/geohash.ts";
import { PartialSorter } from "../lib/partial-sort.ts";

const INITIAL_POINTS = 64;
const INITIAL_MEMBER_BYTES = 1024;
/** Memory for more than this is given back after the command. */
const KEPT_POINTS_MAX = 4096;

/**
 * The places that a search has found: copies, because the result may be stored in the place of the sorted set that was searched. Point i
 * in the order of the result is at index `order[i]` of the other arrays. One object, used for every search in turn.
 */
export class GeoPoints {
  count = 0;
  order = new Int32Array(INITIAL_POINTS);
  /** Meters from the middle of the search. */
  distance = new Float64Array(INITIAL_POINTS);
  score = new Float64Array(INITIAL_POINTS);
  longitude = new Float64Array(INITIAL_POINTS);
  latitude = new Float64Array(INITIAL_POINTS);
  members = new Uint8Array(INITIAL_MEMBER_BYTES);
  memberStart = new Int32Array(INITIAL_POINTS + 1);
  private readonly sorter = new PartialSorter();

  memberLength(i: number): number {
    return this.memberStart[i + 1] - this.memberStart[i];
  }

  /** Forgets all points. */
  clear(): void {
    this.count = 0;
    if (this.order.length <= KEPT_POINTS_MAX) return;
    this.resize(INITIAL_POINTS);
    this.members = new Uint8Array(INITIAL_MEMBER_BYTES);
  }

  /** Adds the member if the shape contains its place: the middle of its cell. */
  addIfInside(shape: Shape, cell: Cell, score: number, member: Span): void {
    cell.ofScore(score);
    cell.measure();
    const { longitude, latitude } = cell;
    if (!shape.contains(longitude, latitude)) return;
    if (this.count === this.order.length) this.resize(this.count * 2);
    const i = this.count++;
    const start = this.memberStart[i];
    if (start + member.len > this.members.length) this.growMembers(start, start + member.len);
    copyBytes(member.buf, member.start, member.len, this.members, start);
    this.memberStart[i + 1] = start + member.len;
    this.order[i] = i;
    this.distance[i] = shape.distance;
    this.score[i] = score;
    this.longitude[i] = longitude;
    this.latitude[i] = latitude;
  }

  /** Brings the `wanted` nearest (or farthest) points to the front, in order. All of them are sorted stably, some are not: as in Redis. */
  sort(wanted: number, farthestFirst: boolean): void {
    const { count, distance, order } = this;
    if (wanted < count) {
      this.sorter.sort(order, count, distance, farthestFirst, 0, wanted - 1);
      return;
    }
    const sign = farthestFirst ? -1 : 1;
    order
      .subarray(0, count)
      .sort((i, j) => (distance[i] > distance[j] ? sign : distance[i] === distance[j] ? 0 : -sign));
  }

  private resize(points: number): void {
    this.order = resized(this.order, new Int32Array(points));
    this.memberStart = resized(this.memberStart, new Int32Array(points + 1));
    this.distance = resized(this.distance, new Float64Array(points));
    this.score = resized(this.score, new Float64Array(points));
    this.longitude = resized(this.longitude, new Float64Array(points));
    this.latitude = resized(this.latitude, new Float64Array(points));
  }

  private growMembers(used: number, needed: number): void {
    const members = new Uint8Array(Math.max(needed, this.members.length * 2));
    copyBytes(this.members, 0, used, members, 0);
    this.members = members;
  }
}

function resized<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from.subarray(0, Math.min(from.length, to.length)));
  return to;
}
