import type { Payloads } from "../../command/context.ts";
import type { ConfigStore } from "../../config/store.ts";
import type { Database } from "../../keyspace/database.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { EMPTY, type OwnedBytes, own, Span } from "../../lib/bytes.ts";
import { Crc64 } from "../../lib/crc.ts";
import type { Ptr } from "../../memory/arena.ts";
import type { Log } from "../../observe/log.ts";
import { stringKind } from "../../types/string.ts";
import { CHECKSUM_BYTES, OPCODE, TYPE, VERSION_MAX, versionOf } from "./codes.ts";
import { writeChecksum, writeFunction } from "./file-writer.ts";
import { RdbOutput } from "./output.ts";
import { RdbError, RdbInput } from "./rdb-input.ts";
import { ValueReader } from "./value-reader.ts";
import { ValueWriter } from "./values.ts";

const VERSION_BYTES = 2;
const BAD_CHECKSUM = "ERR DUMP payload version or checksum are wrong";
const NO_LIBRARY = "ERR given type is not a function";
const BAD_LIBRARIES = "ERR failed loading the given functions payload";
/** A larger buffer is not kept. */
const KEPT_BYTES_MAX = 1 << 20;

/** Values by themselves: type and value as in a file, the version (16 bits), the checksum. */
export class ValuePayloads implements Payloads {
  private out = new RdbOutput("now");
  private readonly values: ValueWriter;
  private readonly crc = new Crc64();
  private readonly payload = new Span();
  private readonly code = new Span();
  skipsChecksum = false;
  private readonly input = new RdbInput();
  private readonly reader: ValueReader;
  /** The string that was read; undefined when it was a collection. */
  private text: Span | undefined;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly config: ConfigStore,
    private readonly log: Log,
  ) {
    this.values = new ValueWriter(keyspace, config.values["rdb-version"]);
    this.reader = new ValueReader(keyspace, this.input);
  }

  dump(e: Ptr): Span {
    const { values } = this;
    const out = this.begin();
    values.version = this.config.values["rdb-version"];
    const type = values.typeOf(e);
    out.byte(type);
    values.write(e, out);
    return this.end(Math.max(values.version, versionOf(type)));
  }

  private begin(): RdbOutput {
    const { out } = this;
    out.reset();
    out.compression = this.config.values.rdbcompression ? "now" : "never";
    return out;
  }

  private end(version: number): Span {
    const { out, crc, payload } = this;
    out.byte(version);
    out.byte(version >> 8);
    crc.reset();
    crc.update(out.buf, 0, out.at);
    writeChecksum(out, crc);
    payload.set(out.buf, 0, out.at);
    return payload;
  }

  forget(): void {
    if (this.out.buf.length <= KEPT_BYTES_MAX) return;
    this.out = new RdbOutput("now");
    this.payload.set(EMPTY, 0, 0);
  }

  dumpLibraries(codes: Iterable<Uint8Array>): Span {
    const out = this.begin();
    for (const code of codes) writeFunction(out, code);
    return this.end(this.config.values["rdb-version"]);
  }

  readLibraries(buf: Uint8Array, start: number, len: number): OwnedBytes[] | string {
    if (!this.isIntact(buf, start, len)) return BAD_CHECKSUM;
    const { input, code } = this;
    const codes: OwnedBytes[] = [];
    input.open(buf, start, len - VERSION_BYTES - CHECKSUM_BYTES);
    try {
      while (input.left > 0) {
        if (input.byte() !== OPCODE.FUNCTION) return NO_LIBRARY;
        input.string(code);
        codes.push(own(code.buf, code.start, code.len));
      }
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      return BAD_LIBRARIES;
    }
    return codes;
  }

  isIntact(buf: Uint8Array, start: number, len: number): boolean {
    if (len < VERSION_BYTES + CHECKSUM_BYTES) return false;
    const checksumAt = start + len - CHECKSUM_BYTES;
    const version = buf[checksumAt - 2] | (buf[checksumAt - 1] << 8);
    if (version > VERSION_MAX) return false;
    if (this.skipsChecksum) return true;
    const { crc } = this;
    crc.reset();
    crc.update(buf, start, len - CHECKSUM_BYTES);
    return crc.equals(buf, checksumAt);
  }

  read(buf: Uint8Array, start: number, len: number): boolean {
    const { input, reader } = this;
    input.open(buf, start, len - VERSION_BYTES - CHECKSUM_BYTES);
    this.text = undefined;
    reader.endedBeforeMs = this.keyspace.nowMs;
    try {
      return this.readValue(input.byte()) && input.left === 0;
    } catch (error) {
      reader.discard();
      if (!(error instanceof RdbError)) throw error;
      this.log.verbose(`Internal error in RDB reading offset ${input.offset} -> ${error.message}`);
      return false;
    }
  }

  private readValue(type: number): boolean {
    const { input, reader, payload } = this;
    if (type === TYPE.STRING) {
      input.string(payload);
      this.text = payload;
      return true;
    }
    if (!reader.knows(type)) return false;
    reader.begin(type);
    while (!reader.step());
    if (input.left > 0) reader.drop();
    return !reader.isEmpty;
  }

  put(db: Database, old: Ptr, key: Uint8Array, start: number, len: number, hash: number, deadlineMs: number): Ptr {
    const { reader, text } = this;
    if (text === undefined) {
      const e = db.putReference(old, key, start, len, hash, reader.kind, reader.root, reader.rootBytes, deadlineMs);
      reader.handOver();
      return e;
    }
    const kind = stringKind(text.buf, text.start, text.len);
    return db.setString(old, key, start, len, hash, kind, text.buf, text.start, text.len, deadlineMs);
  }

  drop(): void {
    if (this.text === undefined) this.reader.drop();
  }
}
