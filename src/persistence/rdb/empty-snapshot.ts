import { closeSync, fstatSync, openSync } from "node:fs";
import { latin1, Span } from "../../lib/bytes.ts";
import { HEADER_BYTES, MAGIC, OPCODE } from "./codes.ts";
import { RdbError, RdbInput } from "./rdb-input.ts";

/** Whether a file is a snapshot without keys, as redis-server starts a new folder with one. Throws what opening it throws. */
export function isEmptySnapshot(path: string): boolean {
  const fd = openSync(path, "r");
  try {
    const input = new RdbInput();
    input.openFile(fd, fstatSync(fd).size, false);
    return endsAtOnce(input);
  } catch (error) {
    if (error instanceof RdbError) return false;
    throw error;
  } finally {
    closeSync(fd);
  }
}

function endsAtOnce(input: RdbInput): boolean {
  const text = new Span();
  input.need(HEADER_BYTES);
  if (latin1(input.buf, input.at, MAGIC.length) !== MAGIC) return false;
  input.at += HEADER_BYTES;
  let code = input.byte();
  for (; code === OPCODE.AUX; code = input.byte()) {
    input.string(text);
    input.string(text);
  }
  return code === OPCODE.END;
}
