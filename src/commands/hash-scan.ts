import { command, keysAt } from "../command/command.ts";
import { scanCollection } from "../command/scan-page.ts";
import { HASH } from "../types/kinds.ts";

export const hscan = command({
  name: "hscan",
  arity: -3,
  flags: ["readonly"],
  categories: ["hash"],
  keys: [keysAt(1, "RO access")],
  group: "hash",
  since: "2.8.0",
  summary: "Walks through the fields of a hash, some at a time.",
  complexity: "O(1) for each call, O(N) for a whole walk",
  tips: ["nondeterministic_output"],
  syntax: "key:key cursor:integer [pattern:pattern=MATCH] [count:integer=COUNT] [novalues=NOVALUES]",
  run: (c) =>
    scanCollection(c, HASH, "fields", (e, cursor, page) =>
      c.keyspace.hashes.scan(e, cursor, (field, value) => {
        if (page.offer(field) && !page.options.noValues) page.add(value);
      }),
    ),
});
