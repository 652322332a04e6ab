import { readSync } from "node:fs";
import type { CommandTable } from "../../command/table.ts";
import { Args } from "../../resp/args.ts";
import { COMPLETE, INCOMPLETE, Parser } from "../../resp/parser.ts";
import { isRegular } from "./frames.ts";

const WINDOW_BYTES = 16 * 1024 * 1024;
/** So many whole commands in a row are no chance. */
const COMMANDS = 3;
const SEPARATOR = Buffer.from("\r\n*");

/**
 * Looks for whole commands behind the request at `from`, which is incomplete. A write that was torn leaves nothing behind itself; a
 * damaged length swallows the rest of the file, and cutting that off would destroy good data. Returns where they start.
 */
export function continuation(fd: number, from: number, size: number, table: CommandTable): number | undefined {
  const window = Buffer.alloc(Math.min(WINDOW_BYTES, size - from));
  const end = readSync(fd, window, 0, window.length, from);
  const args = new Args();
  const parser = new Parser();
  for (let at = window.indexOf(SEPARATOR); at >= 0; at = window.indexOf(SEPARATOR, at + 1)) {
    if (startCommands(window, at + 2, end, table, parser, args)) return from + at + 2;
  }
  return undefined;
}

/** Whether known commands follow each other from `pos` on: some, or fewer up to the end. */
function startCommands(
  window: Uint8Array,
  pos: number,
  end: number,
  table: CommandTable,
  parser: Parser,
  args: Args,
): boolean {
  let found = 0;
  while (found < COMMANDS && pos < end) {
    args.begin(window, pos);
    const result = parser.parse(args, end, true);
    if (result === INCOMPLETE) return found > 0;
    if (result !== COMPLETE || args.count === 0 || !isRegular(args) || !isKnown(table, args)) return false;
    pos = args.pos;
    found++;
  }
  return found > 0;
}

function isKnown(table: CommandTable, args: Args): boolean {
  return args.is(0, "MULTI") || args.is(0, "EXEC") || table.find(args) !== undefined;
}
