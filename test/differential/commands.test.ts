// What COMMAND INFO says of each command that redis-server 7.0 has as well: the same facts, and replies of the same shape. And
// that COMMAND DOCS, whose texts are our own, has the shape of redis-server's.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CommandTable } from "../../src/command/table.ts";
import { COMMANDS } from "../../src/commands/index.ts";
import { requireRedisServer } from "../support/oracle.ts";
import { parseReply, type Reply } from "../support/reply.ts";
import { Pair, type Protocol } from "./pair.ts";

const FIELDS = [
  "name",
  "arity",
  "flags",
  "first key",
  "last key",
  "step",
  "categories",
  "tips",
  "key specifications",
] as const;
type Field = (typeof FIELDS)[number];

/** What is as in later versions of Redis, and not as in 7.0. */
const LATER: Readonly<Record<string, readonly Field[]>> = {
  subscribe: ["flags"],
  psubscribe: ["flags"],
  ssubscribe: ["flags"],
  scan: ["tips"],
  "client|setname": ["tips"],
  "config|resetstat": ["tips"],
  "command|getkeys": ["arity"],
  "command|getkeysandflags": ["arity"],
  blmove: ["flags"],
  blpop: ["flags"],
  brpop: ["flags"],
  brpoplpush: ["flags"],
  bzpopmax: ["flags"],
  bzpopmin: ["flags"],
  eval: ["flags"],
  eval_ro: ["flags"],
  evalsha: ["flags"],
  evalsha_ro: ["flags"],
  fcall: ["flags"],
  fcall_ro: ["flags"],
  georadius: ["key specifications"],
  georadiusbymember: ["key specifications"],
  sinterstore: ["key specifications"],
  wait: ["flags", "categories"],
  xread: ["key specifications"],
  xreadgroup: ["key specifications"],
  zrank: ["arity"],
  zrevrank: ["arity"],
};

/** Aggregates without order, and notes, which are documentation, left out. */
function plain(reply: Reply): unknown {
  if (!Array.isArray(reply.value)) return reply;
  const items = reply.value as readonly Reply[];
  const at = items.findIndex((item) => item.value === "notes");
  const kept = at === 0 ? items.slice(2) : items;
  const values = kept.map(plain);
  const isSet = kept.every((item) => item.type === "+") || reply.type === "~";
  return { type: reply.type, items: isSet ? values.map((value) => JSON.stringify(value)).sort() : values };
}

/** A map, or the flat array that it is in RESP2. */
function entriesOf(reply: Reply): Map<string, Reply> {
  const items = reply.value as readonly Reply[];
  return new Map(items.flatMap((item, i) => (i % 2 === 0 ? [[String(item.value), items[i + 1]!] as const] : [])));
}

/** We have no history of changes, and more was deprecated after 7.0. */
const OTHER_FIELDS = ["history", "doc_flags", "deprecated_since", "replaced_by"];

/** Names, and types of values, of a command's description. */
function fieldsOf(reply: Reply): unknown {
  return [...entriesOf(reply)].filter(([name]) => !OTHER_FIELDS.includes(name)).map(([name, { type }]) => [name, type]);
}

describe.skipIf(requireRedisServer() === undefined)("COMMAND", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await Pair.start();
  });
  afterAll(() => pair.stop());

  async function both(protocol: Protocol, ...words: string[]): Promise<[theirs: Reply, ours: Reply]> {
    const version = protocol === "RESP3" ? 3 : 2;
    await Promise.all([pair.redisAdmin.command("HELLO", version), pair.oursAdmin.command("HELLO", version)]);
    const [theirs, ours] = await Promise.all([pair.redisAdmin.command(...words), pair.oursAdmin.command(...words)]);
    return [parseReply(theirs), parseReply(ours)];
  }

  test("DOCS has the fields of redis-server's for every command that both have", async () => {
    for (const protocol of ["RESP2", "RESP3"] as const) {
      const [theirs, ours] = await both(protocol, "COMMAND", "DOCS", ...names.filter((name) => !name.includes("|")));
      const [a, b] = [entriesOf(theirs), entriesOf(ours)];
      const differing = [...a.keys()].filter((name) => !Bun.deepEquals(fieldsOf(a.get(name)!), fieldsOf(b.get(name)!)));
      expect(differing).toEqual([]);
    }
  });

  test("DOCS describes arguments as redis-server does", async () => {
    for (const protocol of ["RESP2", "RESP3"] as const) {
      const [theirs, ours] = await both(protocol, "COMMAND", "DOCS", "getex", "getset", "copy", "hset", "client|kill");
      const [a, b] = [entriesOf(theirs), entriesOf(ours)];
      for (const name of ["getex", "getset", "copy"]) {
        expect(entriesOf(b.get(name)!).get("arguments")).toEqual(entriesOf(a.get(name)!).get("arguments")!);
      }
    }
  });

  const names = [...new CommandTable(COMMANDS).all()].map(({ fullName }) => fullName);
  for (const protocol of ["RESP2", "RESP3"] as const) {
    test(`INFO says the same of every command that both have, over ${protocol}`, async () => {
      const [theirs, ours] = await both(protocol, "COMMAND", "INFO", ...names);
      const differing = names.flatMap((name, i) => {
        const [a, b] = [theirs, ours].map((reply) => (reply.value as readonly Reply[])[i]!.value);
        if (!Array.isArray(a)) return [];
        return FIELDS.flatMap((field, j) => {
          const known = LATER[name]?.includes(field) ?? false;
          const same = Bun.deepEquals(plain(a[j]), plain((b as readonly Reply[])[j]!));
          return same === known ? [`${name}: ${field}`] : [];
        });
      });
      expect(differing).toEqual([]);
    });
  }
});
