/**
 * Circles and boxes on Earth, which is a ball here, and the cells of the geohash grid that cover them. Formulas, constants and the order of
 * operations are Redis's: the last digits of distances are seen by clients, and points at the edge must be in or out as there.
 */
import { Cell, STEPS_MAX } from "./geohash.ts";

const EARTH_RADIUS_METERS = 6372797.560856;
/** Half of the equator on the Mercator map. */
const MERCATOR_MAX_METERS = 20037726.37;
const RADIANS = Math.PI / 180;
/** Towards the poles cells become narrow. */
const NARROW_LATITUDE = 66;
const NARROWER_LATITUDE = 80;

/** Distance of two places in meters along the surface (haversine). */
export function distanceMeters(longitude1: number, latitude1: number, longitude2: number, latitude2: number): number {
  const phi1 = latitude1 * RADIANS;
  const phi2 = latitude2 * RADIANS;
  const u = Math.sin((phi2 - phi1) / 2);
  const v = Math.sin((longitude2 * RADIANS - longitude1 * RADIANS) / 2);
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.sqrt(u * u + Math.cos(phi1) * Math.cos(phi2) * v * v));
}

/** How many steps make cells that are as large as the radius. */
function stepsFor(radiusMeters: number, latitude: number): number {
  if (radiusMeters === 0) return STEPS_MAX;
  let step = 1;
  for (let meters = radiusMeters; meters < MERCATOR_MAX_METERS; meters *= 2) step++;
  step -= 2;
  const fromEquator = Math.abs(latitude);
  if (fromEquator > NARROW_LATITUDE) step--;
  if (fromEquator > NARROWER_LATITUDE) step--;
  return Math.min(Math.max(step, 1), STEPS_MAX);
}

/** Where the neighbours are, in the order in which they are searched: columns to the east, rows to the north. */
const DIRECTIONS = [
  [0, 0],
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
] as const;
const [, NORTH, SOUTH, EAST, WEST] = [0, 1, 2, 3, 4];

/** A circle or a box around a place. Radius, width and height are in meters. */
export class Shape {
  longitude = 0;
  latitude = 0;
  isBox = false;
  radius = 0;
  width = 0;
  height = 0;
  /** The distance of the last place asked about, if it is inside. */
  distance = 0;
  /** The cells to be searched; `isNeeded` says which. */
  readonly cells: readonly Cell[] = DIRECTIONS.map(() => new Cell());
  readonly isNeeded: boolean[] = DIRECTIONS.map(() => true);

  private west = 0;
  private east = 0;
  private south = 0;
  private north = 0;

  contains(longitude: number, latitude: number): boolean {
    if (this.isBox && !this.isInBox(longitude, latitude)) return false;
    this.distance = distanceMeters(this.longitude, this.latitude, longitude, latitude);
    return this.isBox || !(this.distance > this.radius);
  }

  private isInBox(longitude: number, latitude: number): boolean {
    const across = distanceMeters(longitude, latitude, this.longitude, latitude);
    const along = distanceMeters(longitude, latitude, longitude, this.latitude);
    return !(across > this.width / 2) && !(along > this.height / 2);
  }

  /** Finds the cells that cover the shape: the middle's and its neighbours. */
  cover(): void {
    this.bound();
    const reach = this.isBox
      ? Math.sqrt((this.width / 2) * (this.width / 2) + (this.height / 2) * (this.height / 2))
      : this.radius;
    const step = stepsFor(reach, this.latitude);
    this.surround(step);
    if (step > 1 && !this.reachesBounds()) this.surround(step - 1);
    this.isNeeded.fill(true);
    if (this.cells[0].step >= 2) this.leaveOut();
  }

  /** A rectangle of degrees around the shape. */
  private bound(): void {
    const halfHeight = this.isBox ? this.height / 2 : this.radius;
    const halfWidth = this.isBox ? this.width / 2 : this.radius;
    const up = halfHeight / EARTH_RADIUS_METERS / RADIANS;
    // A degree of longitude is shortest on the side that is nearer to a pole.
    const farLatitude = this.latitude < 0 ? this.latitude - up : this.latitude + up;
    const aside = halfWidth / EARTH_RADIUS_METERS / Math.cos(farLatitude * RADIANS) / RADIANS;
    this.west = this.longitude - aside;
    this.east = this.longitude + aside;
    this.south = this.latitude - up;
    this.north = this.latitude + up;
  }

  private surround(step: number): void {
    const [middle] = this.cells;
    middle.encode(this.longitude, this.latitude, step);
    for (let i = 1; i < DIRECTIONS.length; i++) this.cells[i].nextTo(middle, DIRECTIONS[i][0], DIRECTIONS[i][1]);
    for (const cell of this.cells) cell.measure();
  }

  /** Whether the neighbours' far edges are outside of the bounds. */
  private reachesBounds(): boolean {
    const { cells } = this;
    return (
      cells[NORTH].north >= this.north &&
      cells[SOUTH].south <= this.south &&
      cells[EAST].east >= this.east &&
      cells[WEST].west <= this.west
    );
  }

  /** Leaves out the neighbours on sides where the middle's cell reaches beyond the bounds. */
  private leaveOut(): void {
    const [middle] = this.cells;
    for (let i = 1; i < DIRECTIONS.length; i++) {
      const [columns, rows] = DIRECTIONS[i];
      if (
        (rows < 0 && middle.south < this.south) ||
        (rows > 0 && middle.north > this.north) ||
        (columns < 0 && middle.west < this.west) ||
        (columns > 0 && middle.east > this.east)
      ) {
        this.isNeeded[i] = false;
      }
    }
  }
}
