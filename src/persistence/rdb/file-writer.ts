import type { Database } from "../../keyspace/database.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { Crc64 } from "../../lib/crc.ts";
import type { Ptr } from "../../memory/arena.ts";
import { REDIS_VERSION } from "../../version.ts";
import { CHECKSUM_BYTES, OPCODE, VERSION_7_4, VERSION_8_6, VERSION_8_8 } from "./codes.ts";
import type { RdbOutput } from "./output.ts";
import { ValueWriter } from "./values.ts";

/** What is told in a file of the moment it was written. */
export interface FileFacts {
  readonly nowMs: number;
  readonly usedBytes: number;
  /** It is the base of an append-only file. */
  readonly isAofBase: boolean;
}

/** What is told of a key beside its value: under an LRU policy how long it is idle, under an LFU policy how often it was used. */
export type AccessKind = "none" | "idle" | "frequency";

/**
 * The format's version that a file needs, given the one that is wanted: what only a newer one can hold would be lost. It may be newer than
 * need be, as nobody counts such streams.
 */
export function versionFor({ databases, streams }: Keyspace, wanted: number): number {
  if (streams.groups.wereGivenBack) return VERSION_8_8;
  if (streams.producers.wereUsed) return VERSION_8_6;
  return databases.some((db) => db.timers > 0) ? Math.max(wanted, VERSION_7_4) : wanted;
}

/** The format's version, and the facts under Redis's names. */
export function writeHead(out: RdbOutput, version: number, facts: FileFacts): void {
  const magic = Buffer.from(`REDIS${String(version).padStart(4, "0")}`, "latin1");
  out.bytes(magic, 0, magic.length);
  writeAux(out, "redis-ver", REDIS_VERSION);
  writeAux(out, "redis-bits", "64");
  writeAux(out, "ctime", String(Math.floor(facts.nowMs / 1000)));
  writeAux(out, "used-mem", String(facts.usedBytes));
  writeAux(out, "aof-base", facts.isAofBase ? "1" : "0");
}

export function writeAux(out: RdbOutput, name: string, value: string): void {
  out.byte(OPCODE.AUX);
  out.text(name);
  out.text(value);
}

/** The code of a library of functions. */
export function writeFunction(out: RdbOutput, code: Uint8Array): void {
  out.byte(OPCODE.FUNCTION);
  out.string(code, 0, code.length);
}

/** What comes before the keys of a database that has any. */
export function writeDatabaseHead(out: RdbOutput, id: number, keys: number, timedKeys: number): void {
  out.byte(OPCODE.SELECT_DB);
  out.length(id);
  out.byte(OPCODE.RESIZE_DB);
  out.length(keys);
  out.length(timedKeys);
}

/** The end, and a checksum that is still to be put in its place: see `sealFile`. */
export function writeEnd(out: RdbOutput): void {
  out.byte(OPCODE.END);
}

/** Writes the checksum of everything that was written, or zeros for none. */
export function writeChecksum(out: RdbOutput, crc: Crc64 | undefined): void {
  out.reserve(CHECKSUM_BYTES);
  if (crc === undefined) out.buf.fill(0, out.at, out.at + CHECKSUM_BYTES);
  else crc.writeTo(out.buf, out.at);
  out.at += CHECKSUM_BYTES;
}

/** Writes keys. */
export class KeyWriter {
  readonly values: ValueWriter;

  /** `access`: which of the two is told of a key, as Redis does depending on maxmemory-policy. */
  constructor(
    private readonly keyspace: Keyspace,
    version: number,
    public access: AccessKind = "none",
  ) {
    this.values = new ValueWriter(keyspace, version);
  }

  /** A key with its value, whole. */
  write(e: Ptr, out: RdbOutput): void {
    this.writeHead(e, out);
    this.values.write(e, out);
  }

  /** What comes before the value: deadline, access, type and name. */
  writeHead(e: Ptr, out: RdbOutput): void {
    const { entries } = this.keyspace;
    if (entries.isTimed(e)) {
      out.byte(OPCODE.EXPIRE_MS);
      out.ms(entries.deadline(e));
    }
    if (this.access !== "none") this.writeAccess(e, out);
    out.byte(this.values.typeOf(e));
    out.string(entries.segment(e), entries.nameStart(e), entries.nameLength(e));
  }

  private writeAccess(e: Ptr, out: RdbOutput): void {
    const { entries, access } = this.keyspace;
    if (this.access === "idle") {
      out.byte(OPCODE.IDLE);
      out.length(access.idleSeconds(entries.access(e)));
    } else {
      out.byte(OPCODE.FREQ);
      out.byte(access.frequency(entries.access(e)));
    }
  }

  /** All keys of a database. */
  writeDatabase(db: Database, out: RdbOutput): void {
    if (db.size === 0) return;
    writeDatabaseHead(out, db.id, db.size, db.timedSize);
    this.keyspace.dict.forEach(db.table, (e) => this.write(e, out));
  }
}

/** Writes a whole file at once: for tests, and where nobody minds waiting. `wanted`: version; `functions`: code of the libraries. */
export function writeFile(
  keyspace: Keyspace,
  functions: readonly Uint8Array[],
  wanted: number,
  facts: FileFacts,
  out: RdbOutput,
  access: AccessKind = "none",
): void {
  const version = versionFor(keyspace, wanted);
  writeHead(out, version, facts);
  for (const code of functions) writeFunction(out, code);
  const keys = new KeyWriter(keyspace, version, access);
  for (const db of keyspace.databases) keys.writeDatabase(db, out);
  writeEnd(out);
  const crc = new Crc64();
  crc.update(out.buf, 0, out.at);
  writeChecksum(out, crc);
}
