import { readFieldOffset } from "../command/bit-offset.ts";
import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { ERRORS } from "../command/errors.ts";
import { growString } from "../command/string-values.ts";
import {
  fitBigField,
  fitField,
  NARROW_BITS_MAX,
  NARROW_OPERAND_MAX,
  type Overflow,
  readField as readNarrow,
  readBigField as readWide,
  writeField as writeNarrow,
  writeBigField as writeWide,
} from "../lib/bit-field.ts";
import { EMPTY } from "../lib/bytes.ts";
import { parseBigInteger, parseInteger } from "../lib/integer.ts";
import { NULL } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import type { Args } from "../resp/args.ts";

/**
 * BITFIELD reads its arguments twice: once to find every error and how long the value must become, then to carry the operations out
 * one by one. So nothing is kept between the two, and nothing is changed by a request with an error in it.
 */
const GET = 1;
const SET = 2;
const INCRBY = 3;
const OVERFLOW = 4;
const OPERATION_ARGS = [0, 3, 4, 4, 2] as const;
const SIGNED = 105;
const UNSIGNED = 117;
const BAD_TYPE = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";

/** The operation that was read last. */
const op = { kind: 0, signed: false, width: 0, offset: 0, valueArg: 0, value: 0, overflow: "wrap" as Overflow };
/** What reading all operations found: how many give a reply, whether any writes, and the bytes that the writing ones need. */
const plan = { replies: 0, writes: false, bytes: 0 };

export const bitfield = command({
  name: "bitfield",
  arity: -2,
  flags: ["write", "denyoom"],
  categories: ["bitmap"],
  keys: [keysAt(1, "RW access update variable_flags")],
  keyFlags: (args) => (onlyReads(args) ? ["RO", "access"] : ["RW", "access", "update"]),
  group: "bitmap",
  since: "3.2.0",
  summary: "Reads, sets and increments integers of any width at any bit of a key's value.",
  complexity: "O(1) for each operation",
  syntax:
    "key:key [operation<get-block(encoding offset:integer)=GET | write([overflow-block<wrap=WRAP | sat=SAT | " +
    "fail=FAIL>=OVERFLOW] write-operation<set-block(encoding offset:integer value:integer)=SET | " +
    "incrby-block(encoding offset:integer increment:integer)=INCRBY>)>...]",
  run(c) {
    readPlan(c);
    if (c.failed) return;
    if (plan.writes) write(c);
    else readOnly(c);
  },
});

/** Whether a BITFIELD has nothing but complete GETs and OVERFLOWs. */
function onlyReads(args: Args): boolean {
  let i = 2;
  while (i < args.count) {
    if (args.is(i, "GET")) i += OPERATION_ARGS[GET];
    else if (args.is(i, "OVERFLOW")) i += OPERATION_ARGS[OVERFLOW];
    else return false;
  }
  return i === args.count;
}

export const bitfield_ro = command({
  name: "bitfield_ro",
  arity: -2,
  flags: ["readonly", "fast"],
  categories: ["bitmap"],
  keys: [keysAt(1, "RO access")],
  group: "bitmap",
  since: "6.0.0",
  summary: "Reads integers of any width at any bit of a key's value.",
  complexity: "O(1) for each operation",
  syntax: "key:key [get-block(encoding offset:integer)+GET...]",
  run(c) {
    readPlan(c);
    if (plan.writes) c.failText("ERR BITFIELD_RO only supports the GET subcommand");
    if (!c.failed) readOnly(c);
  },
});

function readPlan(c: Call): void {
  plan.replies = 0;
  plan.writes = false;
  plan.bytes = 0;
  for (let i = 2; i < c.argc && !c.failed; ) {
    i += readOperation(c, i);
    if (op.kind !== OVERFLOW) plan.replies++;
    if (op.kind !== SET && op.kind !== INCRBY) continue;
    plan.writes = true;
    plan.bytes = Math.max(plan.bytes, Math.floor((op.offset + op.width + 7) / 8));
  }
}

/** Reads the operation at argument i into `op`; how many arguments it has. OVERFLOW counts as one, and holds until the next. */
function readOperation(c: Call, i: number): number {
  if (i === 2) op.overflow = "wrap";
  op.kind = kindAt(c, i);
  const taken = OPERATION_ARGS[op.kind];
  if (taken === 0 || i + taken > c.argc) {
    c.fail(ERRORS.syntax);
    return 1;
  }
  if (op.kind === OVERFLOW) {
    readOverflow(c, i + 1);
    return taken;
  }
  readType(c, i + 1);
  op.offset = readFieldOffset(c, i + 2, op.width);
  op.valueArg = i + 3;
  if (op.kind !== GET) op.value = c.integer(i + 3);
  return taken;
}

function kindAt(c: Call, i: number): 0 | 1 | 2 | 3 | 4 {
  const { args } = c;
  if (args.is(i, "GET")) return GET;
  if (args.is(i, "SET")) return SET;
  if (args.is(i, "INCRBY")) return INCRBY;
  return args.is(i, "OVERFLOW") ? OVERFLOW : 0;
}

function readOverflow(c: Call, i: number): void {
  const { args } = c;
  if (args.is(i, "WRAP")) op.overflow = "wrap";
  else if (args.is(i, "SAT")) op.overflow = "saturate";
  else if (args.is(i, "FAIL")) op.overflow = "fail";
  else c.failText("ERR Invalid OVERFLOW type specified");
}

/** i1 to i64, u1 to u63. */
function readType(c: Call, i: number): void {
  const { buf, start, len } = c.args;
  const letter = len[i] > 0 ? buf[start[i]] : 0;
  op.signed = letter === SIGNED;
  op.width = parseInteger(buf, start[i] + 1, Math.max(0, len[i] - 1));
  const isType = op.signed || letter === UNSIGNED;
  if (!isType || !(op.width >= 1 && op.width <= (op.signed ? 64 : 63))) c.failText(BAD_TYPE);
}

function readOnly(c: Call): void {
  const e = c.readString(1);
  if (c.failed) return;
  if (e === NULL) c.span.set(EMPTY, 0, 0);
  else c.entries.value(e, c.span);
  c.reply.array(plan.replies);
  for (let i = 2; i < c.argc; ) {
    i += readOperation(c, i);
    if (op.kind === GET) replyField(c);
  }
}

function write(c: Call): void {
  const e = c.writeString(1);
  if (c.failed) return;
  const grows = e === NULL || c.entries.valueLength(e) < plan.bytes;
  growString(c, 1, e, plan.bytes);
  c.reply.array(plan.replies);
  let changes = 0;
  for (let i = 2; i < c.argc; ) {
    i += readOperation(c, i);
    if (op.kind === GET) replyField(c);
    else if (op.kind !== OVERFLOW && writeField(c, grows)) changes++;
  }
  if (changes > 0) {
    c.changes += changes - 1;
    c.changed(1, EVENTS.string, "setbit");
  } else if (grows) {
    // Every operation failed, but the value is longer: no event, as in Redis, but the journal must have it.
    c.changedSilently(1);
  }
}

function replyField(c: Call): void {
  const { buf, start, len } = c.span;
  const { offset, width, signed } = op;
  if (width <= NARROW_BITS_MAX) c.reply.integer(readNarrow(buf, start, len, offset, width, signed));
  else c.reply.bigInteger(readWide(buf, start, len, offset, width, signed));
}

/** Carries out SET or INCRBY. Whether that changed the value; if it `grows`, anything that does not fail did. */
function writeField(c: Call, grows: boolean): boolean {
  const narrow = op.width <= NARROW_BITS_MAX && Math.abs(op.value) <= NARROW_OPERAND_MAX;
  return narrow ? writeNarrowField(c, grows) : writeWideField(c, grows);
}

function writeNarrowField(c: Call, grows: boolean): boolean {
  const { buf, start, len } = c.span;
  const { offset, width, signed, overflow, value } = op;
  const old = readNarrow(buf, start, len, offset, width, signed);
  const isSet = op.kind === SET;
  const fitted = fitField(isSet ? value : old, isSet ? 0 : value, width, signed, overflow);
  if (Number.isNaN(fitted)) {
    c.reply.nil();
    return false;
  }
  writeNarrow(buf, start, offset, width, fitted);
  c.reply.integer(isSet ? old : fitted);
  return grows || fitted !== old;
}

function writeWideField(c: Call, grows: boolean): boolean {
  const { buf, start, len } = c.span;
  const { offset, width, signed, overflow, valueArg } = op;
  const value = parseBigInteger(c.args.buf, c.args.start[valueArg], c.args.len[valueArg])!;
  const old = readWide(buf, start, len, offset, width, signed);
  const isSet = op.kind === SET;
  const fitted = fitBigField(isSet ? value : old, isSet ? 0n : value, width, signed, overflow);
  if (fitted === undefined) {
    c.reply.nil();
    return false;
  }
  writeWide(buf, start, offset, width, fitted);
  c.reply.bigInteger(isSet ? old : fitted);
  return grows || fitted !== old;
}
