// bun test/differential/survey.ts [family ...]
//
// A list of everything that differs, for working through it: where the tests stop at the first difference and shorten it,
// this runs many sequences and prints the first difference of each, one example per command and kind of reply.
import fc from "fast-check";
import { seed } from "../support/seed.ts";
import { runsFactor } from "./compare.ts";
import { FAMILIES } from "./families/all.ts";
import { sequenceOf } from "./generate.ts";
import { type Difference, Pair, type Protocol } from "./pair.ts";
import { lines } from "./words.ts";

const SEQUENCES = 400;
const PROTOCOLS: Protocol[] = ["RESP2", "RESP3"];

const kind = (reply: string): string => (reply.startsWith("-") ? reply.slice(0, 40) : reply.slice(0, 1));

function label(difference: Difference): string {
  const name = /^(final state: )?\w+( [A-Z-]+\b)?/.exec(difference.at)?.[0] ?? difference.at;
  return `${name.toUpperCase()}: ${kind(difference.theirs)} against ${kind(difference.ours)}`;
}

const chosen = process.argv.slice(2);
const pair = await Pair.start();
const found = new Map<string, { count: number; example: Difference }>();
for (const family of FAMILIES.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
  const prepare = lines(family.prepare ?? "");
  for (const commands of fc.sample(sequenceOf(family, 25), { seed, numRuns: SEQUENCES * runsFactor })) {
    for (const protocol of PROTOCOLS) {
      const [first] = await pair.differences([...prepare, ...commands], protocol);
      if (first === undefined) continue;
      const known = found.get(label(first));
      const shorter = known === undefined || first.sequence.length < known.example.sequence.length;
      found.set(label(first), { count: (known?.count ?? 0) + 1, example: shorter ? first : known.example });
    }
  }
}
for (const [name, { count, example }] of [...found].sort()) console.log(`${count} x ${name}\n${example.message}\n`);
console.log(`${found.size} kinds of difference (seed ${seed})`);
await pair.stop();
