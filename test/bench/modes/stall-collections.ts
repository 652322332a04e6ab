/**
 * How long commands on large collections keep others waiting: while a collection of each kind grows from nothing (and so changes its
 * form and resizes its tables), is used and shrinks, always by commands that touch one element; and when a still larger one is deleted
 * at once.
 */
import { ask, infoFields } from "../ask.ts";
import { type Bench, orNote, progress, withEach } from "../bench.ts";
import { COLLECTION_KINDS, type CollectionKind } from "../collections.ts";
import type { Argument } from "../encode.ts";
import { Histogram } from "../histogram.ts";
import { nowNs, pause } from "../now.ts";
import type { ProbeResult } from "../probe.ts";
import { count, fixed, megabytes, milliseconds, type Section } from "../report.ts";
import type { Contender, Server } from "../servers.ts";
import { GENTLE, OWN_NOTE, STALL_HEAD, type Stalls, stallCells } from "./stall.ts";

const ELEMENTS = 1_000_000;
const ELEMENTS_QUICK = 10_000;
const DELETED_ELEMENTS = 10_000_000;
const DELETED_ELEMENTS_QUICK = 100_000;
/** Commands on the collection at its full size. */
const CHANGES = 300_000;
const CHANGES_QUICK = 5000;
/** Memory is back when no more than this share of what the collection took is left. */
const LEFT_SHARE = 0.02;
const SAMPLE_MS = 10;
/** What the start took may go before memory is compared with it. */
const SETTLE_MS = 2000;
/** Pings go on for so long after the deletion; then memory that is not back counts as kept. */
const WATCH_MS = 15_000;
const WATCH_MS_QUICK = 1000;

/** Deletion of one collection. */
interface Deletion {
  readonly contender: string;
  readonly kind: string;
  /** From sending DEL to its reply. */
  readonly replyUs: number;
  /** From sending DEL until used_memory was back; NaN when it was not while it was watched. */
  readonly backMs: number;
  readonly usedBytes: number;
  /** Resident memory that the collection had added, and that was left of it at the end. */
  readonly residentBytes: number;
  readonly residentLeftBytes: number;
  readonly probe: ProbeResult;
}

export async function stallCollections(bench: Bench): Promise<Section[]> {
  const stalls: Stalls[] = [];
  const deletions: Deletion[] = [];
  for (const kind of COLLECTION_KINDS) {
    const inUse = (server: Server, contender: Contender) => use(bench, server, contender, kind);
    const deleted = (server: Server, contender: Contender) => remove(bench, server, contender, kind);
    stalls.push(...(await orNote(bench, `stalls, ${kind.name}`, [], () => withEach(bench, "off", inUse))).flat());
    deletions.push(...(await orNote(bench, `deletion, ${kind.name}`, [], () => withEach(bench, "off", deleted))));
  }
  return [stallSection(bench, stalls), deletionSection(bench, deletions)];
}

/** Fills, uses and empties a collection, command by command. */
async function use(bench: Bench, server: Server, contender: Contender, kind: CollectionKind): Promise<Stalls[]> {
  const elements = bench.options.quick ? ELEMENTS_QUICK : ELEMENTS;
  const changes = bench.options.quick ? CHANGES_QUICK : CHANGES;
  const figures: Stalls[] = [];
  const phase = async (args: readonly Argument[], commands: number): Promise<void> => {
    const name = `${kind.name}, ${count(commands)} ${args[0]}`;
    progress(`stall ${contender.name}: ${name}`);
    const { probe } = await bench.generator.fill(server, args, commands, GENTLE);
    figures.push({ contender: contender.name, phase: name, probe: probe! });
  };
  await phase(kind.add(kind.name), elements);
  for (const args of kind.change(kind.name, elements)) await phase(args, changes);
  await phase(kind.remove(kind.name), elements);
  return figures;
}

/** Deletes a collection with one command and watches its memory go. */
async function remove(bench: Bench, server: Server, contender: Contender, kind: CollectionKind): Promise<Deletion> {
  const { quick } = bench.options;
  const elements = quick ? DELETED_ELEMENTS_QUICK : DELETED_ELEMENTS;
  progress(`deletion ${contender.name}: ${kind.name} of ${count(elements)}`);
  await pause(SETTLE_MS);
  const [usedBefore, residentBefore] = [await usedMemory(server), server.rssBytes()];
  await bench.generator.fill(server, kind.add(kind.name), elements);
  const usedBytes = (await usedMemory(server)) - usedBefore;
  const residentBytes = server.rssBytes() - residentBefore;
  const startNs = nowNs();
  const one = { connections: 1, pipeline: 1, probe: false };
  const { latency } = await bench.generator.fill(server, ["DEL", kind.name], 1, one);
  const ms = quick ? WATCH_MS_QUICK : WATCH_MS;
  const probing = bench.generator.probe({ port: server.port, serverPid: server.pid, ms });
  const backMs = await msUntilBack(server, usedBefore + usedBytes * LEFT_SHARE, startNs, ms);
  const probe = await probing;
  return {
    contender: contender.name,
    kind: kind.name,
    replyUs: Histogram.of(latency).max,
    backMs,
    usedBytes,
    residentBytes,
    residentLeftBytes: server.rssBytes() - residentBefore,
    probe,
  };
}

async function usedMemory({ port }: Server): Promise<number> {
  const [[, bytes]] = infoFields(await ask(port, "INFO", "memory"), /^used_memory$/) as [[string, string]];
  return Number(bytes);
}

async function msUntilBack(server: Server, bytes: number, startNs: number, msMax: number): Promise<number> {
  for (;;) {
    const used = await usedMemory(server);
    const ms = (nowNs() - startNs) / 1e6;
    if (used <= bytes) return ms;
    if (ms > msMax) return Number.NaN;
    await pause(SAMPLE_MS);
  }
}

function stallSection({ options }: Bench, stalls: readonly Stalls[]): Section {
  const elements = options.quick ? ELEMENTS_QUICK : ELEMENTS;
  return {
    title: "Event-loop stalls on collections",
    head: STALL_HEAD,
    rows: stalls.map(stallCells),
    notes: [
      `A second client pings every millisecond while ${GENTLE.connections} connections with ${GENTLE.pipeline} commands each add, ` +
        `change, read and remove single elements of one collection that grows from nothing to ${count(elements)} elements and ` +
        `shrinks to nothing again. AOF off. ${OWN_NOTE}`,
    ],
    data: stalls,
  };
}

function deletionSection({ options }: Bench, deletions: readonly Deletion[]): Section {
  const elements = options.quick ? DELETED_ELEMENTS_QUICK : DELETED_ELEMENTS;
  return {
    title: "Deletion of large collections",
    head: [
      "Server",
      "kind",
      "reply ms",
      "memory back after ms",
      "longest stall meanwhile ms, own",
      "memory",
      "resident",
      "left",
    ],
    rows: deletions.map((one) => [
      one.contender,
      one.kind,
      milliseconds(one.replyUs),
      fixed(one.backMs, 0),
      milliseconds(Histogram.of(one.probe.ownGaps).max),
      ...[one.usedBytes, one.residentBytes, one.residentLeftBytes].map(megabytes),
    ]),
    notes: [
      `DEL of a collection of ${count(elements)} elements. Memory is back when used_memory is within ${LEFT_SHARE * 100}% of what the ` +
        "collection took. The stalls are those after the reply; resident: what the collection added to the process's memory, and what " +
        "was left of it at the end.",
    ],
    data: deletions,
  };
}
