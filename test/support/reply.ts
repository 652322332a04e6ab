// Decoded replies, for tests that look inside one. Text is latin1 throughout: one character is one byte.

/** `type` is the RESP type byte; a null of any kind has the value null. */
export interface Reply {
  readonly type: string;
  readonly value: string | null | readonly Reply[];
}

/** Decodes one whole reply, such as ReplyScanner hands out. Attributes are dropped. */
export function parseReply(bytes: Uint8Array): Reply {
  return new ReplyParser(Buffer.from(bytes).toString("latin1")).next();
}

/** Decodes any number of whole replies that follow each other. */
export function parseReplies(bytes: Uint8Array): Reply[] {
  const parser = new ReplyParser(Buffer.from(bytes).toString("latin1"));
  const replies: Reply[] = [];
  while (!parser.atEnd()) replies.push(parser.next());
  return replies;
}

class ReplyParser {
  #at = 0;
  constructor(readonly text: string) {}

  atEnd(): boolean {
    return this.#at >= this.text.length;
  }

  next(): Reply {
    const type = this.text[this.#at]!;
    const lineEnd = this.text.indexOf("\r\n", this.#at);
    const line = this.text.slice(this.#at + 1, lineEnd);
    this.#at = lineEnd + 2;
    if ("$!=".includes(type)) return { type, value: this.#bulk(Number(line)) };
    if ("*~>".includes(type)) return { type, value: this.#items(Number(line)) };
    if (type === "%") return { type, value: this.#items(2 * Number(line)) };
    if (type === "|") {
      this.#items(2 * Number(line));
      return this.next();
    }
    return { type, value: type === "_" ? null : line };
  }

  #bulk(length: number): string | null {
    if (length < 0) return null;
    const value = this.text.slice(this.#at, this.#at + length);
    this.#at += length + 2;
    return value;
  }

  #items(count: number): readonly Reply[] | null {
    if (count < 0) return null;
    const items: Reply[] = [];
    for (let i = 0; i < count; i++) items.push(this.next());
    return items;
  }
}

/** The texts of an aggregate's direct elements; a null element is null, a nested aggregate is refused. */
export function texts(reply: Reply): (string | null)[] {
  if (!Array.isArray(reply.value)) throw new Error(`not an aggregate: ${reply.type}`);
  return (reply.value as readonly Reply[]).map((item) => {
    if (item.value !== null && typeof item.value !== "string") throw new Error("a nested aggregate");
    return item.value;
  });
}
