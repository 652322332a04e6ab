import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { readSide } from "../command/list-key.ts";
import { type Move, moveElements, readHowMany, singleMove } from "../command/list-move.ts";
import type { Reply } from "../resp/reply.ts";
import { LIST } from "../types/kinds.ts";

const RIGHT_TO_LEFT = singleMove(false, true);

export const lmove = command({
  name: "lmove",
  arity: 5,
  flags: ["write", "denyoom"],
  categories: ["list"],
  keys: [keysAt(1, "RW access delete"), keysAt(2, "RW insert")],
  group: "list",
  since: "6.2.0",
  summary: "Moves an element from an end of a list to an end of another.",
  complexity: "O(1)",
  syntax: "source:key destination:key#1 wherefrom<left=LEFT | right=RIGHT> whereto<left=LEFT | right=RIGHT>",
  run(c) {
    const move = readMove(c);
    if (!c.failed && !moveElements(c, move) && !c.failed) c.reply.nil();
  },
});

export const rpoplpush = command({
  name: "rpoplpush",
  arity: 3,
  flags: ["write", "denyoom"],
  categories: ["list"],
  keys: [keysAt(1, "RW access delete"), keysAt(2, "RW insert")],
  group: "list",
  since: "1.2.0",
  deprecatedSince: "6.2.0",
  replacedBy: "LMOVE with RIGHT and LEFT",
  summary: "Moves the last element of a list before the first of another.",
  complexity: "O(1)",
  syntax: "source:key destination:key#1",
  run(c) {
    if (!moveElements(c, RIGHT_TO_LEFT) && !c.failed) c.reply.nil();
  },
});

export const lmovem = command({
  name: "lmovem",
  arity: -5,
  flags: ["write", "denyoom"],
  categories: ["list"],
  keys: [keysAt(1, "RW access delete"), keysAt(2, "RW insert")],
  group: "list",
  since: "8.10.0",
  summary: "Moves several elements from an end of a list to an end of another.",
  complexity: "O(N), N being the number of elements that are moved",
  syntax:
    "source:key destination:key#1 wherefrom<left=LEFT | right=RIGHT> whereto<left=LEFT | right=RIGHT> " +
    "[how-many(selector<count:integer=COUNT | exactly:integer=EXACTLY> ordering<obo=OBO | bulk=BULK>)]",
  run(c) {
    const move = readMove(c);
    readHowMany(c, 5, move);
    if (c.failed || moveElements(c, move) || c.failed) return;
    if (move.exactly) c.reply.nilArray();
    else c.reply.array(0);
  },
});

export const blmove = command({
  name: "blmove",
  arity: 6,
  flags: ["write", "denyoom", "blocking"],
  categories: ["list"],
  keys: [keysAt(1, "RW access delete"), keysAt(2, "RW insert")],
  group: "list",
  since: "6.2.0",
  summary: "Moves an element from an end of a list to an end of another; waits for one.",
  complexity: "O(1)",
  syntax:
    "source:key destination:key#1 wherefrom<left=LEFT | right=RIGHT> whereto<left=LEFT | right=RIGHT> timeout:double",
  run(c) {
    const move = readMove(c);
    const timeoutMs = c.timeoutMs(5);
    if (c.failed) return;
    if (moveElements(c, move)) {
      effect(c, "LMOVE", 5);
      c.effectArg(3);
      c.effectArg(4);
    } else if (!c.failed) {
      waitForOne(c, timeoutMs);
    }
  },
});

export const brpoplpush = command({
  name: "brpoplpush",
  arity: 4,
  flags: ["write", "denyoom", "blocking"],
  categories: ["list"],
  keys: [keysAt(1, "RW access delete"), keysAt(2, "RW insert")],
  group: "list",
  since: "2.2.0",
  deprecatedSince: "6.2.0",
  replacedBy: "BLMOVE with RIGHT and LEFT",
  summary: "Moves the last element of a list before the first of another; waits for one.",
  complexity: "O(1)",
  syntax: "source:key destination:key#1 timeout:double",
  run(c) {
    const timeoutMs = c.timeoutMs(3);
    if (c.failed) return;
    if (moveElements(c, RIGHT_TO_LEFT)) effect(c, "RPOPLPUSH", 3);
    else if (!c.failed) waitForOne(c, timeoutMs);
  },
});

export const blmovem = command({
  name: "blmovem",
  arity: -6,
  flags: ["write", "denyoom", "blocking"],
  categories: ["list"],
  keys: [keysAt(1, "RW access delete"), keysAt(2, "RW insert")],
  group: "list",
  since: "8.10.0",
  summary: "Moves several elements from an end of a list to an end of another; waits for them.",
  complexity: "O(N), N being the number of elements that are moved",
  syntax:
    "source:key destination:key#1 wherefrom<left=LEFT | right=RIGHT> whereto<left=LEFT | right=RIGHT> timeout:double " +
    "[how-many(selector<count:integer=COUNT | exactly:integer=EXACTLY> ordering<obo=OBO | bulk=BULK>)]",
  run(c) {
    const move = readMove(c);
    const timeoutMs = c.timeoutMs(5);
    readHowMany(c, 6, move);
    if (c.failed) return;
    if (moveElements(c, move)) {
      effect(c, "LMOVEM", c.argc - 1);
      for (let i = 3; i < c.argc; i++) if (i !== 5) c.effectArg(i);
    } else if (!c.failed) {
      c.block(LIST, 1, 1, timeoutMs, replyNilArray);
    }
  },
});

/** The move of one element from and to the ends that arguments 3 and 4 name. */
function readMove(c: Call): Move {
  return singleMove(readSide(c, 3), readSide(c, 4));
}

/** Starts the effect of a move that may have waited: the move that does not. */
function effect(c: Call, name: string, argc: number): void {
  c.effect(argc).bulkText(name);
  c.effectArg(1);
  c.effectArg(2);
}

/** Waits for an element of the source. Where nobody may wait, Redis replies in another way than when the time is up. */
function waitForOne(c: Call, timeoutMs: number): void {
  if (c.mayWait) c.block(LIST, 1, 1, timeoutMs, replyNilArray);
  else c.reply.nil();
}

function replyNilArray(reply: Reply): void {
  reply.nilArray();
}
