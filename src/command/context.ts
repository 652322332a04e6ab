import type { ConfigStore } from "../config/store.ts";
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { OwnedBytes, Span } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import type { Ptr } from "../memory/arena.ts";
import type { Log } from "../observe/log.ts";
import type { Observation } from "../observe/observation.ts";
import type { Rates } from "../observe/rates.ts";
import type { ServerStats } from "../observe/stats.ts";
import type { KeyEvents } from "../pubsub/key-events.ts";
import type { PubSub } from "../pubsub/pubsub.ts";
import type { Args } from "../resp/args.ts";
import type { Reply } from "../resp/reply.ts";
import type { SuspendedTimer } from "./call-timer.ts";
import type { Client, ClientRegistry } from "./client.ts";
import type { KeyChanges } from "./key-changes.ts";
import type { MemoryLimit } from "./memory-limit.ts";
import type { Pause } from "./pause.ts";
import type { Scripting } from "./scripting.ts";
import type { SyncWaits } from "./sync-waits.ts";
import type { CommandTable, TableEntry } from "./table.ts";
import type { Tracking } from "./tracking.ts";
import type { UnsyncedKeys } from "./unsynced-keys.ts";
import type { Waiter, WaitingClients } from "./waiting.ts";
import type { Watches } from "./watches.ts";

/** Reasons why no client's request may go straight to its command. One bit each. */
export const GATE_LOADING = 1;
export const GATE_WRITES_REFUSED = 2;
export const GATE_PAUSED_WRITES = 4;
export const GATE_PAUSED_ALL = 8;
/** Commands are to be told to monitors. */
export const GATE_MONITORED = 16;
export const GATE_MEMORY_FULL = 32;
/** A script has run for so long that others are told so. */
export const GATE_BUSY = 64;
/** The last snapshot failed, and writes are refused for that. */
export const GATE_SNAPSHOT_FAILED = 128;
/** What each key costs is measured. */
export const GATE_HOT_KEYS = 256;

/** Where effects go to be made durable. */
export interface Journal {
  /** Takes over requests in RESP, to be applied to that database. The bytes are copied. */
  append(db: number, buf: Uint8Array, start: number, len: number): void;
  /** The same with bytes that stay as they are until the next `flush`: they are copied later, those of requests in a row all at once. */
  appendSteady(db: number, buf: Uint8Array, start: number, len: number): void;
  /**
   * Writes what was appended to the file, and begins to sync it if every write must be. False when the file can't be written or synced at
   * present: what was appended stays to be written later.
   */
  flush(): boolean;
  /** Writes and syncs what was appended, and waits for that. False when that failed. */
  settle(): boolean;
  /** Has what was appended synced as soon as it is written, unless the policy leaves that to the system. */
  wantSync(): void;
  /** Why the last flush failed, in the operating system's words. */
  readonly lastError: string;
  /** How many bytes were appended since the server started, in all its journals: offsets that grow. */
  readonly end: number;
  /** What was appended below this offset may be acknowledged. */
  readonly acknowledged: number;
  /** What was appended below this offset is on the disk, and would be loaded from there; negative: nothing would. */
  readonly durable: number;
}

/** What became of the wish for a rewrite of the append-only file: "busy" is that one is going on. */
export type RewriteAnswer = "started" | "scheduled" | "busy" | "failed";

/** What keeps the data durable, as INFO shows it and DEBUG LOADAOF uses it. */
export interface Persistence {
  /** The loading that is going on. */
  readonly loading: LoadProgress | undefined;
  /** Keys of the last snapshot that was loaded, and those left out because their time was past. */
  readonly lastLoad: { readonly keysLoaded: number; readonly keysExpired: number };
  /** The append-only file under INFO's names and in its order. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** Every write to the file comes so many microseconds late: for tests. */
  writeDelayUs: number;
  /** Loads the files and opens them for writing, if the AOF is on. Resolves with the reason why that is impossible. */
  load(): Promise<string | undefined>;
  /** Writes and syncs what there is, and closes the file. False when that failed. */
  close(): boolean;
  /** The append-only file is being switched on: what a start would load is not yet there. */
  readonly isWaiting: boolean;
  /** Loads the append-only file again. Resolves with the reason why that is impossible. */
  reload(): Promise<string | undefined>;
  rewriteFile(): RewriteAnswer;
}

/** Values, and libraries of functions, by themselves in the form of RDB files: for DUMP and RESTORE. */
export interface Payloads {
  /** The value of that entry, with version and checksum; valid until `forget`. */
  dump(e: Ptr): Span;
  /** Frees what was dumped, if it is large. */
  forget(): void;
  /** Payloads whose checksum is wrong are intact, too: for tests. */
  skipsChecksum: boolean;
  /** Whether a payload has its checksum, and a version that is known. */
  isIntact(buf: Uint8Array, start: number, len: number): boolean;
  /** Reads the value of a payload that is intact, to `put` it or `drop` it. False when it is damaged, or of no type that there is here. */
  read(buf: Uint8Array, start: number, len: number): boolean;
  /** Makes the value that was read that of a key; `old` is what it has now, or NULL. `deadlineMs` 0: none. Returns the key's entry. */
  put(db: Database, old: Ptr, key: Uint8Array, start: number, len: number, hash: number, deadlineMs: number): Ptr;
  /** Frees the value that was read. */
  drop(): void;
  /** Libraries of that code, as `dump`. */
  dumpLibraries(codes: Iterable<Uint8Array>): Span;
  /** The code of the libraries of a payload, or the error's text. */
  readLibraries(buf: Uint8Array, start: number, len: number): OwnedBytes[] | string;
}

/** A connection to another server, for requests whose answers are a line each. One uses it at a time. */
export interface Target {
  /** The database that was selected there, as a number's text; "": nobody knows. */
  db: string;
  /** Why it is of no use any longer; "" while it is. */
  readonly failure: "" | "timeout" | "closed";
  /** Sends bytes, which must stay as they are until then. False when it fails, or nothing could be sent for so long. */
  send(buf: Uint8Array, len: number, timeoutMs: number): Promise<boolean>;
  /** The next line of what is answered, without its end. Undefined when it fails, or nothing came for so long. */
  readLine(timeoutMs: number): Promise<string | undefined>;
  /** Nobody uses it at present: it is kept for the next, for a while. */
  keep(nowMs: number): void;
  close(): void;
}

/** Connections to other servers. */
export interface Targets {
  /** Number of those that are kept for the next who wants one. */
  readonly idleCount: number;
  /** One that was kept, or a new one. `known`: it is one on which somebody said who he is. Undefined when none can be had in that time. */
  take(host: string, port: number, known: boolean, timeoutMs: number): Promise<Target | undefined>;
}

/** Saves all data in a file. What fails says why in the log. */
export interface SnapshotControl {
  /** Unix ms of the last save that worked, or of the start. */
  readonly lastSaveMs: number;
  /** BGSAVE is at work. */
  readonly isSaving: boolean;
  /** Somebody is saving the data in the background: BGSAVE or a rewrite of the append-only file. */
  readonly isBusy: boolean;
  /** What there is to tell, under INFO's names. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** Saves at once. False when that failed. */
  save(): boolean;
  /** Loads at once what was saved, beside the data that there is. `replace`: a key may be there already. False when that failed. */
  load(replace: boolean): boolean;
  /** Starts to save the data as it is now; nobody must be at it. False when that failed. */
  saveInBackground(): boolean;
  /** `saveInBackground` as soon as that is possible. */
  schedule(): void;
  /** Gives up what `saveInBackground` started. */
  abortSaving(): void;
  /** All keys are gone: nobody wants the snapshot that is being taken, and the last one has what is no more. */
  flushedAll(): void;
}

/** Runs requests on behalf of others: EXEC's, and those of clients that waited. */
export interface Runner {
  /** What `runInner` changes until the matching `endUnit` is journalled as a whole. Units may be inside of each other. */
  beginUnit(): void;
  /** There is one that has begun and not ended. */
  readonly inUnit: boolean;
  endUnit(client: Client): void;
  /**
   * Runs a request within the one that is being run: its reply follows in `reply`. Nothing waits in there; but if it is a script
   * that has to be paused, the result is a promise, and the reply follows in what is the outer request's reply by then.
   */
  runInner(client: Client, entry: TableEntry, args: Args, reply: Reply): Promise<void> | undefined;
  /** What follows until `endScript` is a script's doing: a unit. Give the result to `endScript`. */
  beginScript(): SuspendedTimer;
  endScript(client: Client, outer: SuspendedTimer): void;
  /** Runs a request of a script, whose reply follows in `reply` in that one's protocol. `journalled`: its effect goes to the journal. */
  runScripted(client: Client, entry: TableEntry, args: Args, reply: Reply, journalled: boolean): void;
  /** Answers a client that waits, and lets it go on. */
  endWaiting(waiter: Waiter, writeReply: (reply: Reply) => void): void;
}

/** How far a loading is. */
export interface LoadProgress {
  readonly startedMs: number;
  readonly totalBytes: number;
  readonly loadedBytes: number;
  /** Seconds until it is done at the present pace. */
  readonly etaSeconds: number;
  /** What the data took in the memory of the server that wrote the file; 0 when that is not known. */
  readonly usedMemoryBytes: number;
}

/** What is remembered of the memory in use; see info/memory.ts for what counts. */
export interface MemoryRecord {
  /** What the server took before it had clients and data, without its program. */
  startupBytes: number;
  /** The most that was in use at once, as far as it was looked at. */
  peakBytes: number;
}

/** What commands may use of the server they run in. */
export interface ServerContext {
  readonly keyspace: Keyspace;
  readonly config: ConfigStore;
  readonly clients: ClientRegistry;
  readonly pubsub: PubSub;
  readonly pause: Pause;
  readonly memoryLimit: MemoryLimit;
  readonly watches: Watches;
  readonly waiting: WaitingClients;
  readonly syncWaits: SyncWaits;
  readonly tracking: Tracking;
  readonly keyChanges: KeyChanges;
  /** Runs requests within requests. */
  readonly runner: Runner;
  readonly events: KeyEvents;
  readonly stats: ServerStats;
  readonly observation: Observation;
  readonly rates: Rates;
  readonly table: CommandTable;
  readonly scripting: Scripting;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** 40 hexadecimal characters, new at every start. */
  readonly runId: string;
  readonly startedMs: number;
  /** 40 hexadecimal characters that name the history of the data to replicas. */
  replicationId: string;
  readonly memory: MemoryRecord;
  readonly persistence: Persistence;
  readonly payloads: Payloads;
  readonly snapshots: SnapshotControl;
  readonly targets: Targets;
  /** Whether keys are removed when their time comes, and not only when they are asked for. */
  readonly expiry: { enabled: boolean };
  /** Periodic work rests. */
  cronPaused: boolean;
  /** Absent while the AOF is off or is being loaded. */
  journal: Journal | undefined;
  /** Present while every change must be on the disk before anybody is told of it. */
  unsynced: UnsyncedKeys | undefined;
  /** Has what is due at the end of a poll done, soon. */
  startPoll(): void;
  /** Bits of GATE_*; 0 is the common case. */
  gate: number;
  /** Why writes are refused, as the operating system says it, while GATE_WRITES_REFUSED is set. */
  writeError: string;
  /**
   * Writes and syncs what is to be written, and ends. `saves`: saves a snapshot; by default if that is to be done from time to time. False
   * when something failed and `force` is not set: then the server goes on.
   */
  shutDown(force: boolean, saves?: boolean): boolean;
}
