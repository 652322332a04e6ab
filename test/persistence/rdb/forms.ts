// Values in every form that they were ever written in.
import { TYPE } from "../../../src/persistence/rdb/codes.ts";
import {
  bytes,
  double,
  type Item,
  intset,
  length,
  listpack,
  little,
  payload,
  rawId,
  string,
  textDouble,
  ziplist,
  zipmap,
} from "./encoders.ts";

export interface Form {
  readonly name: string;
  readonly payload: Uint8Array;
}

/** Texts and integers on both sides of every border of ziplists and listpacks. */
const ITEMS: readonly Item[] = [
  ...["", "a", "b".repeat(63), "c".repeat(64), "d".repeat(300), "e".repeat(4095), "f".repeat(4096), "g".repeat(17_000)],
  ...[0n, 1n, 12n, 13n, 127n, 128n, -1n, -128n, -129n, 4095n, 4096n, -4096n, -4097n, 32_767n, 32_768n, -32_768n],
  ...[8_388_607n, 8_388_608n, -8_388_609n, 2_147_483_647n, 2_147_483_648n, -2_147_483_649n, 2n ** 53n + 1n],
  ...[2n ** 63n - 1n, -(2n ** 63n)],
];
const SHORT = ITEMS.filter((item) => String(item).length < 60 && item !== "");
const PAIRS = SHORT.flatMap((item, i): Item[] => [item, `v${i}`]);
const SCORED: readonly Item[] = [
  "m1",
  "-inf",
  "m2",
  -5n,
  "m3",
  0n,
  "m4",
  "0.5",
  "m5",
  7n,
  "m6",
  "1.7e300",
  "m7",
  "inf",
];
const MANY = Array.from({ length: 700 }, (_, i) => `item ${i}`);

const inString = (content: Uint8Array) => string(content);
const strings = (...texts: string[]) => bytes(...texts.map((text) => string(text)));
const counted = (count: number, ...parts: Uint8Array[]) => bytes(length(count), ...parts);
const form = (name: string, type: number, body: Uint8Array, version?: number): Form => ({
  name,
  payload: payload(type, body, version),
});

function stringForms(): Form[] {
  const integers = [
    [0xc0, 0x80],
    [0xc0, 0x7f],
    [0xc1, ...little(-32_768, 2)],
    [0xc2, ...little(2_147_483_647, 4)],
  ];
  return [
    form("empty", TYPE.STRING, string("")),
    form("plain", TYPE.STRING, string("hello")),
    form("length in 32 bits", TYPE.STRING, bytes([0x80, 0, 0, 0, 2], "ab")),
    form("length in 64 bits", TYPE.STRING, bytes([0x81, 0, 0, 0, 0, 0, 0, 0, 2], "ab")),
    form("long", TYPE.STRING, string("x".repeat(70_000))),
    form("compressed", TYPE.STRING, bytes([0xc3, 6, 11, 1, 97, 98, 0xe0, 0, 1])),
    ...integers.map((body, i) => form(`integer ${i}`, TYPE.STRING, bytes(body))),
  ];
}

function lists(): Form[] {
  const quicklist = counted(2, inString(ziplist(ITEMS)), inString(ziplist(["x", 5n])));
  const second = counted(
    3,
    bytes([2], inString(listpack(ITEMS))),
    bytes([1], string("p".repeat(9000))),
    bytes([2], inString(listpack([5n]))),
  );
  return [
    form("list of strings", TYPE.LIST, counted(3, strings("a", "", "a"))),
    form("list of many strings", TYPE.LIST, counted(700, strings(...MANY))),
    form("list in a ziplist", TYPE.LIST_ZIPLIST, inString(ziplist(ITEMS))),
    form("list in a long ziplist", TYPE.LIST_ZIPLIST, inString(ziplist(MANY))),
    form("quicklist", TYPE.LIST_QUICKLIST, quicklist),
    form("second quicklist", TYPE.LIST_QUICKLIST_2, second),
  ];
}

function sets(): Form[] {
  return [
    form("set of strings", TYPE.SET, counted(3, strings("a", "", "7"))),
    form("set of many strings", TYPE.SET, counted(700, strings(...MANY))),
    form("set of integers as strings", TYPE.SET, counted(3, strings("1", "-7", "9223372036854775807"))),
    form("intset of 2 bytes", TYPE.SET_INTSET, inString(intset([-32_768n, -1n, 0n, 5n, 32_767n], 2))),
    form("intset of 4 bytes", TYPE.SET_INTSET, inString(intset([-70_000n, -1n, 0n, 2n ** 31n - 1n], 4))),
    form("intset of 8 bytes", TYPE.SET_INTSET, inString(intset([-(2n ** 63n), -1n, 0n, 2n ** 32n, 2n ** 63n - 1n], 8))),
  ];
}

function zsets(): Form[] {
  const textual = ["-inf", "-2.5", "0", "3e5", "inf"].map((score, i) => bytes(string(`m${i}`), textDouble(score)));
  const binary = MANY.map((member, i) => bytes(string(member), double(((i * 31) % 97) / 4)));
  return [
    form("zset with scores as text", TYPE.ZSET, counted(5, ...textual)),
    form("zset with binary scores", TYPE.ZSET_BINARY, counted(700, ...binary)),
    form("small zset with binary scores", TYPE.ZSET_BINARY, counted(3, ...binary.slice(0, 3))),
    form("zset in a ziplist", TYPE.ZSET_ZIPLIST, inString(ziplist(SCORED))),
    form("zset in a listpack", TYPE.ZSET_LISTPACK, inString(listpack(SCORED))),
  ];
}

function hashes(): Form[] {
  const pairs = MANY.map((field, i) => [field, `value ${i}`] as const);
  const small = [
    ["a", "1"],
    ["", ""],
    ["long", "x".repeat(300)],
  ] as const;
  return [
    form("hash of strings", TYPE.HASH, counted(2, strings("f", "v", "g", ""))),
    form("hash of many strings", TYPE.HASH, counted(700, strings(...pairs.flat()))),
    form("hash in a zipmap", TYPE.HASH_ZIPMAP, inString(zipmap(small))),
    form("hash in a zipmap with gaps", TYPE.HASH_ZIPMAP, inString(zipmap(small, 3))),
    form("hash in a long zipmap", TYPE.HASH_ZIPMAP, inString(zipmap(pairs))),
    form("hash in a ziplist", TYPE.HASH_ZIPLIST, inString(ziplist(PAIRS))),
    form("hash in a listpack", TYPE.HASH_LISTPACK, inString(listpack(PAIRS))),
  ];
}

/** An entry of a stream's listpack: with the names of the head, or with its own. */
const sameEntry = (ms: bigint, seq: bigint, values: Item[], flags = 2n): Item[] => [
  ...[flags, ms, seq],
  ...values,
  BigInt(3 + values.length),
];
const ownEntry = (ms: bigint, seq: bigint, pairs: Item[], flags = 0n): Item[] => [
  ...[flags, ms, seq, BigInt(pairs.length / 2)],
  ...pairs,
  BigInt(4 + pairs.length),
];
const HEAD: Item[] = [3n, 1n, 2n, "name", 5n, 0n];
const ENTRIES: Item[] = [
  ...HEAD,
  ...sameEntry(0n, 0n, ["first", 17n]),
  ...sameEntry(3n, -5n, ["gone", ""], 3n),
  ...ownEntry(3n, 0n, ["other", "x".repeat(100)]),
  ...sameEntry(70_000n, 2n ** 33n, ["last", -1n]),
];

function streamBody(form: 1 | 2 | 3): Uint8Array {
  const ids = bytes(length(3), length(1_070_000), length(2n ** 33n + 5n));
  const second = bytes(length(1_000_000), length(5), length(1_000_003), length(0), length(4));
  const pending = [rawId(1_000_000n, 5n), rawId(1_000_003n, 5n)];
  const group = bytes(
    ...[string("group"), length(1_000_003), length(5), form > 1 ? length(3) : []],
    ...[length(2), ...pending.map((id) => bytes(id, little(1_600_000_000_000, 8), length(3)))],
    ...[length(2), string("alice"), little(1_600_000_000_500, 8), form > 2 ? little(1_600_000_000_400, 8) : []],
    ...[length(1), pending[0]!, string("bob"), little(1_600_000_000_600, 8), form > 2 ? little(-1, 8) : []],
    ...[length(1), pending[1]!],
  );
  const leaf = bytes(string(rawId(1_000_000n, 5n)), inString(listpack(ENTRIES)));
  return bytes(length(1), leaf, ids, form > 1 ? second : [], length(1), group);
}

function streams(): Form[] {
  const empty = bytes(length(0), length(0), length(7), length(1));
  const numbers = bytes(length(0), length(0), length(6), length(2), length(12));
  return [
    form("stream", TYPE.STREAM, streamBody(1)),
    form("stream in the second form", TYPE.STREAM_2, streamBody(2)),
    form("empty stream", TYPE.STREAM_2, bytes(empty, numbers, length(0))),
  ];
}

/** A stream that says when its consumers were active: otherwise as that in the second form. */
export const STREAM_3 = form("stream in the third form", TYPE.STREAM_3, streamBody(3), 11);

/** Those that redis-server 7.0 reads. */
export const OLD_FORMS: readonly Form[] = [stringForms, lists, sets, zsets, hashes, streams].flatMap((forms) =>
  forms(),
);

const LATER_MS = 4_102_444_800_000;
const timed = (...fields: [number, string, string][]) =>
  bytes(...fields.map(([ttl, field, value]) => bytes(length(ttl), string(field), string(value))));

/** Those that came later, and what is in them as `contentOf` tells it. */
export const NEW_FORMS: readonly (Form & { readonly content: string })[] = [
  {
    ...form("set in a listpack", TYPE.SET_LISTPACK, inString(listpack(SHORT)), 11),
    content: `set -1 ${JSON.stringify(SHORT.map(String).sort())}`,
  },
  {
    ...form(
      "hash with deadlines, before they were settled",
      TYPE.HASH_TIMED_PRE_GA,
      counted(2, timed([0, "a", "1"], [LATER_MS, "b", "2"])),
      12,
    ),
    content: 'hash -1 ["a=1 -1","b=2 4102444800000"]',
  },
  {
    ...form(
      "packed hash with deadlines, before they were settled",
      TYPE.HASH_LISTPACK_TIMED_PRE_GA,
      inString(listpack(["b", 2n, BigInt(LATER_MS), "a", 1n, 0n])),
      12,
    ),
    content: 'hash -1 ["a=1 -1","b=2 4102444800000"]',
  },
  {
    ...form(
      "hash with deadlines",
      TYPE.HASH_TIMED,
      bytes(little(LATER_MS, 8), counted(3, timed([0, "a", "1"], [1, "b", "2"], [1001, "c", "3"]))),
      12,
    ),
    content: 'hash -1 ["a=1 -1","b=2 4102444800000","c=3 4102444801000"]',
  },
  {
    ...form(
      "packed hash with deadlines",
      TYPE.HASH_LISTPACK_TIMED,
      bytes(little(LATER_MS, 8), inString(listpack([7n, 2n, BigInt(LATER_MS), 5n, 1n, 0n]))),
      12,
    ),
    content: 'hash -1 ["5=1 -1","7=2 4102444800000"]',
  },
];
