import type { ServerContext } from "../../command/context.ts";
import type { Database } from "../../keyspace/database.ts";
import { copyBytes, latin1, own, Span } from "../../lib/bytes.ts";
import { NULL, type Ptr } from "../../memory/arena.ts";
import { stringKind } from "../../types/string.ts";
import { CHECKSUM_VERSION, HEADER_BYTES, MAGIC, OPCODE, TYPE, VERSION_MAX } from "./codes.ts";
import { readModuleType, skipModuleAux, skipModuleValue } from "./module-values.ts";
import { RdbError, RdbInput } from "./rdb-input.ts";
import { ValueReader } from "./value-reader.ts";

/** The clock is read after so much work: a key counts as one, a step of a large value for more. */
const WORK_PER_LOOK = 64;
const STEP_WORK = 4;
/** A key takes its type, its name and its value. */
const KEY_BYTES_MIN = 3;
/** More empty keys are counted, but not named. */
const EMPTY_NAMED_MAX = 10;
const NONE = -1;

/** Why a file was not loaded, in a text for the log. */
export class RdbLoadError extends Error {}

export interface RdbLoadOptions {
  /** It is the base of an append-only file: keys whose time is past stay, since what follows may give them more. */
  readonly aofBase?: boolean;
  /** A key may be there already: it is replaced. */
  readonly replace?: boolean;
}

/**
 * Loads a file in RDB form, or the part of a file that is, into the keyspace, in slices.
 *
 * Invariants
 * 1. A key appears in the keyspace only with its whole value.
 * 2. What precedes a key (deadline, idle time, frequency) holds for that key alone.
 */
export class RdbLoader {
  readonly totalBytes: number;
  /** Keys that were taken over, and those that were not because their time is past, or because nothing is in them. */
  keysLoaded = 0;
  keysExpired = 0;
  keysEmpty = 0;
  /** What its writer said that the data took in memory. */
  usedMemoryBytes = 0;
  /** When it was written, as its writer said: Unix time in seconds; 0 when it did not. */
  writtenAt = 0;

  private readonly input = new RdbInput();
  private readonly values: ValueReader;
  private readonly startMs: number;
  private db: Database;
  private version = 0;
  private reading = false;
  private key = new Uint8Array(1024);
  private keyLen = 0;
  private deadlineMs = NONE;
  private idleSeconds = NONE;
  private frequency = NONE;
  private readonly skipped = new Map<string, number>();
  private readonly a = new Span();
  private readonly b = new Span();

  /** `fd` is open for reading and stays the caller's; `size` is the length of the file. */
  constructor(
    private readonly context: ServerContext,
    fd: number,
    size: number,
    private readonly options: RdbLoadOptions = {},
  ) {
    const { keyspace, config, clock } = context;
    this.totalBytes = size;
    this.startMs = clock.unixMs();
    this.db = keyspace.databases[0]!;
    this.input.openFile(fd, size, config.values.rdbchecksum);
    this.values = new ValueReader(keyspace, this.input);
    if (options.aofBase !== true) this.values.endedBeforeMs = this.startMs;
  }

  /** Bytes that have been dealt with; at the end the length of the snapshot. */
  get loadedBytes(): number {
    return this.input.offset;
  }

  /** Goes on until the clock shows that time or the snapshot is at its end, which it returns. Throws RdbLoadError. */
  step(untilUs: number): boolean {
    try {
      return this.run(untilUs);
    } catch (error) {
      this.values.discard();
      this.giveBack();
      if (error instanceof RdbError) throw this.report(error);
      throw error;
    }
  }

  private run(untilUs: number): boolean {
    const { clock } = this.context;
    if (this.version === 0) this.readHeader();
    for (;;) {
      for (let work = 0; work < WORK_PER_LOOK; work += this.reading ? STEP_WORK : 1) {
        if (this.reading) this.continueValue();
        else if (!this.readItem()) return true;
      }
      if (clock.monotonicUs() >= untilUs) return false;
    }
  }

  private report(error: RdbError): RdbLoadError {
    const { log } = this.context;
    if (error.isEnd) log.warning("Short read or OOM loading DB. Unrecoverable error, aborting now.");
    log.warning(`Internal error in RDB reading offset ${this.loadedBytes} -> ${error.message}`);
    return new RdbLoadError("Terminating server after rdb file reading failure.");
  }

  private readHeader(): void {
    const { input } = this;
    input.need(HEADER_BYTES);
    const header = latin1(input.buf, input.at, HEADER_BYTES);
    if (!header.startsWith(MAGIC)) throw this.refusal("Wrong signature trying to load DB from file");
    const digits = header.slice(MAGIC.length);
    const version = /^\d+$/.test(digits) ? Number(digits) : 0;
    if (version < 1 || version > VERSION_MAX) throw this.refusal(`Can't handle RDB format version ${version}`);
    this.version = version;
    input.at += HEADER_BYTES;
  }

  private refusal(reason: string): RdbLoadError {
    this.context.log.warning(reason);
    return new RdbLoadError("Fatal error loading the DB: Invalid argument. Exiting.");
  }

  /** Reads a key, or whatever else there is. False at the end of the snapshot. */
  private readItem(): boolean {
    const { input } = this;
    const code = input.byte();
    switch (code) {
      case OPCODE.EXPIRE_MS:
        this.deadlineMs = input.milliseconds();
        return true;
      case OPCODE.EXPIRE_S:
        this.deadlineMs = input.int32() * 1000;
        return true;
      case OPCODE.FREQ:
        this.frequency = input.byte();
        return true;
      case OPCODE.IDLE:
        this.idleSeconds = input.plainLength();
        return true;
      case OPCODE.END:
        this.readEnd();
        return false;
    }
    if (code < OPCODE.KEY_META) this.readKey(code);
    else this.readNote(code);
    return true;
  }

  private readNote(code: number): void {
    const { input, a, b } = this;
    switch (code) {
      case OPCODE.SELECT_DB:
        this.select(input.plainLength());
        return;
      case OPCODE.RESIZE_DB:
        this.reserve(input.plainLength());
        input.plainLength();
        return;
      case OPCODE.SLOT_INFO:
        for (let i = 0; i < 3; i++) input.plainLength();
        return;
      case OPCODE.AUX:
        input.string(a);
        input.string(b);
        this.readAux(latin1(a.buf, a.start, a.len), latin1(b.buf, b.start, b.len));
        return;
      case OPCODE.FUNCTION:
        input.string(a);
        this.loadFunctions(a);
        return;
      case OPCODE.FUNCTION_PRE_GA:
        throw new RdbError("Pre-release function format not supported.");
      case OPCODE.MODULE_AUX:
        this.readModuleAux();
        return;
      case OPCODE.KEY_META:
        this.readModuleNotes();
        return;
      default:
        throw new RdbError(`Unknown RDB encoding type ${code}`);
    }
  }

  /** The database will have about so many keys, if that is true: no more than the rest of the file has room for. */
  private reserve(keys: number): void {
    const { dict } = this.context.keyspace;
    if (this.db.size === 0) dict.reserve(this.db.table, Math.min(keys, this.input.left / KEY_BYTES_MIN));
  }

  private giveBack(): void {
    const { databases, dict } = this.context.keyspace;
    for (const { table } of databases) dict.giveBack(table);
  }

  private select(id: number): void {
    const { databases } = this.context.keyspace;
    const db = databases[id];
    if (db === undefined) {
      throw new RdbLoadError(
        `FATAL: Data file was created with a Redis server configured to handle more than ${databases.length} databases. Exiting`,
      );
    }
    this.db = db;
  }

  /** What the writer of the file noted about it. */
  private readAux(name: string, value: string): void {
    const { log } = this.context;
    switch (name) {
      case "redis-ver":
      case "valkey-ver":
        log.notice(`Loading RDB produced by version ${value}`);
        return;
      case "ctime":
        this.writtenAt = Number(value);
        log.notice(`RDB age ${Math.max(0, Math.floor(this.startMs / 1000) - Number(value))} seconds`);
        return;
      case "used-mem":
        this.usedMemoryBytes = Number(value);
        log.notice(`RDB memory usage when created ${(Number(value) / 1024 ** 2).toFixed(2)} Mb`);
        return;
      case "aof-base":
        if (value === "1") log.notice("RDB is base AOF");
        return;
    }
    if (name.startsWith("%")) log.notice(`RDB '${name}': ${value}`);
  }

  private loadFunctions({ buf, start, len }: Span): void {
    const result = this.context.scripting.libraries.load(own(buf, start, len), this.options.replace === true);
    if (typeof result === "string") throw new RdbError(`Failed to load a library of functions: ${result}`);
  }

  // ---- modules

  private readModuleAux(): void {
    const name = readModuleType(this.input);
    if (this.refusesModules) {
      throw new RdbError(`The RDB file contains AUX module data I can't load: no matching module '${name}'`);
    }
    skipModuleAux(this.input);
    this.countSkipped(name);
  }

  private readModuleValue(): void {
    const name = readModuleType(this.input);
    if (this.refusesModules) {
      throw new RdbError(`The RDB file contains module data I can't load: no matching module type '${name}'`);
    }
    skipModuleValue(this.input);
    this.countSkipped(name);
    this.forgetKey();
  }

  /** What modules have noted about the key that follows. */
  private readModuleNotes(): void {
    if (this.refusesModules) throw new RdbError("The RDB file contains metadata of modules that I can't load");
    for (let left = this.input.count(1); left > 0; left--) {
      this.input.skip(4);
      skipModuleValue(this.input);
    }
    this.countSkipped("(metadata of keys)");
  }

  private get refusesModules(): boolean {
    return this.context.config.values["rdb-module-values"] === "refuse";
  }

  private countSkipped(name: string): void {
    this.skipped.set(name, (this.skipped.get(name) ?? 0) + 1);
  }

  // ---- keys

  private readKey(type: number): void {
    const { input, a, b } = this;
    input.string(a);
    if (type === TYPE.STRING) {
      input.string(b);
      if (!this.isPast()) this.storeString(a, b);
      this.forgetKey();
      return;
    }
    this.keepKey(a);
    if (type === TYPE.MODULE) {
      this.readModuleValue();
      return;
    }
    if (!this.values.knows(type)) throw new RdbError(`Unknown RDB encoding type ${type}`);
    this.reading = true;
    this.values.begin(type);
  }

  private keepKey({ buf, start, len }: Span): void {
    if (this.key.length < len) this.key = new Uint8Array(len * 2);
    copyBytes(buf, start, len, this.key, 0);
    this.keyLen = len;
  }

  private storeString(key: Span, value: Span): void {
    const { db } = this;
    const { buf, start, len } = value;
    const hash = db.hash(key.buf, key.start, key.len);
    const old = this.occupant(key.buf, key.start, key.len, hash);
    const kind = stringKind(buf, start, len);
    this.stored(
      db.setString(old, key.buf, key.start, key.len, hash, kind, buf, start, len, Math.max(0, this.deadlineMs)),
    );
  }

  private continueValue(): void {
    const { values } = this;
    if (!values.step()) return;
    this.reading = false;
    if (values.isEmpty) {
      this.skipEmpty();
    } else if (this.isPast()) {
      values.drop();
    } else {
      this.storeCollection();
    }
    this.forgetKey();
  }

  private skipEmpty(): void {
    if (this.keysEmpty++ < EMPTY_NAMED_MAX) {
      this.context.log.warning(`rdbLoadObject skipping empty key: ${latin1(this.key, 0, this.keyLen)}`);
    }
  }

  private storeCollection(): void {
    const { db, values, key, keyLen } = this;
    const hash = db.hash(key, 0, keyLen);
    const old = this.occupant(key, 0, keyLen, hash);
    const deadlineMs = Math.max(0, this.deadlineMs);
    const e = db.putReference(old, key, 0, keyLen, hash, values.kind, values.root, values.rootBytes, deadlineMs);
    values.handOver();
    this.stored(e);
  }

  /** What has that name already. */
  private occupant(key: Uint8Array, start: number, len: number, hash: number): Ptr {
    const old = this.db.inspect(key, start, len, hash);
    if (old === NULL || this.options.replace === true) return old;
    throw new RdbError(`RDB has duplicated key '${latin1(key, start, len)}' in DB ${this.db.id}`);
  }

  private stored(e: Ptr): void {
    this.keysLoaded++;
    if (this.idleSeconds === NONE && this.frequency === NONE) return;
    const { access, entries } = this.context.keyspace;
    entries.setAccess(e, access.restored(entries.access(e), this.idleSeconds, this.frequency));
  }

  /** Whether the key's time has come. */
  private isPast(): boolean {
    if (this.deadlineMs === NONE || this.options.aofBase === true || this.deadlineMs >= this.startMs) return false;
    this.keysExpired++;
    return true;
  }

  private forgetKey(): void {
    this.deadlineMs = this.idleSeconds = this.frequency = NONE;
  }

  // ---- the end

  private readEnd(): void {
    const { input, context } = this;
    this.giveBack();
    if (this.version >= CHECKSUM_VERSION) this.check(input.checksum());
    for (const [name, count] of this.skipped) {
      context.log.warning(`Skipped ${count} values of the module '${name}', which there is none of here`);
    }
    const empty = this.keysEmpty === 0 ? "" : `, empty keys skipped: ${this.keysEmpty}`;
    context.log.notice(`Done loading RDB, keys loaded: ${this.keysLoaded}, keys expired: ${this.keysExpired}${empty}.`);
  }

  private check({ expected, found }: { expected: bigint; found: bigint | undefined }): void {
    const { log, config } = this.context;
    if (!config.values.rdbchecksum || found === undefined) return;
    if (expected === 0n) {
      log.notice("RDB file was saved with checksum disabled: no check performed.");
    } else if (expected !== found) {
      const hex = (value: bigint) => value.toString(16);
      log.warning(`Wrong RDB checksum expected: (${hex(expected)}) but got (${hex(found)}). Aborting now.`);
      throw new RdbError("RDB CRC error");
    }
  }
}
