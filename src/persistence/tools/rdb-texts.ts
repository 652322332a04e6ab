import { TYPE } from "../rdb/codes.ts";
import type { RdbError } from "../rdb/rdb-input.ts";

/** What redis-check-rdb calls the types of values; those that came after it by the names of their encodings. */
export const TYPE_NAMES: Readonly<Record<number, string>> = {
  [TYPE.STRING]: "string",
  [TYPE.LIST]: "list-linked",
  [TYPE.SET]: "set-hashtable",
  [TYPE.ZSET]: "zset-v1",
  [TYPE.HASH]: "hash-hashtable",
  [TYPE.ZSET_BINARY]: "zset-v2",
  [TYPE.MODULE_PRE_GA]: "module-pre-release",
  [TYPE.MODULE]: "module-value",
  [TYPE.HASH_ZIPMAP]: "hash-zipmap",
  [TYPE.LIST_ZIPLIST]: "list-ziplist",
  [TYPE.SET_INTSET]: "set-intset",
  [TYPE.ZSET_ZIPLIST]: "zset-ziplist",
  [TYPE.HASH_ZIPLIST]: "hash-ziplist",
  [TYPE.LIST_QUICKLIST]: "quicklist",
  [TYPE.STREAM]: "stream",
  [TYPE.HASH_LISTPACK]: "hash-listpack",
  [TYPE.ZSET_LISTPACK]: "zset-listpack",
  [TYPE.LIST_QUICKLIST_2]: "quicklist-v2",
  [TYPE.STREAM_2]: "stream-v2",
  [TYPE.SET_LISTPACK]: "set-listpack",
  [TYPE.STREAM_3]: "stream-v3",
  [TYPE.HASH_TIMED]: "hash-hashtable-md",
  [TYPE.HASH_LISTPACK_TIMED]: "hash-listpack-md",
};

/** What redis-check-rdb says when a value's own form is broken. */
const FORM_ERRORS: Readonly<Record<number, string>> = {
  [TYPE.LIST_ZIPLIST]: "List ziplist integrity check failed.",
  [TYPE.ZSET_ZIPLIST]: "Zset ziplist integrity check failed.",
  [TYPE.HASH_ZIPLIST]: "Hash ziplist integrity check failed.",
  [TYPE.HASH_LISTPACK]: "Hash listpack integrity check failed.",
  [TYPE.ZSET_LISTPACK]: "Zset listpack integrity check failed.",
};

/** An error of the reading of a value of that type, in redis-check-rdb's words. */
export function rdbErrorText(error: RdbError, type: number): string {
  if (error.isEnd) return "Unexpected EOF reading RDB file";
  return `Internal error in RDB reading offset 0 -> ${FORM_ERRORS[type] ?? error.message}`;
}
