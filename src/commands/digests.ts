import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { journalDelete } from "../command/string-values.ts";
import { comparesValue, conditionAt, conditionHolds } from "../command/value-conditions.ts";
import { DIGEST_TEXT_BYTES, writeDigest } from "../lib/xxh3.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { STRING } from "../types/kinds.ts";

const text = new Uint8Array(DIGEST_TEXT_BYTES);

export const digest = command({
  name: "digest",
  arity: 2,
  flags: ["readonly", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RO access")],
  group: "string",
  since: "8.4.0",
  summary: "Gives the XXH3 hash of a key's value in hexadecimal digits.",
  complexity: "O(N) with the length of the value",
  syntax: "key:key",
  run(c) {
    const e = c.readString(1);
    if (c.failed) return;
    if (e === NULL) {
      c.reply.nil();
      return;
    }
    const { span } = c;
    c.entries.value(e, span);
    writeDigest(span.buf, span.start, span.len, text, 0);
    c.reply.bulk(text, 0, DIGEST_TEXT_BYTES);
  },
});

export const delex = command({
  name: "delex",
  arity: -2,
  flags: ["write", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RW delete variable_flags")],
  group: "string",
  since: "8.4.0",
  summary: "Deletes a key if its value, or the hash of it, is as expected.",
  complexity: "O(1), O(N) with the length of the value if hashes are compared",
  syntax:
    "key:key [condition<ifeq-value:string=IFEQ | ifne-value:string=IFNE | ifdeq-digest:string=IFDEQ | " +
    "ifdne-digest:string=IFDNE>]",
  run(c) {
    if (c.argc !== 2 && c.argc !== 4) {
      c.failArity();
      return;
    }
    const e = c.write(1);
    if (e !== NULL && c.argc === 4) checkCondition(c, e);
    const holds = !c.failed && e !== NULL && (c.argc === 2 || conditionHolds(c, e, conditionAt(c.args, 2), 3));
    if (c.failed) return;
    if (holds) {
      c.db.delete(e);
      c.changed(1, EVENTS.generic, "del");
      journalDelete(c, 1);
    }
    c.reply.integer(holds ? 1 : 0);
  },
});

function checkCondition(c: Call, e: Ptr): void {
  if (c.entries.type(e) !== STRING) c.failText("ERR Key should be of string type if conditions are specified");
  if (!comparesValue(conditionAt(c.args, 2))) c.failText("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");
}
