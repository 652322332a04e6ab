// Runs a family against a pair of servers: random sequences with fast-check, and the family's example cases.
//
// The seed is fixed, so that a run repeats. GO_REDIS_SEED=n takes another one, GO_REDIS_RUNS=n multiplies the number of
// sequences: GO_REDIS_RUNS=50 GO_REDIS_SEED=$RANDOM bun test test/differential looks further than CI does.
import fc from "fast-check";
import { parseReply, type Reply } from "../support/reply.ts";
import { seed } from "../support/seed.ts";
import { anyCommand, type Family, sequenceOf } from "./generate.ts";
import { Difference, type Pair, type Protocol } from "./pair.ts";
import { lines, type Words } from "./words.ts";

const SEQUENCE_LENGTH_MAX = 40;
const STEPS_MAX = 30;
const REPORTED_MAX = 100;

export const runsFactor = Number(process.env["GO_REDIS_RUNS"] ?? 1);

/** Compares random sequences; a failing one is shortened by fast-check before it is reported. */
export function compareRandom(pair: Pair, family: Family, protocol: Protocol, runs: number): Promise<void> {
  const sequences = sequenceOf(family, SEQUENCE_LENGTH_MAX);
  const prepare = lines(family.prepare ?? "");
  return checkProperty(sequences, runs, (commands) => pair.compare([...prepare, ...commands], protocol));
}

/** Compares the family's example commands, in order; reports all that differ. */
export async function compareCases(pair: Pair, family: Family, protocol: Protocol): Promise<void> {
  reportAll(await pair.differences([...lines(family.prepare ?? ""), ...lines(family.cases)], protocol));
}

/** Compares every command of the family with wrong numbers of arguments; reports all that differ. */
export async function compareArities(pair: Pair, family: Family): Promise<void> {
  reportAll(await pair.differences(arityCases(family, await aritiesOf(pair, family)), "RESP2"));
}

function reportAll(differences: readonly Difference[]): void {
  if (differences.length === 0) return;
  const told = differences.slice(0, REPORTED_MAX).map((difference) => difference.brief());
  throw new Error(`${differences.length} replies differ:\n${told.join("\n")}`);
}

/** Compares random sequences in which several connections take turns, as messages between them need. */
export function compareRandomSteps(
  pair: Pair,
  family: Family,
  protocol: Protocol,
  connections: number,
  runs: number,
): Promise<void> {
  const step = fc.record({ connection: fc.nat(connections - 1), command: anyCommand(family.commands) });
  const steps = fc.array(step, { minLength: 1, maxLength: STEPS_MAX, size: "max" });
  return checkProperty(steps, runs, (chosen) => pair.compareSteps(chosen, connections, protocol));
}

/** Runs `compare` on generated values; throws with seed, path and the shortest failing value's message. */
export async function checkProperty<T>(
  values: fc.Arbitrary<T>,
  runs: number,
  compare: (value: T) => Promise<void>,
): Promise<void> {
  let differed = false;
  let broken = false;
  // Only a difference is worth shortening. After a timeout or a crash every shorter attempt would fail alike, and slowly:
  // the attempts after it pass, which leaves the last real finding as the one reported.
  const property = fc.asyncProperty(values, async (value) => {
    if (broken) return;
    try {
      await compare(value);
    } catch (error) {
      broken = !(error instanceof Difference);
      if (broken && differed) return;
      differed = true;
      throw error;
    }
  });
  const result = await fc.check(property, { seed, numRuns: runs * runsFactor });
  if (!result.failed) return;
  const reason = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
  throw new Error(`GO_REDIS_SEED=${seed} repeats this (fast-check path ${result.counterexamplePath})\n${reason}`);
}

/**
 * Every command of the table with every wrong number of arguments, from none to one more than it takes; `arities` as in
 * COMMAND INFO, by lower-case name ("client|kill" for a subcommand).
 */
function arityCases(family: Family, arities: ReadonlyMap<string, number>): Words[] {
  return Object.keys(family.commands).flatMap((name) => {
    const nameWords = name.split(" ");
    const arity = arities.get(nameWords.join("|").toLowerCase());
    if (arity === undefined) return [];
    const most = arity > 0 ? arity + 1 : -arity - 1;
    const lengths = Array.from({ length: most }, (_none, i) => i + 1).filter((length) => length !== arity);
    return lengths
      .filter((length) => length >= nameWords.length)
      .map((length) => [...nameWords, ...Array.from({ length }, () => "x")].slice(0, length));
  });
}

/** The arities that redis-server reports for the commands of the table. */
async function aritiesOf(pair: Pair, family: Family): Promise<Map<string, number>> {
  const names = Object.keys(family.commands).map((name) => name.replace(" ", "|").toLowerCase());
  const infos = parseReply(await pair.redisAdmin.command("COMMAND", "INFO", ...names)).value as readonly Reply[];
  const arities = new Map<string, number>();
  for (const [i, info] of infos.entries()) {
    if (Array.isArray(info.value)) arities.set(names[i]!, Number((info.value as readonly Reply[])[1]!.value));
  }
  return arities;
}
