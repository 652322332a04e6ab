import { HASH, LIST, SET, STREAM, ZSET } from "../../types/kinds.ts";
import { TYPE } from "./codes.ts";

/** What Redis calls a damaged ziplist. */
export const ZIPLIST_NAMES: Readonly<Record<number, string>> = {
  [TYPE.LIST_ZIPLIST]: "Ziplist",
  [TYPE.ZSET_ZIPLIST]: "Zset ziplist",
  [TYPE.HASH_ZIPLIST]: "Hash ziplist",
};

/** What a value is made of. */
export const SHAPES: Readonly<Record<number, number>> = {
  [TYPE.LIST]: LIST,
  [TYPE.LIST_ZIPLIST]: LIST,
  [TYPE.LIST_QUICKLIST]: LIST,
  [TYPE.LIST_QUICKLIST_2]: LIST,
  [TYPE.SET]: SET,
  [TYPE.SET_INTSET]: SET,
  [TYPE.SET_LISTPACK]: SET,
  [TYPE.ZSET]: ZSET,
  [TYPE.ZSET_BINARY]: ZSET,
  [TYPE.ZSET_ZIPLIST]: ZSET,
  [TYPE.ZSET_LISTPACK]: ZSET,
  [TYPE.HASH]: HASH,
  [TYPE.HASH_ZIPMAP]: HASH,
  [TYPE.HASH_ZIPLIST]: HASH,
  [TYPE.HASH_LISTPACK]: HASH,
  [TYPE.HASH_TIMED_PRE_GA]: HASH,
  [TYPE.HASH_LISTPACK_TIMED_PRE_GA]: HASH,
  [TYPE.HASH_TIMED]: HASH,
  [TYPE.HASH_LISTPACK_TIMED]: HASH,
  [TYPE.STREAM]: STREAM,
  [TYPE.STREAM_2]: STREAM,
  [TYPE.STREAM_3]: STREAM,
  [TYPE.STREAM_4]: STREAM,
  [TYPE.STREAM_5]: STREAM,
};
