/** What a value is: the low four bits of an entry's first word, with Redis's numbers. */
export const STRING = 0;
export const LIST = 1;
export const SET = 2;
export const ZSET = 3;
export const HASH = 4;
export const STREAM = 6;

/** As TYPE says it, by kind. There are no modules, but their number is taken. */
export const TYPE_NAMES = ["string", "list", "set", "zset", "hash", "module", "stream"] as const;

/** How a value is held: the next four bits. The names are what OBJECT ENCODING says. */
export const RAW = 0;
export const INT = 1;
export const EMBSTR = 2;
export const LISTPACK = 3;
export const HASHTABLE = 4;
export const INTSET = 5;
export const SKIPLIST = 6;
export const QUICKLIST = 7;
export const STREAM_TREE = 8;
/** Hashes with fields that end: see hash-deadlines.ts. */
export const LISTPACK_EX = 9;
export const HASHTABLE_EX = 10;

export const ENCODING_NAMES = [
  "raw",
  "int",
  "embstr",
  "listpack",
  "hashtable",
  "intset",
  "skiplist",
  "quicklist",
  "stream",
  "listpackex",
  "hashtable",
] as const;

/** Type and encoding as the entry's first word has them. */
export function kind(type: number, encoding: number): number {
  return type | (encoding << 4);
}
