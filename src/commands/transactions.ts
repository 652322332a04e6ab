import type { Call } from "../command/call.ts";
import { command, keysAt } from "../command/command.ts";
import { error } from "../command/errors.ts";
import type { QueuedRequest } from "../command/transaction.ts";

const NESTED = error("ERR MULTI calls can not be nested");
const WATCH_INSIDE = error("ERR WATCH inside MULTI is not allowed");
const EXEC_WITHOUT = error("ERR EXEC without MULTI");
const DISCARD_WITHOUT = error("ERR DISCARD without MULTI");
const ABORTED = error("EXECABORT Transaction discarded because of previous errors.");

export const multi = command({
  name: "multi",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  categories: ["transaction"],
  group: "transactions",
  since: "1.2.0",
  summary: "Starts a transaction: requests are queued until EXEC.",
  complexity: "O(1)",
  run(c) {
    if (c.client.transaction !== undefined) return c.fail(NESTED);
    c.client.startTransaction();
    c.reply.ok();
  },
});

export const exec = command({
  name: "exec",
  arity: 1,
  flags: ["noscript", "loading", "stale", "skip_slowlog"],
  categories: ["transaction"],
  group: "transactions",
  since: "1.2.0",
  summary: "Runs the queued requests as one.",
  complexity: "Depends on the requests",
  run(c) {
    const { client, server } = c;
    if (client.transaction === undefined) return c.fail(EXEC_WITHOUT);
    server.watches.expire(client);
    const broken = client.watchBroken;
    server.watches.forget(client);
    const { requests, failed } = client.endTransaction()!;
    if (failed) return c.fail(ABORTED);
    if (broken) return c.reply.nilArray();
    c.reply.array(requests.length);
    server.runner.beginUnit();
    c.pending = runFrom(c, requests, 0);
  },
});

/** Runs the requests from that one on. A script among them may be paused: then the rest follows when it has ended. */
function runFrom(c: Call, requests: readonly QueuedRequest[], first: number): Promise<void> | undefined {
  const { client, server } = c;
  for (let i = first; i < requests.length; i++) {
    const { entry, args } = requests[i];
    const paused = server.runner.runInner(client, entry, args, c.reply);
    if (paused !== undefined) return paused.then(() => runFrom(c, requests, i + 1));
  }
  server.runner.endUnit(client);
  return undefined;
}

export const discard = command({
  name: "discard",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  categories: ["transaction"],
  group: "transactions",
  since: "2.0.0",
  summary: "Forgets the queued requests.",
  complexity: "O(N), N being the number of queued requests",
  run(c) {
    if (c.client.transaction === undefined) return c.fail(DISCARD_WITHOUT);
    leaveTransaction(c);
    c.reply.ok();
  },
});

function leaveTransaction({ client, server }: Call): void {
  client.endTransaction();
  server.watches.forget(client);
}

export const watch = command({
  name: "watch",
  arity: -2,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  categories: ["transaction"],
  keys: [keysAt(1, "RO", -1)],
  group: "transactions",
  since: "2.2.0",
  summary: "Makes the next EXEC fail if one of the keys changes before it.",
  complexity: "O(1) for each key",
  syntax: "key:key...",
  run(c) {
    const { client, server, args } = c;
    if (client.transaction !== undefined) return c.fail(WATCH_INSIDE);
    for (let i = 1; i < c.argc && !client.watchBroken; i++) {
      // A key whose time is past goes now, so that its end is no change.
      c.peek(i);
      server.watches.watch(client, c.db, args.own(i));
    }
    c.reply.ok();
  },
});

export const unwatch = command({
  name: "unwatch",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  categories: ["transaction"],
  group: "transactions",
  since: "2.2.0",
  summary: "Forgets the watched keys.",
  complexity: "O(N), N being the number of watched keys",
  run(c) {
    c.server.watches.forget(c.client);
    c.reply.ok();
  },
});
