import type { Call } from "../command/call.ts";
import { command, keysAt, keysCounted } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { ExpiryOption, KEEPTTL, TIMES } from "../command/expiry-options.ts";
import { journalPxat } from "../command/string-values.ts";
import { conditionAt, IF_EXISTS, IF_MISSING, NO_CONDITION } from "../command/value-conditions.ts";
import { parseInteger } from "../lib/integer.ts";
import { NULL } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { STRING } from "../types/kinds.ts";
import { stringKind } from "../types/string.ts";

const KEYS_MAX = 2 ** 31 - 1;

/** The options of the MSETEX that is being executed. */
const options = { condition: NO_CONDITION, expiry: new ExpiryOption() };

export const mget = command({
  name: "mget",
  arity: -2,
  flags: ["readonly", "fast"],
  categories: ["string"],
  keys: [keysAt(1, "RO access", -1)],
  group: "string",
  since: "1.0.0",
  summary: "Gives the values of several keys.",
  complexity: "O(N) with the number of keys",
  tips: ["request_policy:multi_shard"],
  syntax: "key:key...",
  run(c) {
    const { argc, entries, reply } = c;
    reply.array(argc - 1);
    for (let i = 1; i < argc; i++) {
      const e = c.read(i);
      if (e === NULL || entries.type(e) !== STRING) reply.nil();
      else c.replyString(e);
    }
  },
});

export const mset = command({
  name: "mset",
  arity: -3,
  flags: ["write", "denyoom"],
  categories: ["string"],
  keys: [keysAt(1, "OW update", -1, 2)],
  group: "string",
  since: "1.0.1",
  summary: "Sets the values of several keys.",
  complexity: "O(N) with the number of keys",
  tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
  syntax: "data(key:key value)...",
  run(c) {
    const { argc } = c;
    if ((argc & 1) === 0) {
      c.failArity();
      return;
    }
    for (let i = 1; i < argc; i += 2) put(c, i, 0, false);
    c.reply.ok();
  },
});

export const msetnx = command({
  name: "msetnx",
  arity: -3,
  flags: ["write", "denyoom"],
  categories: ["string"],
  keys: [keysAt(1, "OW insert", -1, 2)],
  group: "string",
  since: "1.0.1",
  summary: "Sets the values of several keys if none of them exists.",
  complexity: "O(N) with the number of keys",
  tips: ["request_policy:multi_shard", "response_policy:agg_min"],
  syntax: "data(key:key value)...",
  run(c) {
    const { argc } = c;
    if ((argc & 1) === 0) {
      c.failArity();
      return;
    }
    const free = allKeys(c, 1, argc, IF_MISSING);
    if (free) for (let i = 1; i < argc; i += 2) put(c, i, 0, false);
    c.reply.integer(free ? 1 : 0);
  },
});

export const msetex = command({
  name: "msetex",
  arity: -4,
  flags: ["write", "denyoom", "movablekeys"],
  categories: ["string"],
  keys: [keysCounted(1, "OW update", 0, 1, 2)],
  group: "string",
  since: "8.4.0",
  summary: "Sets the values of several keys and one deadline for all of them.",
  complexity: "O(N) with the number of keys",
  tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
  syntax:
    "numkeys:integer data(key:key value)... [condition<nx=NX | xx=XX>] [expiration<seconds:integer=EX | " +
    "milliseconds:integer=PX | unix-time-seconds:unix-time=EXAT | unix-time-milliseconds:unix-time=PXAT | keepttl=KEEPTTL>]",
  run(c) {
    const end = pairsEnd(c);
    if (c.failed) return;
    readOptions(c, end);
    if (c.failed) return;
    const deadlineMs = options.expiry.deadline(c);
    if (c.failed) return;
    const holds = allKeys(c, 2, end, options.condition);
    c.reply.integer(holds ? 1 : 0);
    if (!holds) return;
    for (let i = 2; i < end; i += 2) put(c, i, deadlineMs, options.expiry.kind === KEEPTTL);
    if (options.expiry.isRelative) journalUntil(c, deadlineMs);
  },
});

/** Sets the key in argument i to the value behind it. */
function put(c: Call, i: number, deadlineMs: number, keepDeadline: boolean): void {
  const { buf, start, len } = c.args;
  const old = c.write(i);
  const kept = keepDeadline && old !== NULL && c.entries.isTimed(old) ? c.entries.deadline(old) : deadlineMs;
  c.putString(i, old, stringKind(buf, start[i + 1], len[i + 1]), i + 1, kept);
  c.changed(i, EVENTS.string, "set");
  if (deadlineMs > 0) c.notify(i, EVENTS.generic, "expire");
}

/** Whether all keys at every second argument from `from` exist, or none does, as the condition has it. */
function allKeys(c: Call, from: number, end: number, condition: number): boolean {
  if (condition === NO_CONDITION) return true;
  for (let i = from; i < end; i += 2) {
    if ((c.write(i) === NULL) !== (condition === IF_MISSING)) return false;
  }
  return true;
}

/** Reads the number of keys; the index of the argument behind the last pair. */
function pairsEnd(c: Call): number {
  const { args } = c;
  const count = parseInteger(args.buf, args.start[1], args.len[1]);
  if (!(count >= 1 && count <= KEYS_MAX)) c.failText("ERR invalid numkeys value");
  const end = 2 + 2 * count;
  if (end > args.count) c.failText("ERR wrong number of key-value pairs");
  return end;
}

function readOptions(c: Call, from: number): void {
  options.condition = NO_CONDITION;
  options.expiry.reset();
  for (let i = from; i < c.argc; ) {
    const taken = takeOption(c, i);
    if (taken === 0) {
      c.fail(ERRORS.syntax);
      return;
    }
    i += taken;
  }
}

function takeOption(c: Call, i: number): number {
  const condition = conditionAt(c.args, i);
  if (condition !== IF_MISSING && condition !== IF_EXISTS) return options.expiry.take(c.args, i, TIMES | KEEPTTL);
  if (options.condition !== NO_CONDITION && options.condition !== condition) return 0;
  options.condition = condition;
  return 1;
}

/** The journal gets the request with the time that it meant. */
function journalUntil(c: Call, deadlineMs: number): void {
  const { argc } = c;
  const { timeArg } = options.expiry;
  c.effect(argc);
  for (let i = 0; i < argc; i++) {
    if (i < timeArg - 1 || i > timeArg) c.effectArg(i);
    else if (i === timeArg) journalPxat(c, deadlineMs);
  }
}
