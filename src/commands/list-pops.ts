import type { Call } from "../command/call.ts";
import { command, keysAt, keysCounted } from "../command/command.ts";
import { popOne, popSome } from "../command/list-key.ts";
import { type Pops, popFirst, popOrWait, readPops, replyKey, replyNilArray } from "../command/popping.ts";
import type { Ptr } from "../memory/arena.ts";
import { LIST } from "../types/kinds.ts";

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
  run: (c) => popOrWait(c, LIST, popEnd(c, true)),
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
  run: (c) => popOrWait(c, LIST, popEnd(c, false)),
});

function popEnd(c: Call, atHead: boolean): (keyArg: number, e: Ptr) => void {
  return (keyArg, e) => {
    c.reply.array(2);
    replyKey(c, keyArg);
    popOne(c, keyArg, e, atHead);
    c.effect(2).bulkText(atHead ? "LPOP" : "RPOP");
    c.effectArg(keyArg);
  };
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
    const request = readPops(c, 1, "LEFT", "RIGHT");
    if (!c.failed && !popMany(c, 2, request) && !c.failed) c.reply.nilArray();
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
    const request = readPops(c, 2, "LEFT", "RIGHT");
    const timeoutMs = c.timeoutMs(1);
    if (!c.failed && !popMany(c, 3, request) && !c.failed) {
      c.block(LIST, 3, request.keyCount, timeoutMs, replyNilArray);
    }
  },
});

/** Takes elements out of the first list that has any, the keys beginning at argument `firstKey`. False when none has. */
function popMany(c: Call, firstKey: number, { keyCount, atFirst, count }: Pops): boolean {
  return popFirst(c, LIST, firstKey, keyCount, (keyArg, e) => {
    const taken = Math.min(count, c.keyspace.lists.length(e));
    c.reply.array(2);
    replyKey(c, keyArg);
    popSome(c, keyArg, e, atFirst, taken);
    c.effect(3).bulkText(atFirst ? "LPOP" : "RPOP");
    c.effectArg(keyArg);
    c.effects.bulkInteger(taken);
  });
}
