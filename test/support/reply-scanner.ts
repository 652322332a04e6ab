// Cuts a RESP2/RESP3 byte stream into whole replies without decoding them.
//
// Invariants:
// 1. `start` is the first byte of the oldest reply not yet handed out; `at` is the first byte not yet scanned;
//    start <= at <= end, and every byte of [start, at) belongs to frames whose length is known.
// 2. `owed` is the number of frames still needed to finish the reply that begins at `start`. A reply is complete exactly
//    when `owed` reaches 0: an aggregate of n adds n (a map 2n), every frame takes 1, and an attribute adds its pairs
//    and takes nothing, because it decorates the frame after it. No stack is needed: only the sum matters.
// 3. A byte is scanned once: an incomplete frame leaves `at` at the frame's own first byte, so at most its header is
//    read again.

const CR = 13;
const LF = 10;

/** Thrown when the bytes are no RESP; `offset` counts from the start of the reply in which they stand. */
export class MalformedReply extends Error {
  constructor(
    reason: string,
    readonly offset: number,
  ) {
    super(`malformed reply at byte ${offset}: ${reason}`);
  }
}

export class ReplyScanner {
  #bytes = new Uint8Array(64 * 1024);
  #start = 0;
  #at = 0;
  #end = 0;
  #owed = 1;

  /** Adds what arrived and returns the replies that it completed, each a copy of its raw bytes. */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#append(chunk);
    const replies: Uint8Array[] = [];
    while (this.#scanFrame()) {
      if (this.#owed > 0) continue;
      replies.push(this.#bytes.slice(this.#start, this.#at));
      this.#start = this.#at;
      this.#owed = 1;
    }
    return replies;
  }

  /** The bytes of a reply that is not complete yet. */
  rest(): Uint8Array {
    return this.#bytes.slice(this.#start, this.#end);
  }

  #append(chunk: Uint8Array): void {
    const held = this.#end - this.#start;
    if (this.#end + chunk.length > this.#bytes.length) {
      const needed = held + chunk.length;
      const target = needed > this.#bytes.length ? new Uint8Array(needed * 2) : this.#bytes;
      target.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = target;
      this.#at -= this.#start;
      this.#start = 0;
      this.#end = held;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Moves `at` over one frame (for an aggregate: over its header); false when the frame is not all here. */
  #scanFrame(): boolean {
    if (this.#at >= this.#end) return false;
    const lineEnd = this.#findLineEnd();
    if (lineEnd < 0) return false;
    const type = String.fromCharCode(this.#bytes[this.#at]!);
    switch (type) {
      case "+":
      case "-":
      case ":":
      case "_":
      case "#":
      case ",":
      case "(":
        return this.#take(lineEnd, 0);
      case "$":
      case "!":
      case "=":
        return this.#scanBulk(lineEnd);
      case "*":
      case "~":
      case ">":
        return this.#take(lineEnd, Math.max(0, this.#readLength(lineEnd)));
      case "%":
        return this.#take(lineEnd, 2 * this.#readLength(lineEnd));
      case "|":
        return this.#take(lineEnd, 2 * this.#readLength(lineEnd) + 1);
      default:
        throw new MalformedReply(`unknown type byte ${this.#bytes[this.#at]}`, this.#at - this.#start);
    }
  }

  #scanBulk(lineEnd: number): boolean {
    const length = this.#readLength(lineEnd);
    if (length < 0) return this.#take(lineEnd, 0);
    const end = lineEnd + length + 2;
    if (end > this.#end) return false;
    if (this.#bytes[end - 2] !== CR || this.#bytes[end - 1] !== LF) {
      throw new MalformedReply("a bulk string does not end in CRLF", end - 2 - this.#start);
    }
    return this.#take(end, 0);
  }

  #take(end: number, children: number): boolean {
    this.#at = end;
    this.#owed += children - 1;
    return true;
  }

  #findLineEnd(): number {
    const newline = this.#bytes.indexOf(LF, this.#at);
    if (newline < 0 || newline >= this.#end) return -1;
    if (this.#bytes[newline - 1] !== CR) throw new MalformedReply("LF without CR", newline - this.#start);
    return newline + 1;
  }

  #readLength(lineEnd: number): number {
    const digits = Buffer.from(this.#bytes.buffer, this.#at + 1, lineEnd - 2 - this.#at - 1).toString("latin1");
    if (!/^(-1|\d{1,15})$/.test(digits)) {
      throw new MalformedReply(`length ${JSON.stringify(digits)}`, this.#at - this.#start);
    }
    return Number(digits);
  }
}
