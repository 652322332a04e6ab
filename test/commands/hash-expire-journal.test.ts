import { describe, expect, test } from "bun:test";
import { own, Span } from "../../src/lib/bytes.ts";
import { Random } from "../../src/lib/random.ts";
import { argsOf } from "../../src/resp/args.ts";
import { parseReplies, texts } from "../support/reply.ts";
import { LocalServer } from "./local-server.ts";

/** A server whose requests are kept as they are journalled. */
function journalled(): { server: LocalServer; journal: string[][] } {
  const server = new LocalServer();
  const journal: string[][] = [];
  Object.assign(server, {
    journal: {
      append: (_db: number, buf: Uint8Array, start: number, len: number) => {
        for (const request of parseReplies(own(buf, start, len))) journal.push(texts(request).map(String));
      },
      flush: () => true,
      lastError: "",
    },
  });
  return { server, journal };
}

/** Every field of the database as "key field value deadline", in order. */
function contents({ keyspace }: LocalServer): string[] {
  const lines: string[] = [];
  const key = new Span();
  const text = ({ buf, start, len }: Span): string => Buffer.from(buf.subarray(start, start + len)).toString("latin1");
  keyspace.dict.forEach(keyspace.databases[0].table, (e) => {
    keyspace.entries.name(e, key);
    const name = text(key);
    keyspace.hashes.forEach(e, (field, value, deadlineMs) => {
      lines.push(`${name} ${text(field)} ${text(value)} ${deadlineMs}`);
    });
  });
  return lines.toSorted();
}

/** A request by chance about few keys and fields. */
function request(random: Random, nowMs: number, fields: number): string {
  const pick = <T>(...items: T[]): T => items[random.below(items.length)];
  const key = pick("a", "b");
  const field = (): string => `f${random.below(fields)}`;
  const names = Array.from({ length: 1 + random.below(40) }, field);
  const pairs = names.map((name) => `${name} ${random.below(100)}`).join(" ");
  const named = `FIELDS ${names.length} ${names.join(" ")}`;
  const condition = pick("", "", "NX ", "XX ", "GT ", "LT ");
  const time = pick(`PX ${random.below(100)}`, `PXAT ${nowMs + random.below(100) - 5}`, "", "");
  return pick(
    `HSET ${key} ${pairs}`,
    `HSET ${key} ${pairs}`,
    `HSETNX ${key} ${field()} 1`,
    `HINCRBY ${key} ${field()} 3`,
    `HINCRBY ${key} ${field()} 3`,
    `HINCRBYFLOAT ${key} ${field()} 1.5`,
    `HDEL ${key} ${field()} ${field()}`,
    `HPEXPIRE ${key} ${random.below(100)} ${condition}${named}`,
    `HPEXPIRE ${key} ${1 + random.below(20)} ${named}`,
    `HPEXPIRE ${key} ${1 + random.below(20)} ${named}`,
    `HPEXPIREAT ${key} ${nowMs + random.below(100) - 5} ${condition}${named}`,
    `HPERSIST ${key} ${named}`,
    `HGETEX ${key} ${pick(time, "PERSIST")} ${named}`,
    `HSETEX ${key} ${pick("", "", "FNX", "FXX")} ${pick(time, "KEEPTTL")} FIELDS ${names.length} ${pairs}`,
    `HGETDEL ${key} FIELDS 1 ${field()}`,
    `COPY ${key} ${pick("a", "b")} REPLACE`,
    `RENAME ${key} ${pick("a", "b")}`,
    `DEL ${key}`,
  );
}

describe("the journal of hashes with fields that end", () => {
  test.each([
    [20, 512],
    [20, 0],
    [300, 0],
  ])("gives the same hashes again, with %d fields and at most %d packed", (fields, packedMax) => {
    const random = new Random(fields + packedMax);
    const { server, journal } = journalled();
    server.keyspace.hashes.hashMaxListpackEntries = packedMax;
    const c = server.connect();
    for (let step = 0; step < 4000; step++) {
      c.say(request(random, server.keyspace.nowMs, fields));
      if (random.below(5) === 0) server.pass(random.below(30));
      const db = server.keyspace.databases[0];
      if (random.below(50) === 0) db.wheel?.advance(server.keyspace.nowMs, db, () => false);
    }
    const replica = new LocalServer();
    const loader = replica.connect().client;
    replica.keyspace.setNow(0);
    for (const words of journal) {
      const failure = replica.executor.replay(loader, argsOf(...words.map((word) => Buffer.from(word, "latin1"))));
      expect([words.join(" "), failure]).toEqual([words.join(" "), undefined]);
    }
    replica.keyspace.setNow(server.keyspace.nowMs);
    expect(contents(replica)).toEqual(contents(server));
    expect(contents(server).length).toBeGreaterThan(0);
  });
});
