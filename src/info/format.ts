const UNITS = ["B", "K", "M", "G", "T", "P"];

/** Bytes for people: "512B", "1.50M". */
export function humanBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${value}B` : `${value.toFixed(2)}${UNITS[unit]}`;
}

/** `part` in percent of `whole`; 0 when there is nothing. */
export function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (part * 100) / whole;
}
