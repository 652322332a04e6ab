import type { Call } from "./call.ts";

const FIRST_PRINTABLE = 33;
const LAST_PRINTABLE = 126;

/**
 * Argument i as a name that CLIENT LIST can show: printable ASCII without blanks, or empty. Fails otherwise, in words that begin with
 * `what`.
 */
export function nameArgument(c: Call, i: number, what: string): string {
  const { buf, start, len } = c.args;
  for (let at = start[i]; at < start[i] + len[i]; at++) {
    if (buf[at] >= FIRST_PRINTABLE && buf[at] <= LAST_PRINTABLE) continue;
    c.failText(`ERR ${what} cannot contain spaces, newlines or special characters.`);
    return "";
  }
  return c.args.text(i);
}
