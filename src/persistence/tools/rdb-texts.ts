import { TYPE } from "../rdb/codes.ts";
import type { RdbError } from "../rdb/rdb-input.ts";

/** What redis-check-rdb calls the types of values; it has no names for later ones. */
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
