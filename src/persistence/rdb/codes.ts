// The numbers of the RDB format.
import { latin1 } from "../../lib/bytes.ts";

export const MAGIC = "REDIS";
/** "REDIS" and four digits of the version. */
export const HEADER_BYTES = 9;
export const CHECKSUM_BYTES = 8;
/** The last version that is read: that of Redis 8.8. */
export const VERSION_MAX = 14;
/** The first version that ends in a checksum. */
export const CHECKSUM_VERSION = 5;

export const OPCODE = {
  KEY_META: 243,
  SLOT_INFO: 244,
  FUNCTION: 245,
  FUNCTION_PRE_GA: 246,
  MODULE_AUX: 247,
  IDLE: 248,
  FREQ: 249,
  AUX: 250,
  RESIZE_DB: 251,
  EXPIRE_MS: 252,
  EXPIRE_S: 253,
  SELECT_DB: 254,
  END: 255,
} as const;

/** What a value is and how it is written. */
export const TYPE = {
  STRING: 0,
  LIST: 1,
  SET: 2,
  ZSET: 3,
  HASH: 4,
  ZSET_BINARY: 5,
  MODULE_PRE_GA: 6,
  MODULE: 7,
  HASH_ZIPMAP: 9,
  LIST_ZIPLIST: 10,
  SET_INTSET: 11,
  ZSET_ZIPLIST: 12,
  HASH_ZIPLIST: 13,
  LIST_QUICKLIST: 14,
  STREAM: 15,
  HASH_LISTPACK: 16,
  ZSET_LISTPACK: 17,
  LIST_QUICKLIST_2: 18,
  STREAM_2: 19,
  SET_LISTPACK: 20,
  STREAM_3: 21,
  HASH_TIMED_PRE_GA: 22,
  HASH_LISTPACK_TIMED_PRE_GA: 23,
  HASH_TIMED: 24,
  HASH_LISTPACK_TIMED: 25,
  /** With messages of producers. */
  STREAM_4: 26,
  /** And with pending entries that were given back. */
  STREAM_5: 27,
} as const;

/** The first two bits of a length say how it is written. */
export const LENGTH_14_BITS = 0x40;
export const LENGTH_32_BITS = 0x80;
export const LENGTH_64_BITS = 0x81;
/** In the place of a string's length: an integer of 1, 2 or 4 bytes, or a compressed string. */
export const SPECIAL_INT_8 = 0;
export const SPECIAL_INT_16 = 1;
export const SPECIAL_INT_32 = 2;
export const SPECIAL_LZF = 3;

/** How a node of a quicklist of the second form is written. */
export const NODE_PLAIN = 1;
export const NODE_PACKED = 2;

/** What redis-server 7.0 reads and writes. */
export const VERSION_7_0 = 10;
/** Redis 7.2: packed sets, and when a consumer was active. */
export const VERSION_7_2 = 11;
/** Redis 7.4: fields of hashes that end. */
export const VERSION_7_4 = 12;
/** Redis 8.6: messages of a stream's producers. */
export const VERSION_8_6 = 13;
/** Redis 8.8: pending entries of streams that were given back. */
export const VERSION_8_8 = 14;

/** The greatest lengths of one and of two bytes. */
export const LENGTH_6_BITS_MAX = 63;
export const LENGTH_14_BITS_MAX = 16_383;
/** The bits that tell that what follows is no length but SPECIAL_*. */
export const SPECIAL = 0xc0;
/** A longer text is not tried as an integer. */
export const INTEGER_TEXT_BYTES_MAX = 11;
/** A shorter string is not compressed, and none that would not become so many bytes smaller. */
export const COMPRESSED_BYTES_MIN = 21;
export const COMPRESSION_GAIN_MIN = 4;

/** The version that a value of that type needs at least, among those that are written here. */
export function versionOf(type: number): number {
  if (type === TYPE.STREAM_5) return VERSION_8_8;
  if (type === TYPE.STREAM_4) return VERSION_8_6;
  if (type >= TYPE.HASH_TIMED) return VERSION_7_4;
  return type >= TYPE.SET_LISTPACK ? VERSION_7_2 : VERSION_7_0;
}

/** Whether a file starts as a snapshot does. */
export function isRdb(head: Uint8Array): boolean {
  return latin1(head, 0, Math.min(MAGIC.length, head.length)) === MAGIC;
}
