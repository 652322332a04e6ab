/** What a value is: the low four bits of an entry's first word, with Redis's numbers (1 list, 2 set, 3 zset, 5 stream). */
export const STRING = 0;
export const HASH = 4;

/** As TYPE says it, by kind. */
export const TYPE_NAMES = ["string", "list", "set", "zset", "hash", "stream"] as const;

/** How a value is held: the next four bits. The names are what OBJECT ENCODING says. */
export const RAW = 0;
export const INT = 1;
export const EMBSTR = 2;
export const LISTPACK = 3;
export const HASHTABLE = 4;

export const ENCODING_NAMES = ["raw", "int", "embstr", "listpack", "hashtable"] as const;

/** Type and encoding as the entry's first word has them. */
export function kind(type: number, encoding: number): number {
  return type | (encoding << 4);
}
