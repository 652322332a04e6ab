import { command, keysAt } from "../command/command.ts";
import { scanCollection } from "../command/scan-page.ts";
import { SET } from "../types/kinds.ts";

export const sscan = command({
  name: "sscan",
  arity: -3,
  flags: ["readonly"],
  categories: ["set"],
  keys: [keysAt(1, "RO access")],
  group: "set",
  since: "2.8.0",
  summary: "Walks through the members of a set, some at a time.",
  complexity: "O(1) for each call, O(N) for a whole walk",
  tips: ["nondeterministic_output"],
  syntax: "key:key cursor:integer [pattern:pattern=MATCH] [count:integer=COUNT]",
  run: (c) =>
    scanCollection(c, SET, "elements", (e, cursor, page) =>
      c.keyspace.sets.scan(e, cursor, (member) => page.offer(member)),
    ),
});
