import { command } from "../command/command.ts";
import { ScanOptions } from "../command/scan-options.ts";
import { readCursor, ScanPage } from "../command/scan-page.ts";
import { globMatch } from "../lib/glob.ts";
import type { Ptr } from "../memory/arena.ts";
import { TYPE_NAMES } from "../types/kinds.ts";

const STAR = 42;

export const keys = command({
  name: "keys",
  arity: 2,
  flags: ["readonly"],
  categories: ["keyspace", "dangerous"],
  group: "generic",
  since: "1.0.0",
  summary: "Lists all keys whose names match a pattern.",
  complexity: "O(N), N being the number of keys of the database",
  tips: ["request_policy:all_shards", "nondeterministic_output_order"],
  syntax: "pattern:pattern",
  run(c) {
    const { args, span, entries, reply } = c;
    const pattern = args.start[1];
    const patternLen = args.len[1];
    const all = patternLen === 1 && args.buf[pattern] === STAR;
    const mark = reply.beginDeferred();
    let found = 0;
    c.keyspace.dict.forEach(c.db.table, (e) => {
      if (c.db.isPast(e)) return;
      entries.name(e, span);
      if (!all && !globMatch(args.buf, pattern, patternLen, span.buf, span.start, span.len, false)) return;
      reply.bulk(span.buf, span.start, span.len);
      found++;
    });
    reply.endDeferred(mark, found);
  },
});

export const scan = command({
  name: "scan",
  arity: -2,
  flags: ["readonly"],
  categories: ["keyspace"],
  group: "generic",
  since: "2.8.0",
  summary: "Lists the keys of the database page by page.",
  complexity: "O(1) for every page, O(N) for all N keys",
  tips: ["nondeterministic_output", "request_policy:special", "response_policy:special"],
  syntax: "cursor:integer [pattern:pattern=MATCH] [count:integer=COUNT] [type:string=TYPE@6.0.0]",
  run(c) {
    const cursor = readCursor(c, 1);
    const options = new ScanOptions(c, 2, "keys");
    if (c.failed) return;
    const { entries, span, db } = c;
    const page = new ScanPage(options);
    const visit = (e: Ptr): void => {
      const isWanted = options.typeName === undefined || TYPE_NAMES[entries.type(e)] === options.typeName;
      if (!isWanted || db.isPast(e)) {
        page.met++;
        return;
      }
      entries.name(e, span);
      page.offer(span);
    };
    page.fill(c, cursor, (at) => c.keyspace.dict.scan(db.table, at, visit));
  },
});
