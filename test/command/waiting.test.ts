import { describe, expect, test } from "bun:test";
import type { Client } from "../../src/command/client.ts";
import type { TableEntry } from "../../src/command/table.ts";
import { type Waiter, WaitingClients } from "../../src/command/waiting.ts";
import { argsOf } from "../../src/resp/args.ts";

function waiterUntil(deadlineMs: number, ...keys: string[]): Waiter {
  return {
    type: 1,
    firstKeyArg: 1,
    keyCount: keys.length,
    deadlineMs,
    writeTimeoutReply: (reply) => reply.nil(),
    whenGone: false,
    note: undefined,
    client: {} as Client,
    entry: {} as TableEntry,
    args: argsOf("BLPOP", ...keys, "0"),
    keys: new Map(keys.map((key, i) => [key, i + 1])),
    over: false,
  };
}

describe("clients that wait", () => {
  test("are due in the order of their deadlines, those that were served left out", () => {
    const waiting = new WaitingClients();
    const [late, served, early] = [30, 10, 20].map((ms) => waiterUntil(ms, "0:k"));
    for (const waiter of [late, served, early]) waiting.add(waiter);
    waiting.add(waiterUntil(Number.POSITIVE_INFINITY, "0:k"));
    waiting.remove(served);
    expect(waiting.timedSize).toBe(2);
    expect(waiting.nextDeadlineMs).toBe(20);
    expect(waiting.nextDue(19)).toBeUndefined();
    for (const due of [early, late]) {
      expect(waiting.nextDue(30)).toBe(due);
      waiting.remove(due);
    }
    expect(waiting.nextDue(30)).toBeUndefined();
    expect({ timed: waiting.timedSize, all: waiting.size, keys: waiting.keyCount }).toEqual({
      timed: 0,
      all: 1,
      keys: 1,
    });
  });

  test("are not kept until their deadline when they were served long before it", async () => {
    const waiting = new WaitingClients();
    const patient = Array.from({ length: 10 }, (_, i) => waiterUntil(1e6 - i, "0:k"));
    for (const waiter of patient) waiting.add(waiter);
    const served = Array.from({ length: 1000 }, (_, i) => serve(waiting, 1e6 + i));
    // A weak reference holds what it refers to until the present job ends.
    await new Promise(setImmediate);
    Bun.gc(true);
    expect(served.filter((reference) => reference.deref() !== undefined).length).toBeLessThan(300);
    expect(waiting.timedSize).toBe(10);
    expect(waiting.nextDue(1e6)).toBe(patient[9]);
  });
});

function serve(waiting: WaitingClients, deadlineMs: number): WeakRef<Waiter> {
  const waiter = waiterUntil(deadlineMs, "0:k");
  waiting.add(waiter);
  waiting.remove(waiter);
  return new WeakRef(waiter);
}
