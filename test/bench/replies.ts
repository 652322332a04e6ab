/**
 * Counts the replies in a RESP2 stream without keeping them. State is carried from chunk to chunk, so replies may be split
 * anywhere; bulk bodies are skipped by arithmetic.
 */
const CR = 13;
const LF = 10;
const MINUS = 45;
const BULK = 36;
const ARRAY = 42;
const ERROR = 45;

export class ReplyCounter {
  /** Nil bulks and nil arrays seen so far. */
  nils = 0;
  /** The text of the first error reply, or null. */
  firstError: string | null = null;
  #type = 0;
  #number = 0;
  #negative = false;
  #skip = 0;
  #nested = 0;
  #errorText = "";

  /** Reads a chunk; returns how many top-level replies ended in it. */
  feed(chunk: Uint8Array): number {
    const length = chunk.length;
    let complete = 0;
    let at = 0;
    while (at < length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, length - at);
        this.#skip -= step;
        at += step;
        if (this.#skip === 0) complete += this.#endElement();
        continue;
      }
      const byte = chunk[at++]!;
      if (this.#type === 0) this.#type = byte;
      else if (byte === LF) complete += this.#endLine();
      else if (this.#type === BULK || this.#type === ARRAY) this.#digit(byte);
      else if (this.#type === ERROR && byte !== CR) this.#errorText += String.fromCharCode(byte);
    }
    return complete;
  }

  #digit(byte: number): void {
    if (byte === MINUS) this.#negative = true;
    else if (byte !== CR) this.#number = this.#number * 10 + byte - 48;
  }

  #endLine(): number {
    const type = this.#type;
    const number = this.#negative ? -1 : this.#number;
    this.#type = 0;
    this.#number = 0;
    this.#negative = false;
    if (type === BULK && number >= 0) {
      this.#skip = number + 2;
      return 0;
    }
    if (number < 0) this.nils += 1;
    if (type === ARRAY && number > 0) this.#nested += number + (this.#nested > 0 ? 0 : 1);
    if (type === ERROR) this.#noteError();
    return this.#endElement();
  }

  // `#nested` counts the elements still to end, the outermost array's own head included; 0 outside of arrays.
  #endElement(): number {
    if (this.#nested === 0) return 1;
    this.#nested -= 1;
    return this.#nested === 0 ? 1 : 0;
  }

  #noteError(): void {
    this.firstError ??= this.#errorText;
    this.#errorText = "";
  }
}
