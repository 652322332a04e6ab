// What the server tells about itself must have at least the parts that redis-server 7.0 tells, because people's
// dashboards and scripts read them. The values are its own.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireRedisServer } from "../support/oracle.ts";
import { Pair } from "./pair.ts";

// Of what it was built with, and how often values of RESTORE were looked through: all are, always.
const LEFT_OUT = ["gcc_version", "atomicvar_api", "dump_payload_sanitizations"];

describe.skipIf(requireRedisServer() === undefined)("INFO", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await Pair.start();
    for (const connection of [pair.redisAdmin, pair.oursAdmin]) {
      for (const command of ["SET a 1", "SET b 1 EX 1000", "GET a", "NOPE"])
        await connection.command(...command.split(" "));
    }
  });
  afterAll(() => pair.stop());

  async function infoOf(...sections: string[]): Promise<[theirs: string, ours: string]> {
    return [await pair.redisAdmin.text("INFO", ...sections), await pair.oursAdmin.text("INFO", ...sections)];
  }

  const names = (info: string): string[] => [...info.matchAll(/^([a-z0-9_]+):/gm)].map((hit) => hit[1]!);
  const titles = (info: string): string[] => [...info.matchAll(/^# (\w+)/gm)].map((hit) => hit[1]!);

  test("has every section of redis-server by default, and with ALL and EVERYTHING", async () => {
    for (const which of [[], ["all"], ["everything"], ["default"]]) {
      const [theirs, ours] = await infoOf(...which);
      const missing = titles(theirs).filter((title) => !titles(ours).includes(title));
      expect({ which, missing: missing.filter((title) => title !== "Modules") }).toEqual({ which, missing: [] });
    }
  });

  for (const section of [
    "server",
    "clients",
    "memory",
    "persistence",
    "stats",
    "replication",
    "cpu",
    "errorstats",
    "keyspace",
  ]) {
    test(`${section} has every field of redis-server`, async () => {
      const [theirs, ours] = await infoOf(section);
      const has = new Set(names(ours));
      expect(names(theirs).filter((name) => !has.has(name) && !isForeign(name))).toEqual([]);
    });
  }

  function isForeign(name: string): boolean {
    return LEFT_OUT.includes(name);
  }

  test("several sections may be asked for at once, in any case, each once", async () => {
    for (const which of [["server", "clients"], ["CLIENTS", "clients"], ["keyspace", "nope"], ["nope"]]) {
      const [theirs, ours] = await infoOf(...which);
      expect({ which, titles: titles(ours) }).toEqual({ which, titles: titles(theirs) });
    }
  });

  test("keyspace counts keys and deadlines per database", async () => {
    const counts = (info: string): string[] =>
      [...info.matchAll(/^(db\d+:keys=\d+,expires=\d+)/gm)].map((hit) => hit[1]!);
    const [theirs, ours] = await infoOf("keyspace");
    expect(counts(ours)).toEqual(counts(theirs));
  });

  test("commandstats counts calls and failures of each command", async () => {
    const line = (info: string, name: string): string =>
      new RegExp(`^cmdstat_${name}:calls=\\d+`, "m").exec(info)?.[0] ?? "";
    const [theirs, ours] = await infoOf("commandstats");
    for (const name of ["set", "get"]) expect(line(ours, name)).toBe(line(theirs, name));
    expect(ours).toMatch(
      /^cmdstat_get:calls=\d+,usec=\d+,usec_per_call=[\d.]+,rejected_calls=\d+,failed_calls=\d+\r$/m,
    );
  });
});
