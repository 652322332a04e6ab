import { DIGEST_TEXT_BYTES, writeDigest } from "../lib/xxh3.ts";
import { Reply } from "../resp/reply.ts";
import type { Call } from "./call.ts";
import { error } from "./errors.ts";

const TWICE = error("ERR IDMP/IDMPAUTO specified multiple times");
const NO_PRODUCER = error("ERR IDMP requires a non-empty producer ID");
const NO_NAME = error("ERR IDMP requires a non-empty idempotent ID");
const NO_AUTO_PRODUCER = error("ERR IDMPAUTO requires a non-empty producer ID");

/** The name that XADD is given for its message (IDMP), so that it is added only once. One object is used for every command in turn. */
export class StreamMessage {
  isAbsent = true;
  private producerArg = 0;
  /** 0: made of the message's content. */
  private nameArg = 0;
  private readonly content = new Reply(256);

  reset(): void {
    this.isAbsent = true;
  }

  /** Reads the option at argument i; returns the argument after it, or i when it is none of these. May fail. */
  read(c: Call, i: number): number {
    const isGiven = c.args.is(i, "IDMP") && i + 2 < c.argc;
    if (!isGiven && !(c.args.is(i, "IDMPAUTO") && i + 1 < c.argc)) return i;
    const { len } = c.args;
    if (!this.isAbsent) c.fail(TWICE);
    this.isAbsent = false;
    this.producerArg = i + 1;
    this.nameArg = isGiven ? i + 2 : 0;
    if (len[i + 1] === 0) c.fail(isGiven ? NO_PRODUCER : NO_AUTO_PRODUCER);
    if (isGiven && len[i + 2] === 0) c.fail(NO_NAME);
    return isGiven ? i + 3 : i + 2;
  }

  producer(c: Call): Uint8Array {
    return c.args.own(this.producerArg);
  }

  /** The message's name; `from` is the first argument of its content. */
  name(c: Call, from: number): Uint8Array {
    if (this.nameArg > 0) return c.args.own(this.nameArg);
    const { content } = this;
    const { buf, start, len } = c.args;
    content.truncate(0);
    for (let i = from; i < c.argc; i++) content.bulk(buf, start[i], len[i]);
    const name = new Uint8Array(DIGEST_TEXT_BYTES);
    writeDigest(content.buf, 0, content.at, name, 0);
    return name;
  }
}
