import type { ServerContext } from "../command/context.ts";
import type { Database } from "../keyspace/database.ts";
import { HASH, LIST, SET, STRING, ZSET } from "../types/kinds.ts";
import type { Fields, Section } from "./section.ts";

/** So many keys are looked at, in some 0.3 ms; when there are more, their figures are taken to be those of all. */
const SAMPLED_KEYS_MAX = 1000;
const POWERS = 64;

/** Redis's names of the types that it has figures of, and of what is counted of them. */
const NAMES: readonly (readonly [type: number, name: string])[] = [
  [STRING, "strings_sizes"],
  [LIST, "lists_items"],
  [SET, "sets_items"],
  [ZSET, "zsets_items"],
  [HASH, "hashes_items"],
];

/**
 * How long values are, by powers of two: bytes of strings, elements of collections. Redis keeps these figures up to date with every
 * write. Here nobody pays for them but who asks: they are exact as long as there are few keys, and beyond that an estimate from
 * neighbours in the tables, where keys lie in no order.
 */
export const keysizes: Section = {
  name: "keysizes",
  title: "Keysizes",
  fields(server) {
    const fields: Fields = {};
    const keys = server.keyspace.databases.reduce((sum, db) => sum + db.size, 0);
    for (const db of server.keyspace.databases) {
      if (db.size === 0) continue;
      const wanted = Math.ceil(db.size * Math.min(1, SAMPLED_KEYS_MAX / keys));
      const counts = distributions(server, db, wanted);
      for (const [type, name] of NAMES) {
        const text = distributionText(counts[type]);
        if (text !== "") fields[`db${db.id}_distrib_${name}`] = text;
      }
    }
    return fields;
  },
};

/** For each type how many values have a length of 0 (the first), 1, 2 to 3, 4 to 7 and so on. */
function distributions({ keyspace, random }: ServerContext, db: Database, wanted: number): Float64Array[] {
  const { dict } = keyspace;
  const counts = NAMES.map(() => new Float64Array(POWERS));
  const homes = dict.buckets(db.table);
  const all = wanted >= db.size;
  let home = all ? 0 : random.below(homes);
  let seen = 0;
  for (let looked = 0; looked < homes && (all || seen < wanted); looked++) {
    dict.visitHome(db.table, home, (e) => {
      seen++;
      const length = keyspace.lengthOf(e);
      const powers = counts[keyspace.entries.type(e)];
      if (powers !== undefined) powers[length === 0 ? 0 : Math.floor(Math.log2(length)) + 1]++;
    });
    home = (home + 1) % homes;
  }
  const factor = seen === 0 ? 1 : db.size / seen;
  return counts.map((powers) => powers.map((count) => (count === 0 ? 0 : Math.max(1, Math.round(count * factor)))));
}

function distributionText(powers: Float64Array): string {
  const shown: string[] = [];
  for (const [i, count] of powers.entries()) if (count > 0) shown.push(`${bound(i)}=${count}`);
  return shown.join(",");
}

/** The smallest length counted at index i. */
function bound(i: number): string {
  if (i === 0) return "0";
  const value = 2 ** (i - 1);
  if (value < 1024) return String(value);
  if (value < 1024 ** 2) return `${value / 1024}K`;
  return value < 1024 ** 3 ? `${value / 1024 ** 2}M` : `${value / 1024 ** 3}G`;
}
