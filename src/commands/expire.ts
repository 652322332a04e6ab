import type { Call } from "../command/call.ts";
import { type Command, command, keysAt } from "../command/command.ts";
import { INT64_MAX, INT64_MIN, parseBigInteger } from "../lib/integer.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";

const NX = 1;
const XX = 2;
const GT = 4;
const LT = 8;

/** The NX, XX, GT and LT options from argument 3 on, as bits; fails when they contradict each other. */
function readConditions(c: Call): number {
  let conditions = 0;
  for (let i = 3; i < c.argc; i++) {
    const bit = c.args.is(i, "NX")
      ? NX
      : c.args.is(i, "XX")
        ? XX
        : c.args.is(i, "GT")
          ? GT
          : c.args.is(i, "LT")
            ? LT
            : 0;
    if (bit === 0) c.failText(`ERR Unsupported option ${c.args.text(i)}`);
    conditions |= bit;
  }
  if (conditions & NX && conditions !== NX) {
    c.failText("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if (conditions & GT && conditions & LT) c.failText("ERR GT and LT options at the same time are not compatible");
  return conditions;
}

/** Argument 2 as Unix ms, possibly past; fails when that does not fit 64 bits. `baseMs` is what it counts from. */
function readMoment(c: Call, unitMs: number, baseMs: number): number {
  const value = c.integer(2);
  if (c.failed) return 0;
  if (!Number.isFinite(value)) {
    const { buf, start, len } = c.args;
    const ms = parseBigInteger(buf, start[2], len[2])! * BigInt(unitMs);
    if (ms > INT64_MAX - BigInt(baseMs) || ms < INT64_MIN) {
      c.failText(`ERR invalid expire time in '${c.entry.fullName}' command`);
    }
  }
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value * unitMs + baseMs));
}

/** Whether the conditions let `deadlineMs` replace the entry's deadline. No deadline counts as infinitely late. */
function isAllowed(c: Call, e: Ptr, conditions: number, deadlineMs: number): boolean {
  if (conditions === 0) return true;
  const present = c.entries.deadline(e);
  const timed = present !== Number.POSITIVE_INFINITY;
  if (conditions & NX && timed) return false;
  if (conditions & XX && !timed) return false;
  if (conditions & GT && deadlineMs <= present) return false;
  return !(conditions & LT && deadlineMs >= present);
}

function setDeadline(c: Call, unitMs: number, relative: boolean): void {
  const conditions = readConditions(c);
  const deadlineMs = readMoment(c, unitMs, relative ? c.nowMs : 0);
  if (c.failed) return;
  const e = c.write(1);
  if (e === NULL || !isAllowed(c, e, conditions, deadlineMs)) {
    c.reply.integer(0);
    return;
  }
  // While a file is loaded the clock stands at 0: what is past by now will expire afterwards.
  if (deadlineMs <= c.nowMs) deleteAtOnce(c, e);
  else {
    c.db.setDeadline(e, Math.max(1, deadlineMs));
    c.changed(1, EVENTS.generic, "expire");
    const effect = c.effect(3);
    effect.bulkText("PEXPIREAT");
    c.effectArg(1);
    effect.bulkInteger(deadlineMs);
  }
  c.reply.integer(1);
}

function deleteAtOnce(c: Call, e: Ptr): void {
  c.db.delete(e);
  c.changed(1, EVENTS.generic, "del");
  c.effect(2).bulkText("DEL");
  c.effectArg(1);
}

function expireCommand(name: string, since: string, argument: string, unitMs: number, relative: boolean): Command {
  const unit = unitMs === 1000 ? "seconds" : "milliseconds";
  return command({
    name,
    arity: -3,
    flags: ["write", "fast"],
    categories: ["keyspace"],
    keys: [keysAt(1, "RW update")],
    group: "generic",
    since,
    summary: relative ? `Lets a key end in so many ${unit}.` : `Lets a key end at a Unix time in ${unit}.`,
    complexity: "O(1)",
    syntax: `key:key ${argument} [condition<nx=NX | xx=XX | gt=GT | lt=LT>@7.0.0]`,
    run: (c) => setDeadline(c, unitMs, relative),
  });
}

export const expire = expireCommand("expire", "1.0.0", "seconds:integer", 1000, true);
export const pexpire = expireCommand("pexpire", "2.6.0", "milliseconds:integer", 1, true);
export const expireat = expireCommand("expireat", "1.2.0", "unix-time-seconds:unix-time", 1000, false);
export const pexpireat = expireCommand("pexpireat", "2.6.0", "unix-time-milliseconds:unix-time", 1, false);

function lookUpDeadline(name: string, since: string, unitMs: number, relative: boolean): Command {
  const unit = unitMs === 1000 ? "seconds" : "milliseconds";
  return command({
    name,
    arity: 2,
    flags: ["readonly", "fast"],
    categories: ["keyspace"],
    keys: [keysAt(1, "RO access")],
    group: "generic",
    since,
    summary: relative
      ? `Tells how long a key has still to live, in ${unit}.`
      : `Tells the Unix time in ${unit} at which a key ends.`,
    complexity: "O(1)",
    tips: relative ? ["nondeterministic_output"] : [],
    syntax: "key:key",
    run(c) {
      const e = c.look(1);
      if (e === NULL) return c.reply.integer(-2);
      const deadlineMs = c.entries.deadline(e);
      if (deadlineMs === Number.POSITIVE_INFINITY) return c.reply.integer(-1);
      const ms = relative ? Math.max(0, deadlineMs - c.nowMs) : deadlineMs;
      c.reply.integer(unitMs === 1 ? ms : Math.floor((ms + 500) / 1000));
    },
  });
}

export const ttl = lookUpDeadline("ttl", "1.0.0", 1000, true);
export const pttl = lookUpDeadline("pttl", "2.6.0", 1, true);
export const expiretime = lookUpDeadline("expiretime", "7.0.0", 1000, false);
export const pexpiretime = lookUpDeadline("pexpiretime", "7.0.0", 1, false);

export const persist = command({
  name: "persist",
  arity: 2,
  flags: ["write", "fast"],
  categories: ["keyspace"],
  keys: [keysAt(1, "RW update")],
  group: "generic",
  since: "2.2.0",
  summary: "Takes a key's deadline away.",
  complexity: "O(1)",
  syntax: "key:key",
  run(c) {
    const e = c.write(1);
    if (e === NULL || !c.entries.isTimed(e)) return c.reply.integer(0);
    c.db.setDeadline(e, 0);
    c.changed(1, EVENTS.generic, "persist");
    c.reply.integer(1);
  },
});
