import { command, type KeySpec, keysAt, type RequestKey } from "../command/command.ts";
import { runSort } from "../command/sort.ts";
import type { Args } from "../resp/args.ts";

const LOOKED_UP: KeySpec = {
  flags: ["RO", "access"],
  begin: "unknown",
  find: "unknown",
  notes: "The keys that BY and GET read: their names are made of the elements",
};
const STORED: KeySpec = {
  flags: ["OW", "update"],
  begin: "unknown",
  find: "unknown",
  notes: "The key of STORE, which may stand anywhere behind the first",
};
const SYNTAX =
  "key:key [by-pattern:pattern#1=BY] [limit(offset:integer count:integer)=LIMIT] [get-pattern:pattern#1+GET...] " +
  "[order<asc=ASC | desc=DESC>] [sorting=ALPHA]";
const shared = {
  arity: -2,
  categories: ["set", "sortedset", "list", "dangerous"],
  group: "generic",
  complexity: "O(N+M*log(M)), N being the number of elements, M how many are returned",
} as const;

export const sort = command({
  ...shared,
  name: "sort",
  flags: ["write", "denyoom", "movablekeys"],
  keys: [keysAt(1, "RO access"), LOOKED_UP, STORED],
  moreKeys: keyOfStore,
  since: "1.0.0",
  summary: "Gives or stores the elements of a list, a set or a sorted set in order.",
  syntax: `${SYNTAX} [destination:key#2=STORE]`,
  run(c) {
    runSort(c, true);
  },
});

export const sortRo = command({
  ...shared,
  name: "sort_ro",
  flags: ["readonly", "movablekeys"],
  keys: [keysAt(1, "RO access"), LOOKED_UP],
  since: "7.0.0",
  summary: "Gives the elements of a list, a set or a sorted set in order.",
  syntax: SYNTAX,
  run(c) {
    runSort(c, false);
  },
});

/** The key of the last STORE. */
function keyOfStore(args: Args): RequestKey[] {
  let index = 0;
  for (let i = 2; i < args.count - 1; i++) {
    if (args.is(i, "LIMIT")) i += 2;
    else if (args.is(i, "GET") || args.is(i, "BY")) i++;
    else if (args.is(i, "STORE")) index = ++i;
  }
  return index > 0 ? [{ index, flags: ["OW", "update"] }] : [];
}
