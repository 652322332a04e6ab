/** Numbers of the RDB format: facts of Redis's files, by the version that brought them. */

/** What redis-server 7.0 writes and reads. */
export const RDB_VERSION_MIN = 10;
/** Redis 7.2: packed sets, and when a consumer was active. */
export const RDB_VERSION_7_2 = 11;
/** Redis 7.4: fields of hashes that end. */
export const RDB_VERSION_FIELD_DEADLINES = 12;

/** How a value is written: the byte in front of a key. */
export const TYPE_STRING = 0;
export const TYPE_SET = 2;
export const TYPE_HASH = 4;
/** Scores as binary doubles. */
export const TYPE_ZSET_2 = 5;
export const TYPE_SET_INTSET = 11;
export const TYPE_HASH_LISTPACK = 16;
export const TYPE_ZSET_LISTPACK = 17;
export const TYPE_LIST_QUICKLIST_2 = 18;
export const TYPE_STREAM_LISTPACKS_2 = 19;
export const TYPE_SET_LISTPACK = 20;
export const TYPE_STREAM_LISTPACKS_3 = 21;
export const TYPE_HASH_METADATA = 24;
export const TYPE_HASH_LISTPACK_EX = 25;

/** A node of a list is one element, or a listpack of several. */
export const NODE_PLAIN = 1;
export const NODE_PACKED = 2;

export const OP_FUNCTION_2 = 245;
export const OP_IDLE = 248;
export const OP_FREQ = 249;
export const OP_AUX = 250;
export const OP_RESIZE_DB = 251;
export const OP_EXPIRE_MS = 252;
export const OP_SELECT_DB = 254;
export const OP_EOF = 255;

export const CHECKSUM_BYTES = 8;

/** The first two bits of a length tell how it is written; SPECIAL_* are no lengths but say how a string is. */
export const LENGTH_6_BITS_MAX = 63;
export const LENGTH_14_BITS_MAX = 16_383;
export const LENGTH_14_BITS = 0x40;
export const LENGTH_32_BITS = 0x80;
export const LENGTH_64_BITS = 0x81;
/** An integer of one byte; with 1 and 2 added, of two and four. */
export const SPECIAL_INTEGER = 0xc0;
export const SPECIAL_LZF = 0xc3;

/** No longer text is tried as an integer. */
export const INTEGER_TEXT_BYTES_MAX = 11;
/** No shorter string is compressed, and none that would not become so many bytes smaller. */
export const COMPRESSED_BYTES_MIN = 21;
export const COMPRESSION_GAIN_MIN = 4;
