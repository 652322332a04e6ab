import { encode, latin1, own } from "../lib/bytes.ts";

/** Classes of events, as notify-keyspace-events names them by letter. */
export const EVENTS = {
  keyspace: 1 << 0,
  keyevent: 1 << 1,
  generic: 1 << 2,
  string: 1 << 3,
  list: 1 << 4,
  set: 1 << 5,
  hash: 1 << 6,
  zset: 1 << 7,
  expired: 1 << 8,
  evicted: 1 << 9,
  stream: 1 << 10,
  keyMiss: 1 << 11,
  module: 1 << 13,
  newKey: 1 << 14,
} as const;

const LETTERS: Record<string, number> = {
  K: EVENTS.keyspace,
  E: EVENTS.keyevent,
  g: EVENTS.generic,
  $: EVENTS.string,
  l: EVENTS.list,
  s: EVENTS.set,
  h: EVENTS.hash,
  z: EVENTS.zset,
  x: EVENTS.expired,
  e: EVENTS.evicted,
  t: EVENTS.stream,
  m: EVENTS.keyMiss,
  d: EVENTS.module,
  n: EVENTS.newKey,
};
const ALL = "g$lshzxetd";

/** The classes that the letters of notify-keyspace-events ask for; undefined when one is unknown. */
export function eventClasses(letters: string): number | undefined {
  let classes = 0;
  for (const letter of letters.replaceAll("A", ALL)) {
    if (LETTERS[letter] === undefined) return undefined;
    classes |= LETTERS[letter];
  }
  return classes;
}

interface Publisher {
  publish(channel: Uint8Array, message: Uint8Array): number;
}

/** Publishes what happens to keys, to those who asked for it (notify-keyspace-events). */
export class KeyEvents {
  /** The classes that are published; 0 when nobody is to be told of anything. */
  classes = 0;

  constructor(private readonly publisher: Publisher) {}

  emit(eventClass: number, event: string, db: number, buf: Uint8Array, start: number, len: number): void {
    if ((this.classes & eventClass) === 0) return;
    const key = own(buf, start, len);
    if (this.classes & EVENTS.keyspace) {
      this.publisher.publish(Buffer.from(`__keyspace@${db}__:${latin1(key)}`, "latin1"), encode(event));
    }
    if (this.classes & EVENTS.keyevent) this.publisher.publish(encode(`__keyevent@${db}__:${event}`), key);
  }
}
