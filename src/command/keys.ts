import { parseInteger } from "../lib/integer.ts";
import type { Args } from "../resp/args.ts";
import type { Command, KeySpec, RequestKey } from "./command.ts";

/** Whether any request of this command has keys. Channels are described like keys but are none. */
export function takesKeys(command: Command): boolean {
  return keySpecsOf(command).length > 0;
}

/**
 * The keys of a request that has the right number of arguments for its command, as the command's key specifications find them. Undefined
 * when the request is malformed in a way that would leave open which arguments are keys.
 */
export function keysOf(command: Command, args: Args): readonly RequestKey[] | undefined {
  if (command.requestKeys !== undefined) return command.requestKeys(args);
  const found: RequestKey[] = [];
  for (const spec of keySpecsOf(command)) {
    const begin = beginOf(spec, args);
    if (begin === 0) continue;
    const range = rangeOf(spec, args, begin);
    if (range === undefined || range.last >= args.count) return undefined;
    const flags = spec.flags.includes("variable_flags") ? (command.keyFlags?.(args) ?? spec.flags) : spec.flags;
    for (let index = range.first; index <= range.last; index += range.step) found.push({ index, flags });
  }
  if (command.moreKeys !== undefined) found.push(...command.moreKeys(args));
  return found;
}

function keySpecsOf(command: Command): KeySpec[] {
  return (command.keys ?? []).filter(({ flags }) => !flags.includes("not_key"));
}

/** The argument that the search for keys starts from; 0 when the keyword that announces them is missing. */
function beginOf({ begin }: KeySpec, args: Args): number {
  if (begin === "unknown") return 0;
  if ("index" in begin) return begin.index;
  const { keyword, startFrom } = begin;
  const step = startFrom > 0 ? 1 : -1;
  for (let i = startFrom > 0 ? startFrom : args.count + startFrom; i > 0 && i < args.count - 1; i += step) {
    if (args.is(i, keyword)) return i + 1;
  }
  return 0;
}

/** First and last key and the distance between two; undefined when the request gives a wrong number of keys. */
function rangeOf(
  { find }: KeySpec,
  args: Args,
  begin: number,
): { first: number; last: number; step: number } | undefined {
  if (find === "unknown") return undefined;
  if ("lastKey" in find) {
    const { lastKey, step, limit } = find;
    if (lastKey >= 0) return { first: begin, last: begin + lastKey, step };
    const end = limit === 0 ? args.count : begin + Math.floor((args.count - begin) / limit);
    return { first: begin, last: end + lastKey, step };
  }
  const at = begin + find.keyCountIndex;
  const count = at < args.count ? parseInteger(args.buf, args.start[at], args.len[at]) : Number.NaN;
  if (Number.isNaN(count) || count < 0) return undefined;
  const first = begin + find.firstKey;
  return { first, last: first + (count - 1) * find.step, step: find.step };
}
