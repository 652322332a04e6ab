import type { ServerContext } from "../command/context.ts";
import type { Database } from "../keyspace/database.ts";
import type { Fields, Section } from "./section.ts";

/** Of that many keys with a deadline the mean time to live is taken, looking at no more than so many homes of the table. */
const SAMPLED_KEYS_MAX = 50;
const SAMPLED_HOMES_MAX = 500;

export const keyspace: Section = {
  name: "keyspace",
  title: "Keyspace",
  fields(server) {
    const fields: Fields = {};
    for (const db of server.keyspace.databases) {
      if (db.size === 0) continue;
      fields[`db${db.id}`] =
        `keys=${db.size},expires=${db.timedSize},avg_ttl=${meanTtl(server, db)},subexpiry=${db.timers}`;
    }
    return fields;
  },
};

/** The mean time to live in ms of some keys chosen by chance. */
function meanTtl({ keyspace, random }: ServerContext, db: Database): number {
  if (db.timedSize === 0) return 0;
  const { dict, entries, nowMs } = keyspace;
  const homes = dict.buckets(db.table);
  let home = random.below(homes);
  let keys = 0;
  let totalMs = 0;
  for (let seen = 0; seen < Math.min(homes, SAMPLED_HOMES_MAX) && keys < SAMPLED_KEYS_MAX; seen++) {
    dict.visitHome(db.table, home, (e) => {
      if (!entries.isTimed(e)) return;
      keys++;
      totalMs += Math.max(0, entries.deadline(e) - nowMs);
    });
    home = (home + 1) % homes;
  }
  return keys === 0 ? 0 : Math.round(totalMs / keys);
}
