import type { Payloads } from "../../command/context.ts";
import type { ConfigStore } from "../../config/store.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { Span } from "../../lib/bytes.ts";
import { Crc64 } from "../../lib/crc.ts";
import type { Ptr } from "../../memory/arena.ts";
import { CHECKSUM_BYTES, versionOf } from "./codes.ts";
import { RdbOutput } from "./output.ts";
import { ValueWriter } from "./values.ts";

const VERSION_BYTES = 2;
/** A larger buffer is not kept for the next value. */
const KEPT_BYTES_MAX = 1 << 20;

/** Values by themselves: type and value as in a file, the version (16 bits), the checksum. */
export class ValuePayloads implements Payloads {
  private out = new RdbOutput("now");
  private readonly values: ValueWriter;
  private readonly crc = new Crc64();
  private readonly payload = new Span();

  constructor(
    keyspace: Keyspace,
    private readonly config: ConfigStore,
  ) {
    this.values = new ValueWriter(keyspace, config.values["rdb-version"]);
  }

  dump(e: Ptr): Span {
    const { values, crc, payload } = this;
    if (this.out.buf.length > KEPT_BYTES_MAX) this.out = new RdbOutput("now");
    const { out } = this;
    out.reset();
    out.compression = this.config.values.rdbcompression ? "now" : "never";
    values.version = this.config.values["rdb-version"];
    const type = values.typeOf(e);
    out.byte(type);
    values.write(e, out);
    out.reserve(VERSION_BYTES + CHECKSUM_BYTES);
    const version = Math.max(values.version, versionOf(type));
    out.byte(version);
    out.byte(version >> 8);
    crc.reset();
    crc.update(out.buf, 0, out.at);
    crc.writeTo(out.buf, out.at);
    out.at += CHECKSUM_BYTES;
    payload.set(out.buf, 0, out.at);
    return payload;
  }
}
