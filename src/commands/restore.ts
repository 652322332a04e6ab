import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";

const FREQUENCY_MAX = 255;
const DEADLINE_MS_MAX = Number.MAX_SAFE_INTEGER;
const BUSY_KEY = error("BUSYKEY Target key name already exists.");
const BAD_TTL = error("ERR Invalid TTL value, must be >= 0");
const BAD_IDLE = error("ERR Invalid IDLETIME value, must be >= 0");
const BAD_FREQUENCY = error("ERR Invalid FREQ value, must be >= 0 and <= 255");
const BAD_CHECKSUM = error("ERR DUMP payload version or checksum are wrong");
const BAD_FORMAT = error("ERR Bad data format");
const NONE = -1;

interface Options {
  replace: boolean;
  absolute: boolean;
  idleSeconds: number;
  frequency: number;
}

/** The options from argument 4 on. */
function readOptions(c: Call): Options {
  const options: Options = { replace: false, absolute: false, idleSeconds: NONE, frequency: NONE };
  for (let i = 4; i < c.argc && !c.failed; i++) {
    const hasValue = i + 1 < c.argc;
    if (c.args.is(i, "REPLACE")) {
      options.replace = true;
    } else if (c.args.is(i, "ABSTTL")) {
      options.absolute = true;
    } else if (c.args.is(i, "IDLETIME") && hasValue && options.frequency === NONE) {
      options.idleSeconds = c.integer(++i);
      if (options.idleSeconds < 0) c.fail(BAD_IDLE);
    } else if (c.args.is(i, "FREQ") && hasValue && options.idleSeconds === NONE) {
      options.frequency = c.integer(++i);
      if (options.frequency < 0 || options.frequency > FREQUENCY_MAX) c.fail(BAD_FREQUENCY);
    } else {
      c.fail(ERRORS.syntax);
    }
  }
  return options;
}

/** The deadline that argument 2 sets; 0: none. */
function readDeadline(c: Call, absolute: boolean): number {
  const ttl = c.integer(2);
  if (ttl < 0) c.fail(BAD_TTL);
  return ttl > 0 && !absolute ? Math.min(ttl + c.nowMs, DEADLINE_MS_MAX) : Math.min(ttl, DEADLINE_MS_MAX);
}

/** Reads the value of argument 3. False when there is none, which fails. */
function readPayload(c: Call): boolean {
  const { buf, start, len } = c.args;
  const { payloads } = c.server;
  if (!payloads.isIntact(buf, start[3], len[3])) c.fail(BAD_CHECKSUM);
  else if (!payloads.read(buf, start[3], len[3])) c.fail(BAD_FORMAT);
  return !c.failed;
}

/** The journal gets the deadline, not the time that is left. */
function journal(c: Call, deadlineMs: number): void {
  const effect = c.effect(c.argc + 1);
  c.effectArg(0);
  c.effectArg(1);
  effect.bulkInteger(deadlineMs);
  for (let i = 3; i < c.argc; i++) c.effectArg(i);
  effect.bulkText("ABSTTL");
}

/** The key's time is past already: it is not made, and what had its name is gone. */
function deletePast(c: Call, old: Ptr): void {
  if (old === NULL) return;
  c.db.delete(old);
  c.changed(1, EVENTS.generic, "del");
  c.effect(2).bulkText("DEL");
  c.effectArg(1);
}

export const restore = command({
  name: "restore",
  arity: -4,
  flags: ["write", "denyoom"],
  categories: ["keyspace", "dangerous"],
  keys: [keysAt(1, "OW update")],
  group: "generic",
  since: "2.6.0",
  summary: "Makes a key of what DUMP gave.",
  complexity: "O(N) for a value of N bytes or elements; O(N log N) for a sorted set",
  syntax:
    "key:key ttl:integer serialized-value [replace=REPLACE@3.0.0] [absttl=ABSTTL@5.0.0] " +
    "[seconds:integer=IDLETIME@5.0.0] [frequency:integer=FREQ@5.0.0]",
  run(c) {
    const { replace, absolute, idleSeconds, frequency } = readOptions(c);
    if (c.failed) return;
    const old = c.peek(1);
    if (old !== NULL && !replace) return c.fail(BUSY_KEY);
    const deadlineMs = readDeadline(c, absolute);
    if (c.failed || !readPayload(c)) return;
    const { payloads } = c.server;
    if (deadlineMs > 0 && deadlineMs <= c.nowMs) {
      payloads.drop();
      deletePast(c, old);
    } else {
      const { buf, start, len } = c.args;
      const e = payloads.put(c.db, old, buf, start[1], len[1], c.keyHash, deadlineMs);
      const { access } = c.keyspace;
      c.entries.setAccess(e, access.restored(access.initial(), idleSeconds, frequency));
      if (deadlineMs > 0 && !absolute) journal(c, deadlineMs);
      c.changed(1, EVENTS.generic, "restore");
    }
    c.reply.ok();
  },
});
