// Requests that make keys of every type, encoding and size class, known to redis-server 7.0 unless said otherwise.
import type { Words } from "../../differential/words.ts";

/** A repeatable sequence of numbers below `end` (xorshift). */
export class Sequence {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 1;
  }

  below(end: number): number {
    let s = this.state;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.state = s;
    return (s >>> 0) % end;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** Bytes of any value; or, with a small alphabet, bytes that can be compressed. */
  bytes(length: number, alphabet = 256): string {
    return Array.from({ length }, () => String.fromCharCode(this.below(alphabet) + (alphabet < 256 ? 97 : 0))).join("");
  }
}

const INTEGERS = [0, 1, -1, 12, 63, 64, 127, 128, -128, -129, 255, 256, 4095, 4096, -4096, -4097, 32767, 32768, -32768];
const LARGE = [
  "2147483647",
  "2147483648",
  "-2147483648",
  "-2147483649",
  "8388607",
  "-8388609",
  "9007199254740993",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "1234567890123456789",
];
const ODD = ["", "-", "-0", "007", "+5", "1.5", "1e3", " 1", "\0\xff\r\n", "nan"];
/** Lengths on both sides of every border of the encodings. */
const LENGTHS = [1, 10, 11, 12, 20, 21, 44, 45, 63, 64, 65, 126, 127, 128, 255, 256, 4095, 4096, 4097, 16_383, 16_384];
const SCORES = [
  "0",
  "-0",
  "1",
  "-1",
  "1.5",
  "-2.25",
  "inf",
  "-inf",
  "1e300",
  "5e-324",
  "9007199254740993",
  "1e17",
  "0.1",
];

/** About `count` texts of all sorts; the same for the same seed. */
export function someTexts(sequence: Sequence, count: number): string[] {
  const special = [...INTEGERS.map(String), ...LARGE, ...ODD];
  return Array.from({ length: count }, (_, i) => {
    if (i < special.length) return special[i]!;
    switch (sequence.below(4)) {
      case 0:
        return String(sequence.below(1_000_000) - 500_000);
      case 1:
        return `item:${i}:${sequence.bytes(sequence.below(20), 4)}`;
      case 2:
        return sequence.bytes(1 + sequence.below(40));
      default:
        return `${i}-${sequence.bytes(sequence.below(90), 2)}`;
    }
  });
}

/** Of those the ones that a packed collection takes. */
function shortTexts(sequence: Sequence, count: number): string[] {
  return [...new Set(someTexts(sequence, count * 2).filter((text) => text.length <= 64))].reverse().slice(0, count);
}

export function stringKeys(sequence: Sequence): Words[] {
  const values = [...INTEGERS.map(String), ...LARGE, ...ODD];
  for (const length of [...LENGTHS, 70_000]) {
    values.push("a".repeat(length), sequence.bytes(length), sequence.bytes(length, 3));
  }
  const sets = values.map((value, i) => ["SET", `string:${i}`, value]);
  return [
    ...sets,
    ["SET", "", "empty name"],
    ["SET", "12345", "a number for a name"],
    ["SET", "n".repeat(70_000), "long"],
  ];
}

export function listKeys(sequence: Sequence): Words[] {
  const requests: Words[] = [];
  for (const count of [1, 2, 10, 128, 1000, 5000]) {
    requests.push(["RPUSH", `list:${count}`, ...someTexts(sequence, count)]);
    requests.push(["LPUSH", `list:left:${count}`, ...someTexts(sequence, count)]);
  }
  for (const length of LENGTHS) {
    requests.push(["RPUSH", `list:of:${length}`, ...[1, 2, 3].map(() => sequence.bytes(length, 3)), "short"]);
  }
  requests.push(["RPUSH", "list:numbers", ...Array.from({ length: 3000 }, (_, i) => String(i * i * 31))]);
  return requests;
}

export function setKeys(sequence: Sequence): Words[] {
  const integers = (count: number, factor: number) => Array.from({ length: count }, (_, i) => String((i - 5) * factor));
  const requests: Words[] = [1, 20, 512, 513].flatMap((count) => [
    ["SADD", `set:int16:${count}`, ...integers(count, 3)],
    ["SADD", `set:int32:${count}`, ...integers(count, 100_003)],
    ["SADD", `set:int64:${count}`, ...integers(count, 10_000_000_019)],
  ]);
  requests.push(["SADD", "set:int:borders", "32767", "-32768", "0"], ["SADD", "set:int:wide", ...LARGE.slice(0, 9)]);
  for (const count of [1, 5, 128, 129, 2000]) requests.push(["SADD", `set:${count}`, ...someTexts(sequence, count)]);
  for (const count of [2, 60, 128])
    requests.push(["SADD", `set:packed:${count}`, "a", ...shortTexts(sequence, count - 1)]);
  return [...requests, ["SADD", "set:long", "x".repeat(65)], ["SADD", "set:longer", "y".repeat(5000), "1"]];
}

export function hashKeys(sequence: Sequence): Words[] {
  const requests: Words[] = [1, 5, 128, 512, 513, 3000].map((count) => {
    const values = someTexts(sequence, count);
    return ["HSET", `hash:${count}`, ...values.flatMap((value, i) => [i % 3 === 0 ? String(i) : `field:${i}`, value])];
  });
  for (const count of [2, 60, 511]) {
    const fields = shortTexts(sequence, count).flatMap((text) => [text, text.slice(2)]);
    requests.push(["HSET", `hash:packed:${count}`, ...fields]);
  }
  requests.push(["HSET", "hash:value:64", "f", "v".repeat(64)], ["HSET", "hash:value:65", "f", "v".repeat(65)]);
  requests.push(["HSET", "hash:long", "f".repeat(300), sequence.bytes(20_000, 5), "", ""]);
  return requests;
}

export function zsetKeys(sequence: Sequence): Words[] {
  return [1, 5, 13, 128, 129, 2000].map((count) => {
    const members = [...new Set(someTexts(sequence, count))];
    const pairs = members.flatMap((member, i) => {
      const score =
        i < SCORES.length ? SCORES[i]! : String((sequence.below(2000) - 1000) / sequence.pick([1, 1, 4, 3]));
      return [score, member];
    });
    return ["ZADD", `zset:${count}`, ...pairs];
  });
}

export function streamKeys(sequence: Sequence): Words[] {
  const requests: Words[] = [];
  for (const count of [1, 3, 100, 101, 700]) {
    for (let i = 0; i < count; i++) {
      const fields =
        i % 7 === 3 ? ["other", sequence.bytes(9), "x", String(i)] : ["a", String(i), "b", sequence.bytes(i % 50, 3)];
      requests.push(["XADD", `stream:${count}`, `${1000 + (i >> 2)}-${i}`, ...fields]);
    }
  }
  requests.push(["XADD", "stream:ids", "0-1", "f", "v"], ["XADD", "stream:ids", "4294967295-4294967296", "f", "v"]);
  requests.push(["XADD", "stream:ids", "18446744073709551615-18446744073709551614", "f", "v"]);
  requests.push(["XADD", "stream:empty", "5-5", "f", "v"], ["XDEL", "stream:empty", "5-5"]);
  requests.push(["XDEL", "stream:100", "1000-0", "1003-13"], ["XTRIM", "stream:700", "MAXLEN", "650"]);
  requests.push(["XGROUP", "CREATE", "stream:made", "group", "0", "MKSTREAM"], ["XSETID", "stream:made", "77-7"]);
  for (const group of ["g1", "g2"]) requests.push(["XGROUP", "CREATE", "stream:700", group, "0"]);
  requests.push(["XGROUP", "CREATE", "stream:700", "from 1050", "1050-3", "ENTRIESREAD", "3"]);
  requests.push(["XGROUP", "CREATECONSUMER", "stream:700", "g2", "idle"]);
  for (const consumer of ["c1", "c2", "\xff\0"]) {
    requests.push(["XREADGROUP", "GROUP", "g1", consumer, "COUNT", "90", "STREAMS", "stream:700", ">"]);
  }
  requests.push(["XACK", "stream:700", "g1", "1013-52"], ["XDEL", "stream:700", "1013-53"]);
  requests.push(["XCLAIM", "stream:700", "g1", "c2", "0", "1013-54", "RETRYCOUNT", "12345678"]);
  return requests;
}

/** Deadlines long after any test, in several databases. */
export function timedKeys(): Words[] {
  return [
    ["SELECT", "3"],
    ["SET", "timed", "v", "PXAT", "4102444800123"],
    ["RPUSH", "timed list", "a", "b"],
    ["EXPIREAT", "timed list", "4102444800"],
    ["SELECT", "15"],
    ["SET", "elsewhere", "1"],
    ["SELECT", "0"],
  ];
}

/** All of them. */
export function everything(seed: number): Words[] {
  const sequence = new Sequence(seed);
  return [stringKeys, listKeys, setKeys, hashKeys, zsetKeys, streamKeys]
    .flatMap((keys) => keys(sequence))
    .concat(timedKeys());
}
