import { Args } from "../../src/resp/args.ts";
import { COMPLETE, Parser } from "../../src/resp/parser.ts";

/** A request as it goes over the wire and into the file. */
export function request(...words: string[]): Buffer {
  return Buffer.from(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`, "latin1");
}

/** The requests of a file as lines "<database> <words>". Throws when it holds anything else. */
export function readRequests(file: Uint8Array): string[] {
  return read(file, (pos) => {
    throw new Error(`no whole request at ${pos}`);
  });
}

/** The requests that a file begins with. */
export function readBeginning(file: Uint8Array): string[] {
  return read(file, () => {});
}

function read(file: Uint8Array, torn: (pos: number) => void): string[] {
  const args = new Args();
  const parser = new Parser();
  const lines: string[] = [];
  let database = -1;
  for (let pos = 0; pos < file.length; pos = args.pos) {
    args.begin(file, pos);
    if (parser.parse(args, file.length, true) !== COMPLETE) {
      torn(pos);
      break;
    }
    const words = Array.from({ length: args.count }, (_, i) => args.text(i));
    if (words[0] === "SELECT") database = Number(words[1]);
    else lines.push(`${database} ${words.join(" ")}`);
  }
  return lines;
}
