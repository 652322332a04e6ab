import type { Call } from "../command/call.ts";
import { command, keysAt, keysCounted } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import {
  type Aggregate,
  countShared,
  intersect,
  readSources,
  type Source,
  subtract,
  unite,
} from "../command/zset-algebra.ts";
import { replyRanks, storeDraft } from "../command/zset-key.ts";
import { parseDouble } from "../lib/float.ts";
import type { Ptr } from "../memory/arena.ts";

const WEIGHT_NOT_FLOAT = error("ERR weight value is not a float");
const LIMIT_NEGATIVE = error("ERR LIMIT can't be negative");
const AGGREGATES: readonly Aggregate[] = ["SUM", "MIN", "MAX", "COUNT"];
const WEIGHING = "[weight:integer=WEIGHTS...] [aggregate<sum=SUM | min=MIN | max=MAX | count=COUNT@8.8.0>=AGGREGATE]";
const WEIGHED = `numkeys:integer key:key... ${WEIGHING} [withscores=WITHSCORES]`;
const WEIGHED_STORE = `destination:key numkeys:integer key:key#1... ${WEIGHING}`;

/** What a request asks for, as its command allows. */
interface Options {
  readonly weights?: true;
  readonly scores?: true;
  readonly limit?: true;
}

class Request {
  sources: Source[] = [];
  aggregate: Aggregate = "SUM";
  withScores = false;
  limit = 0;
}

export const zunion = command({
  name: "zunion",
  arity: -3,
  flags: ["readonly", "movablekeys"],
  categories: ["sortedset"],
  keys: [keysCounted(1, "RO access")],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Gives the union of sorted sets and sets.",
  complexity: "O(N)+O(M*log(M)), N being the members of all inputs and M those of the result",
  syntax: WEIGHED,
  run: (c) => reply(c, { weights: true, scores: true }, uniteRequest),
});

export const zinter = command({
  name: "zinter",
  arity: -3,
  flags: ["readonly", "movablekeys"],
  categories: ["sortedset"],
  keys: [keysCounted(1, "RO access")],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Gives the members that sorted sets and sets have in common.",
  complexity: "O(N*K)+O(M*log(M)), N being the smallest input, K the number of inputs and M the result",
  syntax: WEIGHED,
  run: (c) => reply(c, { weights: true, scores: true }, intersectRequest),
});

export const zdiff = command({
  name: "zdiff",
  arity: -3,
  flags: ["readonly", "movablekeys"],
  categories: ["sortedset"],
  keys: [keysCounted(1, "RO access")],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Gives the members of a sorted set that none of the other inputs has.",
  complexity: "O(N*K)+O(M*log(M)), N being the first input, K the number of inputs and M the result",
  syntax: "numkeys:integer key:key... [withscores=WITHSCORES]",
  run: (c) => reply(c, { scores: true }, subtractRequest),
});

export const zunionstore = command({
  name: "zunionstore",
  arity: -4,
  flags: ["write", "denyoom", "movablekeys"],
  categories: ["sortedset"],
  keys: [keysAt(1, "OW update"), keysCounted(2, "RO access")],
  group: "sorted-set",
  since: "2.0.0",
  summary: "Stores the union of sorted sets and sets under a key.",
  complexity: "O(N)+O(M*log(M)), N being the members of all inputs and M those of the result",
  syntax: WEIGHED_STORE,
  run: (c) => store(c, { weights: true }, uniteRequest),
});

export const zinterstore = command({
  name: "zinterstore",
  arity: -4,
  flags: ["write", "denyoom", "movablekeys"],
  categories: ["sortedset"],
  keys: [keysAt(1, "OW update"), keysCounted(2, "RO access")],
  group: "sorted-set",
  since: "2.0.0",
  summary: "Stores the members that sorted sets and sets have in common under a key.",
  complexity: "O(N*K)+O(M*log(M)), N being the smallest input, K the number of inputs and M the result",
  syntax: WEIGHED_STORE,
  run: (c) => store(c, { weights: true }, intersectRequest),
});

export const zdiffstore = command({
  name: "zdiffstore",
  arity: -4,
  flags: ["write", "denyoom", "movablekeys"],
  categories: ["sortedset"],
  keys: [keysAt(1, "OW update"), keysCounted(2, "RO access")],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Stores the members of a sorted set that none of the other inputs has under a key.",
  complexity: "O(N*K)+O(M*log(M)), N being the first input, K the number of inputs and M the result",
  syntax: "destination:key numkeys:integer key:key#1...",
  run: (c) => store(c, {}, subtractRequest),
});

export const zintercard = command({
  name: "zintercard",
  arity: -3,
  flags: ["readonly", "movablekeys"],
  categories: ["sortedset"],
  keys: [keysCounted(1, "RO access")],
  group: "sorted-set",
  since: "7.0.0",
  summary: "Counts the members that sorted sets and sets have in common.",
  complexity: "O(N*K), N being the smallest input and K the number of inputs",
  syntax: "numkeys:integer key:key... [limit:integer=LIMIT]",
  run(c) {
    const request = readRequest(c, 1, { limit: true });
    if (!c.failed) c.reply.integer(countShared(c, request.sources, request.limit));
  },
});

type Operation = (c: Call, request: Request) => Ptr;

function uniteRequest(c: Call, { sources, aggregate }: Request): Ptr {
  return unite(c, sources, aggregate);
}

function intersectRequest(c: Call, { sources, aggregate }: Request): Ptr {
  return intersect(c, sources, aggregate);
}

function subtractRequest(c: Call, { sources }: Request): Ptr {
  return subtract(c, sources);
}

function reply(c: Call, options: Options, operation: Operation): void {
  const request = readRequest(c, 1, options);
  if (c.failed) return;
  const { zsets, reclaimer } = c.keyspace;
  const draft = operation(c, request);
  replyRanks(c, draft, 0, zsets.length(draft), false, request.withScores);
  zsets.abandon(draft, reclaimer);
}

function store(c: Call, options: Options, operation: Operation): void {
  const request = readRequest(c, 2, options);
  if (!c.failed) storeDraft(c, operation(c, request), c.entry.fullName);
}

/** Reads numkeys (argument `countArg`), the inputs and the options; fails as Redis does. */
function readRequest(c: Call, countArg: number, options: Options): Request {
  const request = new Request();
  const count = c.integer(countArg);
  if (count < 1) c.failText(`ERR at least 1 input key is needed for '${c.entry.fullName}' command`);
  if (count > c.argc - countArg - 1) c.fail(ERRORS.syntax);
  if (c.failed) return request;
  request.sources = readSources(c, countArg + 1, count);
  for (let i = countArg + 1 + count; i < c.argc && !c.failed; ) i += readOption(c, i, options, request);
  return request;
}

/** Reads the option at argument i; returns how many arguments it has. */
function readOption(c: Call, i: number, options: Options, request: Request): number {
  const { args } = c;
  const { sources } = request;
  const left = c.argc - i - 1;
  if (options.weights && left >= sources.length && args.is(i, "WEIGHTS")) {
    for (let k = 0; k < sources.length && !c.failed; k++) sources[k].weight = readWeight(c, i + 1 + k);
    return 1 + sources.length;
  }
  if (options.weights && left >= 1 && args.is(i, "AGGREGATE")) {
    const aggregate = AGGREGATES.find((name) => args.is(i + 1, name));
    if (aggregate === undefined) c.fail(ERRORS.syntax);
    else request.aggregate = aggregate;
    return 2;
  }
  if (options.scores && args.is(i, "WITHSCORES")) {
    request.withScores = true;
    return 1;
  }
  if (options.limit && left >= 1 && args.is(i, "LIMIT")) {
    request.limit = c.integerBetween(i + 1, 0, Number.POSITIVE_INFINITY, LIMIT_NEGATIVE);
    return 2;
  }
  c.fail(ERRORS.syntax);
  return 1;
}

function readWeight(c: Call, i: number): number {
  const weight = parseDouble(c.args.buf, c.args.start[i], c.args.len[i]);
  if (weight === undefined) c.fail(WEIGHT_NOT_FLOAT);
  return weight ?? 0;
}
