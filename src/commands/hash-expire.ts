import type { Call } from "../command/call.ts";
import { type Command, command, keysAt } from "../command/command.ts";
import { error } from "../command/errors.ts";
import {
  deadlineOf,
  fieldsDeleted,
  fieldsPersisted,
  fieldsTimed,
  NOT_POSITIVE,
  persistField,
  readFieldDeadline,
  readFields,
} from "../command/hash-fields.ts";
import type { Ptr } from "../memory/arena.ts";
import { NO_DEADLINE, NO_FIELD } from "../types/hash-deadlines.ts";
import { HASH } from "../types/kinds.ts";

const TOO_FEW = error("ERR Parameter `numFields` should be greater than 0");
/** What is replied of each field. */
const ABSENT = -2;
const WITHOUT_DEADLINE = -1;
const NOT_ALLOWED = 0;
const DONE = 1;
const DELETED = 2;

const CONDITIONS = ["NX", "XX", "GT", "LT"] as const;
type Condition = (typeof CONDITIONS)[number] | undefined;

/** Whether the condition lets `deadlineMs` replace a field's deadline. No deadline counts as infinitely late. */
function isAllowed(condition: Condition, present: number, deadlineMs: number): boolean {
  const timed = present !== NO_DEADLINE;
  switch (condition) {
    case "NX":
      return !timed;
    case "XX":
      return timed;
    case "GT":
      return timed && deadlineMs > present;
    case "LT":
      return !timed || deadlineMs < present;
    default:
      return true;
  }
}

function expireFields(c: Call, unitMs: number, relative: boolean): void {
  const e = c.writeAs(1, HASH);
  if (c.failed) return;
  const deadlineMs = readFieldDeadline(c, 2, unitMs, relative);
  if (c.failed) return;
  const condition = CONDITIONS.find((word) => c.args.is(3, word));
  const first = readFields(c, condition === undefined ? 3 : 4, TOO_FEW);
  if (c.failed) return;
  // While a file is loaded the clock stands at 0: what is past by now will expire afterwards.
  if (deadlineMs <= c.nowMs) deleteFields(c, e, first, condition, deadlineMs);
  else setDeadlines(c, e, first, condition, deadlineMs);
}

function setDeadlines(c: Call, e: Ptr, first: number, condition: Condition, deadlineMs: number): void {
  const { hashes } = c.keyspace;
  const { buf, start, len } = c.args;
  const done = changeAllowed(c, e, first, condition, deadlineMs, DONE, (i) =>
    hashes.setDeadline(e, buf, start[i], len[i], deadlineMs),
  );
  fieldsTimed(c, e, done, deadlineMs);
}

/** The deadline is past: the fields are deleted at once. */
function deleteFields(c: Call, e: Ptr, first: number, condition: Condition, deadlineMs: number): void {
  const { hashes } = c.keyspace;
  const { buf, start, len } = c.args;
  const done = changeAllowed(c, e, first, condition, deadlineMs, DELETED, (i) =>
    hashes.delete(e, buf, start[i], len[i]),
  );
  fieldsDeleted(c, e, done);
}

/**
 * Has `change` change the fields, arguments from `first` on, whose deadlines the condition lets go, and replies what became of each:
 * `changed`, or why not. Returns the arguments of those that were changed.
 */
function changeAllowed(
  c: Call,
  e: Ptr,
  first: number,
  condition: Condition,
  deadlineMs: number,
  changed: number,
  change: (i: number) => void,
): number[] {
  const done: number[] = [];
  c.reply.array(c.argc - first);
  for (let i = first; i < c.argc; i++) {
    const present = deadlineOf(c, e, i);
    const allowed = present !== NO_FIELD && isAllowed(condition, present, deadlineMs);
    if (allowed) {
      change(i);
      done.push(i);
    }
    c.reply.integer(present === NO_FIELD ? ABSENT : allowed ? changed : NOT_ALLOWED);
  }
  return done;
}

function expireCommand(name: string, argument: string, unitMs: number, relative: boolean): Command {
  const unit = unitMs === 1000 ? "seconds" : "milliseconds";
  return command({
    name,
    arity: -6,
    flags: ["write", "fast"],
    categories: ["hash"],
    keys: [keysAt(1, "RW update")],
    group: "hash",
    since: "7.4.0",
    summary: relative
      ? `Lets fields of a hash end in so many ${unit}.`
      : `Lets fields of a hash end at a Unix time in ${unit}.`,
    complexity: "O(N), N being the number of fields that are named",
    syntax: `key:key ${argument} [condition<nx=NX | xx=XX | gt=GT | lt=LT>] fields(numfields:integer field...)=FIELDS`,
    run: (c) => expireFields(c, unitMs, relative),
  });
}

export const hexpire = expireCommand("hexpire", "seconds:integer", 1000, true);
export const hpexpire = expireCommand("hpexpire", "milliseconds:integer", 1, true);
export const hexpireat = expireCommand("hexpireat", "unix-time-seconds:unix-time", 1000, false);
export const hpexpireat = expireCommand("hpexpireat", "unix-time-milliseconds:unix-time", 1, false);

function lookUpDeadline(name: string, unitMs: number, relative: boolean): Command {
  const unit = unitMs === 1000 ? "seconds" : "milliseconds";
  return command({
    name,
    arity: -5,
    flags: ["readonly", "fast"],
    categories: ["hash"],
    keys: [keysAt(1, "RO access")],
    group: "hash",
    since: "7.4.0",
    summary: relative
      ? `Tells how long fields of a hash have still to live, in ${unit}.`
      : `Tells the Unix time in ${unit} at which fields of a hash end.`,
    complexity: "O(N), N being the number of fields that are named",
    tips: relative ? ["nondeterministic_output"] : [],
    syntax: "key:key fields(numfields:integer field...)=FIELDS",
    run(c) {
      const e = c.readAs(1, HASH);
      if (c.failed) return;
      const first = readFields(c, 2, NOT_POSITIVE);
      if (c.failed) return;
      c.reply.array(c.argc - first);
      for (let i = first; i < c.argc; i++) {
        const deadlineMs = deadlineOf(c, e, i);
        if (deadlineMs === NO_FIELD) c.reply.integer(ABSENT);
        else if (deadlineMs === NO_DEADLINE) c.reply.integer(WITHOUT_DEADLINE);
        else c.reply.integer(Math.ceil((relative ? deadlineMs - c.nowMs : deadlineMs) / unitMs));
      }
    },
  });
}

export const httl = lookUpDeadline("httl", 1000, true);
export const hpttl = lookUpDeadline("hpttl", 1, true);
export const hexpiretime = lookUpDeadline("hexpiretime", 1000, false);
export const hpexpiretime = lookUpDeadline("hpexpiretime", 1, false);

export const hpersist = command({
  name: "hpersist",
  arity: -5,
  flags: ["write", "fast"],
  categories: ["hash"],
  keys: [keysAt(1, "RW update")],
  group: "hash",
  since: "7.4.0",
  summary: "Takes the deadlines of fields of a hash away.",
  complexity: "O(N), N being the number of fields that are named",
  syntax: "key:key fields(numfields:integer field...)=FIELDS",
  run(c) {
    const e = c.writeAs(1, HASH);
    if (c.failed) return;
    const first = readFields(c, 2, NOT_POSITIVE);
    if (c.failed) return;
    c.reply.array(c.argc - first);
    const done: number[] = [];
    for (let i = first; i < c.argc; i++) {
      const present = deadlineOf(c, e, i);
      if (present > NO_DEADLINE) done.push(i);
      if (present > NO_DEADLINE) persistField(c, e, i);
      c.reply.integer(present === NO_FIELD ? ABSENT : present === NO_DEADLINE ? WITHOUT_DEADLINE : DONE);
    }
    fieldsPersisted(c, e, done);
  },
});
