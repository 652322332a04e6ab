import { readSync } from "node:fs";
import type { ByteString } from "../../config/text.ts";

/** Where a tool talks to whoever started it. */
export interface Terminal {
  print(text: ByteString): void;
  /** The next line of what is typed, up to its line break; "" at the end. */
  ask(): ByteString;
}

/** The tool has said why it ends, with status 1. */
export class ToolEnded extends Error {}

const STDIN = 0;
const LF = 10;

/** The terminal of this process. What is printed is gathered until `flush`, or until there is much of it. */
export class ProcessTerminal implements Terminal {
  private text = "";

  print(text: ByteString): void {
    this.text += text;
    if (this.text.length > 64 * 1024) this.flush();
  }

  flush(): void {
    process.stdout.write(Buffer.from(this.text, "latin1"));
    this.text = "";
  }

  ask(): ByteString {
    this.flush();
    const byte = new Uint8Array(1);
    let line = "";
    while (readSync(STDIN, byte) === 1 && byte[0] !== LF) line += String.fromCharCode(byte[0]);
    return line;
  }
}
