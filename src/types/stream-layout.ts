/**
 * The block that the entry of a stream's key refers to, in words of 32 bits. IDs have four words, 64-bit numbers two, the high one first.
 *
 * The leaf that entries are added to, the tail, is not in the tree: adding an entry changes nothing but the tail and this block.
 */
export const LENGTH = 0;
/** The tree of the leaves before the tail, keyed by their first IDs; NULL while there are none. Its counts are of entries not deleted. */
export const TREE = 1;
export const LAST_ID = 2;
/** The ID of the first entry; the smallest ID when there is none. */
export const FIRST_ID = 6;
export const MAX_DELETED_ID = 10;
export const ENTRIES_ADDED = 14;
/** The tail: its block or NULL, the bytes that are used and those there are, its entries without and with the deleted ones. */
export const TAIL = 16;
export const TAIL_USED = 17;
export const TAIL_BYTES = 18;
export const TAIL_LIVE = 19;
export const TAIL_TOTAL = 20;
/** The IDs of the tail's first and last entry, deleted ones included. */
export const TAIL_KEY = 21;
export const TAIL_END = 25;
/** The consumer groups, in the order of their names: see NamedBlocks. */
export const GROUPS = 29;
/** The producers whose messages are told apart; see stream-producers.ts. NULL while there are none. */
export const PRODUCERS = 32;
const HEADER_WORDS = 33;
export const HEADER_BYTES = HEADER_WORDS * 4;
