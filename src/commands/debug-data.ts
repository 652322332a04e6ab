import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { HASHTABLE, HASHTABLE_EX } from "../types/kinds.ts";
import { stringKind } from "../types/string.ts";
import { datasetDigest, NO_VALUE_DIGEST, valueDigest } from "./debug-digest.ts";

const BAD_DATABASE = error("ERR Out of range database");
const NO_TABLE = error("ERR The value stored at the specified key is not represented using an hash table");

const metadata = { group: "server", since: "1.0.0" } as const;

export const debugDigest = command({
  ...metadata,
  name: "digest",
  arity: 2,
  summary: "Gives a digest of all data, equal for equal data in this and other servers.",
  run(c) {
    c.reply.status(datasetDigest(c.keyspace));
  },
});

export const debugDigestValue = command({
  ...metadata,
  name: "digest-value",
  arity: -2,
  summary: "Gives a digest of the value of each key.",
  run(c) {
    c.reply.array(c.argc - 2);
    for (let i = 2; i < c.argc; i++) {
      const e = c.peek(i);
      c.reply.status(e === NULL ? NO_VALUE_DIGEST : valueDigest(c.keyspace, e));
    }
  },
});

export const debugPopulate = command({
  ...metadata,
  name: "populate",
  arity: -3,
  summary: "Makes so many strings <prefix>:<number> (key:...) of so many bytes, without journalling them.",
  run(c) {
    const count = c.integerBetween(2, 0, Number.MAX_SAFE_INTEGER, ERRORS.mustBePositive);
    const bytes = c.argc > 4 ? c.integerBetween(4, 0, 2 ** 31, ERRORS.mustBePositive) : 0;
    if (c.failed) return;
    const prefix = c.argc > 3 ? c.args.text(3) : "key";
    for (let i = 0; i < count; i++) populateKey(c, `${prefix}:${i}`, `value:${i}`, bytes);
    c.reply.ok();
  },
});

/** Makes the key unless it is there. `bytes` 0: as long as the text; else the text is cut, or zero bytes follow it. */
function populateKey({ db }: Call, name: string, text: string, bytes: number): void {
  const key = Buffer.from(name, "latin1");
  const hash = db.hash(key, 0, key.length);
  if (db.find(key, 0, key.length, hash) !== NULL) return;
  const value = new Uint8Array(bytes === 0 ? text.length : bytes);
  Buffer.from(text, "latin1").copy(value);
  db.setString(NULL, key, 0, key.length, hash, stringKind(value, 0, value.length), value, 0, value.length, 0);
}

export const debugHtstats = command({
  ...metadata,
  name: "htstats",
  arity: 3,
  summary: "Tells how full the table of a database is.",
  run(c) {
    const id = c.integer(2);
    if (c.failed) return;
    const db = c.keyspace.databases[id];
    if (db === undefined) return c.fail(BAD_DATABASE);
    const deadlines = `[Expires]\n number of elements: ${db.timedSize}\n`;
    c.reply.verbatim("txt", `[Dictionary HT]\n${tableText(c, db.table)}${deadlines}`);
  },
});

export const debugHtstatsKey = command({
  ...metadata,
  name: "htstats-key",
  arity: 3,
  summary: "Tells how full the table of a large collection is.",
  run(c) {
    const e = c.peek(2);
    if (e === NULL) return c.fail(ERRORS.noSuchKey);
    const table = tableOf(c, e);
    if (table === NULL) return c.fail(NO_TABLE);
    c.reply.verbatim("txt", tableText(c, table));
  },
});

/** The Dict that a value is held in; NULL when it is held otherwise. */
function tableOf({ entries, keyspace }: Call, e: Ptr): Ptr {
  const encoding = entries.encoding(e);
  if (encoding === HASHTABLE_EX) return keyspace.hashes.timers.fields(entries.reference(e));
  return encoding === HASHTABLE ? entries.reference(e) : NULL;
}

/** How many elements share a home, and how often. */
function tableText({ keyspace: { dict } }: Call, table: Ptr): string {
  const homes = dict.buckets(table);
  const homesWith: number[] = [];
  for (let home = 0; home < homes; home++) {
    let elements = 0;
    dict.visitHome(table, home, () => elements++);
    homesWith[elements] = (homesWith[elements] ?? 0) + 1;
  }
  const lines = [
    `table size: ${homes}`,
    `number of elements: ${dict.count(table)}`,
    `different slots: ${homes - (homesWith[0] ?? 0)}`,
    `max elements of a slot: ${homesWith.length - 1}`,
    "Elements of slots:",
    ...homesWith.flatMap((count, elements) =>
      count > 0 ? [`  ${elements}: ${count} (${((count * 100) / homes).toFixed(2)}%)`] : [],
    ),
  ];
  return lines.map((line) => ` ${line}\n`).join("");
}
