import type { Call } from "../command/call.ts";
import { command, keysAt, keysCounted } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { popOne, popSome, readPositive, readSide, readSource } from "../command/list-key.ts";
import { NULL } from "../memory/arena.ts";
import type { Reply } from "../resp/reply.ts";
import { LIST } from "../types/kinds.ts";

const KEYS_TOO_FEW = error("ERR numkeys should be greater than 0");
const COUNT_TOO_SMALL = error("ERR count should be greater than 0");

export const blpop = command({
  name: "blpop",
  arity: -3,
  flags: ["write", "blocking"],
  categories: ["list"],
  keys: [keysAt(1, "RW access delete", -2)],
  group: "list",
  since: "2.0.0",
  summary: "Takes the first element out of the first list that has one; waits for one.",
  complexity: "O(N), N being the number of keys",
  syntax: "key:key... timeout:double",
  run: (c) => popOrWait(c, true),
});

export const brpop = command({
  name: "brpop",
  arity: -3,
  flags: ["write", "blocking"],
  categories: ["list"],
  keys: [keysAt(1, "RW access delete", -2)],
  group: "list",
  since: "2.0.0",
  summary: "Takes the last element out of the first list that has one; waits for one.",
  complexity: "O(N), N being the number of keys",
  syntax: "key:key... timeout:double",
  run: (c) => popOrWait(c, false),
});

function popOrWait(c: Call, atHead: boolean): void {
  const timeoutArg = c.argc - 1;
  const timeoutMs = c.timeoutMs(timeoutArg);
  for (let i = 1; i < timeoutArg && !c.failed; i++) {
    const e = readSource(c, i);
    if (c.failed || e === NULL) continue;
    c.reply.array(2);
    replyKey(c, i);
    popOne(c, i, e, atHead);
    c.effect(2).bulkText(atHead ? "LPOP" : "RPOP");
    c.effectArg(i);
    return;
  }
  if (!c.failed) c.block(LIST, 1, timeoutArg - 1, timeoutMs, replyNilArray);
}

export const lmpop = command({
  name: "lmpop",
  arity: -4,
  flags: ["write", "movablekeys"],
  categories: ["list"],
  keys: [keysCounted(1, "RW access delete")],
  group: "list",
  since: "7.0.0",
  summary: "Takes elements out of an end of the first list that has any.",
  complexity: "O(N+M), N being the number of keys and M that of the elements",
  syntax: "numkeys:integer key:key... where<left=LEFT | right=RIGHT> [count:integer=COUNT]",
  run(c) {
    const request = readPops(c, 1);
    if (!c.failed && !popFirst(c, 2, request) && !c.failed) c.reply.nilArray();
  },
});

export const blmpop = command({
  name: "blmpop",
  arity: -5,
  flags: ["write", "blocking", "movablekeys"],
  categories: ["list"],
  keys: [keysCounted(2, "RW access delete")],
  group: "list",
  since: "7.0.0",
  summary: "Takes elements out of an end of the first list that has any; waits for one.",
  complexity: "O(N+M), N being the number of keys and M that of the elements",
  syntax: "timeout:double numkeys:integer key:key... where<left=LEFT | right=RIGHT> [count:integer=COUNT]",
  run(c) {
    const request = readPops(c, 2);
    const timeoutMs = c.timeoutMs(1);
    if (!c.failed && !popFirst(c, 3, request) && !c.failed) {
      c.block(LIST, 3, request.keyCount, timeoutMs, replyNilArray);
    }
  },
});

interface Pops {
  readonly keyCount: number;
  readonly atHead: boolean;
  readonly count: number;
}

/** Reads numkeys key... LEFT|RIGHT [COUNT n], numkeys being argument i. */
function readPops(c: Call, i: number): Pops {
  const keyCount = readPositive(c, i, KEYS_TOO_FEW);
  const sideArg = i + keyCount + 1;
  if (sideArg >= c.argc) c.fail(ERRORS.syntax);
  const atHead = !c.failed && readSide(c, sideArg);
  return { keyCount, atHead, count: c.failed ? 0 : readCount(c, sideArg + 1) };
}

function readCount(c: Call, i: number): number {
  if (c.argc === i) return 1;
  if (c.argc < i + 2 || !c.args.is(i, "COUNT")) c.fail(ERRORS.syntax);
  const count = readPositive(c, i + 1, COUNT_TOO_SMALL);
  if (c.argc > i + 2) c.fail(ERRORS.syntax);
  return count;
}

/** Takes elements out of the first list that has any, the keys beginning at argument `firstKey`. False when none has. */
function popFirst(c: Call, firstKey: number, { keyCount, atHead, count }: Pops): boolean {
  for (let i = firstKey; i < firstKey + keyCount; i++) {
    const e = readSource(c, i);
    if (c.failed) return false;
    if (e === NULL) continue;
    const taken = Math.min(count, c.keyspace.lists.length(e));
    c.reply.array(2);
    replyKey(c, i);
    popSome(c, i, e, atHead, taken);
    c.effect(3).bulkText(atHead ? "LPOP" : "RPOP");
    c.effectArg(i);
    c.effects.bulkInteger(taken);
    return true;
  }
  return false;
}

function replyKey(c: Call, keyArg: number): void {
  const { buf, start, len } = c.args;
  c.reply.bulk(buf, start[keyArg], len[keyArg]);
}

function replyNilArray(reply: Reply): void {
  reply.nilArray();
}
