import type { Call } from "../command/call.ts";
import { command, keysAt, keysCounted } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import {
  estimateUnion,
  intersect,
  type ResultVisitor,
  readSets,
  replyFound,
  storeDraft,
  subtract,
  unite,
} from "../command/set-algebra.ts";
import { replySet } from "../command/set-key.ts";
import { NULL, type Ptr } from "../memory/arena.ts";

const BAD_KEY_COUNT = error("ERR numkeys should be greater than 0");
const TOO_MANY_KEYS = error("ERR Number of keys can't be greater than number of args");
const BAD_LIMIT = error("ERR LIMIT can't be negative");

const shared = { categories: ["set"], group: "set" } as const;
const reading = {
  ...shared,
  arity: -2,
  flags: ["readonly"],
  keys: [keysAt(1, "RO access", -1)],
  since: "1.0.0",
  tips: ["nondeterministic_output_order"],
  syntax: "key:key...",
} as const;
const storing = {
  ...shared,
  arity: -3,
  flags: ["write", "denyoom"],
  keys: [keysAt(1, "OW update"), keysAt(2, "RO access", -1)],
  since: "1.0.0",
  syntax: "destination:key key:key#1...",
} as const;
const counting = {
  ...shared,
  arity: -3,
  flags: ["readonly", "movablekeys"],
  keys: [keysCounted(1, "RO access")],
} as const;

export const sinter = command({
  ...reading,
  name: "sinter",
  summary: "Gives the members that all of several sets have.",
  complexity: "O(N*M), N being the members of the smallest set, M the number of sets",
  run(c) {
    const given = readSets(c, 1, c.argc - 1);
    if (!c.failed) replyFound(c, (visit) => intersect(c.keyspace.sets, given, visit));
  },
});

export const sinterstore = command({
  ...storing,
  name: "sinterstore",
  summary: "Stores the members that all of several sets have.",
  complexity: "O(N*M), N being the members of the smallest set, M the number of sets",
  run(c) {
    const given = readSets(c, 2, c.argc - 2);
    if (c.failed) return;
    storeFound(c, "sinterstore", (visit) => intersect(c.keyspace.sets, given, visit));
  },
});

export const sunion = command({
  ...reading,
  name: "sunion",
  summary: "Gives the members that any of several sets has.",
  complexity: "O(N), N being the members of all sets",
  run(c) {
    const given = readSets(c, 1, c.argc - 1);
    if (!c.failed) replyUnion(c, given);
  },
});

export const sunionstore = command({
  ...storing,
  name: "sunionstore",
  summary: "Stores the members that any of several sets has.",
  complexity: "O(N), N being the members of all sets",
  run(c) {
    const given = readSets(c, 2, c.argc - 2);
    if (!c.failed) storeDraft(c, unite(c.keyspace.sets, given, true), "sunionstore");
  },
});

export const sdiff = command({
  ...reading,
  name: "sdiff",
  summary: "Gives the members of the first set that none of the others has.",
  complexity: "O(N), N being the members of all sets",
  run(c) {
    const given = readSets(c, 1, c.argc - 1);
    if (!c.failed) replyFound(c, (visit) => subtract(c, given, false, visit));
  },
});

export const sdiffstore = command({
  ...storing,
  name: "sdiffstore",
  summary: "Stores the members of the first set that none of the others has.",
  complexity: "O(N), N being the members of all sets",
  run(c) {
    const given = readSets(c, 2, c.argc - 2);
    if (!c.failed) storeFound(c, "sdiffstore", (visit) => subtract(c, given, true, visit));
  },
});

export const sintercard = command({
  ...counting,
  name: "sintercard",
  since: "7.0.0",
  summary: "Counts the members that all of several sets have.",
  complexity: "O(N*M), N being the members of the smallest set, M the number of sets",
  syntax: "numkeys:integer key:key... [limit:integer=LIMIT]",
  run(c) {
    const { given, limit } = readCounted(c, false);
    if (!c.failed) replyCount(c, limit, (visit) => intersect(c.keyspace.sets, given, visit));
  },
});

export const sunioncard = command({
  ...counting,
  name: "sunioncard",
  since: "8.10.0",
  summary: "Counts the members that any of several sets has.",
  complexity: "O(N), N being the members of all sets",
  syntax: "numkeys:integer key:key... [approx=APPROX] [limit:integer=LIMIT]",
  run(c) {
    const { given, limit, approximate } = readCounted(c, true);
    if (c.failed) return;
    const { sets, reclaimer } = c.keyspace;
    if (approximate) return c.reply.integer(estimateUnion(sets, given, limit));
    const draft = unite(sets, given, false, limit);
    c.reply.integer(sets.length(draft));
    sets.discard(draft, reclaimer);
  },
});

export const sdiffcard = command({
  ...counting,
  name: "sdiffcard",
  since: "8.10.0",
  summary: "Counts the members of the first set that none of the others has.",
  complexity: "O(N), N being the members of all sets",
  syntax: "numkeys:integer key:key... [limit:integer=LIMIT]",
  run(c) {
    const { given, limit } = readCounted(c, false);
    if (!c.failed) replyCount(c, limit, (visit) => subtract(c, given, false, visit));
  },
});

function replyUnion(c: Call, given: readonly Ptr[]): void {
  const { sets, reclaimer } = c.keyspace;
  const there = given.filter((e) => e !== NULL);
  if (there.length <= 1) {
    replySet(c, there.length === 0 ? NULL : there[0]);
    return;
  }
  const draft = unite(sets, there, false);
  replySet(c, draft);
  sets.discard(draft, reclaimer);
}

/** Makes what `find` gives to its visitor the value of key argument 1. */
function storeFound(c: Call, event: string, find: (visit: ResultVisitor) => void): void {
  const { sets } = c.keyspace;
  const draft = sets.draft(false);
  find(({ buf, start, len }) => {
    sets.add(draft, buf, start, len);
    return false;
  });
  storeDraft(c, draft, event);
}

/** Replies with the number of members that `find` gives to its visitor, which has enough at `limit`. */
function replyCount(c: Call, limit: number, find: (visit: ResultVisitor) => void): void {
  let count = 0;
  find(() => ++count >= limit);
  c.reply.integer(count);
}

interface Counted {
  given: Ptr[];
  /** Infinity: none. */
  limit: number;
  approximate: boolean;
}

/** Reads `numkeys key... [LIMIT limit]`, and APPROX where it `mayApproximate`. */
function readCounted(c: Call, mayApproximate: boolean): Counted {
  const keys = c.integerBetween(1, 1, Number.POSITIVE_INFINITY, BAD_KEY_COUNT);
  const counted: Counted = { given: [], limit: Number.POSITIVE_INFINITY, approximate: false };
  if (Number.isNaN(keys)) c.fail(BAD_KEY_COUNT);
  else if (keys > c.argc - 2) c.fail(TOO_MANY_KEYS);
  for (let i = 2 + keys; i < c.argc && !c.failed; i++) {
    if (c.args.is(i, "LIMIT") && i + 1 < c.argc) {
      const limit = c.integerBetween(++i, 0, Number.POSITIVE_INFINITY, BAD_LIMIT);
      counted.limit = limit === 0 ? Number.POSITIVE_INFINITY : limit;
    } else if (mayApproximate && c.args.is(i, "APPROX")) {
      counted.approximate = true;
    } else {
      c.fail(ERRORS.syntax);
    }
  }
  if (!c.failed) counted.given = readSets(c, 2, keys);
  return counted;
}
