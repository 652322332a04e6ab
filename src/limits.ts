/** Every bound of the server that is not a directive, with its unit in its name, and the relations between them that must hold. */

/** A request line (inline command, or the header of an array or bulk string) without an end is refused beyond this. */
export const REQUEST_LINE_BYTES_MAX = 64 * 1024;
/** Redis refuses larger counts of arguments. */
export const REQUEST_ARGS_MAX = 2 ** 31 - 1;
/** Before authentication a client may not make the server hold much. */
export const UNAUTHENTICATED_ARGS_MAX = 10;
export const UNAUTHENTICATED_BULK_BYTES_MAX = 16384;
/** Of a frame that spans chunks this much is copied at a time while its length is unknown. */
export const CARRY_STEP_BYTES = 16 * 1024;
/** Received chunks of this length and more are given back when they are executed, not when a collection finds them. */
export const SPENT_CHUNK_BYTES_MIN = 1024;
/** Replies gathered in one poll before they are sent without waiting for its end. */
export const OUTPUT_GATHER_BYTES = 256 * 1024;
/** A shared reply buffer that grew beyond this is given back once it is empty. */
export const OUTPUT_KEEP_BYTES_MAX = 4 * 1024 * 1024;
/** Unread replies for which a client is cut off even if client-output-buffer-limit sets no limit for its class. */
export const OUTPUT_BYTES_MAX = 1024 * 1024 * 1024;
/** Queued output below this is not compared with the limits at once, but when the client is looked at in turn. */
export const OUTPUT_UNCHECKED_BYTES_MAX = 16 * 1024;
/** Small queued replies are gathered up to this before a write. */
export const QUEUE_GATHER_BYTES = 64 * 1024;
/** A key or value may not be longer than proto-max-bulk-len; this is the bound of a string that commands build (Redis's 512 MB). */
export const STRING_BYTES_MAX = 512 * 1024 * 1024;
/** A poll in which requests have taken so long leaves the rest of what each connection has sent to the next one. */
export const REQUESTS_US_MAX = 4000;
/** It is looked at the clock for this after so many requests of one chunk, and whenever replies are sent early. */
export const REQUESTS_PER_LOOK = 64;
/** Background work of all kinds at the end of a poll: at least and at most so much, and in between this share of the time for its requests. */
export const BACKGROUND_US_MIN = 250;
export const BACKGROUND_US_MAX = 1000;
export const BACKGROUND_SHARE = 0.5;
/** Evictions of one poll stop after this, however far memory is above the limit, unless maxmemory-eviction-tenacity asks for more. */
export const EVICTION_SLICE_US_MAX = 4000;
/** The journal's buffer: one that grew beyond the second size is given back once it is empty. */
export const JOURNAL_INITIAL_BYTES = 256 * 1024;
export const JOURNAL_KEEP_BYTES_MAX = 4 * 1024 * 1024;
/** Pieces from this size on go to the journal's file without being copied. */
export const JOURNAL_DIRECT_BYTES_MIN = 32 * 1024;
/** From this size on another thread writes what is in the buffer: copying takes a fraction of the time. Behind it there is room for more. */
export const JOURNAL_ASIDE_BYTES_MIN = 2 * 1024 * 1024;
export const JOURNAL_ASIDE_ROOM_BYTES = 16 * 1024 * 1024;
/** MIGRATE dumps and sends keys until it has that much, waits for the answers, and goes on. */
export const MIGRATE_PIECE_BYTES = 256 * 1024;
/** Connections to other servers that are kept for the next MIGRATE, and for how long. */
export const TARGETS_KEPT_MAX = 64;
export const TARGET_IDLE_MS_MAX = 10_000;
/** A server that is asked may answer so much that nobody has asked for yet. */
export const TARGET_ANSWER_BYTES_MAX = 1024 * 1024;
/** Descriptors that are not clients: listeners, files, the runtime's own. */
export const RESERVED_DESCRIPTORS = 32;

if (OUTPUT_GATHER_BYTES > OUTPUT_KEEP_BYTES_MAX) throw new Error("limits: a gathered output must be kept");
if (OUTPUT_BYTES_MAX < STRING_BYTES_MAX) throw new Error("limits: a client must be able to get the longest string");
if (UNAUTHENTICATED_BULK_BYTES_MAX > REQUEST_LINE_BYTES_MAX) throw new Error("limits: unauthenticated bulk too large");
