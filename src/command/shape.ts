// What can be told of a request before anything else: whether it names a command and has as many arguments as that takes.
import type { Args } from "../resp/args.ts";
import type { TableEntry } from "./table.ts";

/** By their full names. */
export const ALLOWED_WHEN_SUBSCRIBED = new Set([
  "subscribe",
  "unsubscribe",
  "psubscribe",
  "punsubscribe",
  "ssubscribe",
  "sunsubscribe",
  "ping",
  "quit",
  "reset",
]);

/** Of names and arguments that it does not know an error shows so many bytes. */
const SHOWN_BYTES_MAX = 128;

/** Whether the command can be called with so many arguments. */
export function isCallable(entry: TableEntry, count: number): boolean {
  const { arity, run } = entry.command;
  return run !== undefined && (arity >= 0 ? count === arity : count >= -arity);
}

/** Whether the request is a line of HTTP, which a web page could make a browser send here. */
export function isBrowser(args: Args): boolean {
  return args.is(0, "POST") || args.is(0, "HOST:");
}

export function unknownCommand(args: Args): string {
  let shown = "";
  for (let i = 1; i < args.count && shown.length < SHOWN_BYTES_MAX; i++) {
    shown += `'${args.quoted(i, SHOWN_BYTES_MAX - shown.length)}' `;
  }
  return `ERR unknown command '${args.quoted(0, SHOWN_BYTES_MAX)}', with args beginning with: ${shown}`;
}

export function unknownSubcommand(entry: TableEntry, args: Args): string {
  const name = entry.fullName.toUpperCase();
  return `ERR unknown subcommand '${args.quoted(1, SHOWN_BYTES_MAX)}'. Try ${name} HELP.`;
}

export function wrongArity({ fullName }: TableEntry): string {
  return `ERR wrong number of arguments for '${fullName}' command`;
}
