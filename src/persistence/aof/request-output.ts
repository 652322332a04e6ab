import type { Span } from "../../lib/bytes.ts";
import { formatDouble } from "../../lib/float.ts";
import { formatInteger } from "../../lib/integer.ts";
import type { StreamId } from "../../types/stream-id.ts";
import { ID_TEXT_MAX } from "../../types/stream-id.ts";
import type { RdbOutput } from "../rdb/output.ts";

const STAR = 42;
const DOLLAR = 36;
const CR = 13;
const LF = 10;
const NUMBER_TEXT_MAX = 24;

/** Writes requests in RESP: how many words, then each word. */
export class RequestOutput {
  out!: RdbOutput;
  private readonly scratch = new Uint8Array(Math.max(ID_TEXT_MAX, NUMBER_TEXT_MAX));

  begin(words: number): void {
    this.head(STAR, words);
  }

  private head(prefix: number, count: number): void {
    const { out } = this;
    out.reserve(NUMBER_TEXT_MAX);
    out.byte(prefix);
    out.at += formatInteger(count, out.buf, out.at);
    this.lineBreak();
  }

  lineBreak(): void {
    this.out.byte(CR);
    this.out.byte(LF);
  }

  /** The length of a word, which is to follow with a line break. */
  wordHead(len: number): void {
    this.head(DOLLAR, len);
  }

  word(buf: Uint8Array, start: number, len: number): void {
    this.wordHead(len);
    this.out.bytes(buf, start, len);
    this.lineBreak();
  }

  bytes(word: Uint8Array): void {
    this.word(word, 0, word.length);
  }

  span({ buf, start, len }: Span): void {
    this.word(buf, start, len);
  }

  integer(value: number): void {
    this.word(this.scratch, 0, formatInteger(value, this.scratch, 0));
  }

  big(value: bigint): void {
    this.text(String(value));
  }

  double(value: number): void {
    this.text(formatDouble(value));
  }

  text(value: string): void {
    this.bytes(Buffer.from(value, "latin1"));
  }

  id(id: StreamId): void {
    this.word(this.scratch, 0, id.format(this.scratch, 0));
  }
}

/** As many as Redis puts into one request. */
export const BATCH_ELEMENTS = 64;

/** Requests of one command and key for many elements, some of them in each. */
export class Batches {
  private given = 0;

  /** `total` elements of `width` words each, `size` of them in a request. */
  constructor(
    private readonly requests: RequestOutput,
    private readonly command: Uint8Array,
    private readonly key: Uint8Array,
    private readonly total: number,
    private readonly width: number,
    private readonly size = BATCH_ELEMENTS,
  ) {}

  /** To be called before the words of each element. */
  next(): void {
    const { requests } = this;
    if (this.given % this.size === 0) {
      requests.begin(2 + this.width * Math.min(this.size, this.total - this.given));
      requests.bytes(this.command);
      requests.bytes(this.key);
    }
    this.given++;
  }
}
