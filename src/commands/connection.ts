import { deauthenticate, isDefaultUser, isPassword, needsPassword } from "../command/authentication.ts";
import type { Call } from "../command/call.ts";
import { GATE_SUBSCRIBED, GATE_UNAUTHENTICATED } from "../command/client.ts";
import { nameArgument } from "../command/client-name.ts";
import { command } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { stopMonitoring } from "../command/monitoring.ts";
import type { Args } from "../resp/args.ts";
import { REDIS_VERSION } from "../version.ts";

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;

const NO_PASSWORD_SET = error(
  "ERR AUTH <password> called without any password configured for the default user. " +
    "Are you sure your configuration is correct?",
);
const HELLO_NEEDS_AUTH = error(
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used " +
    "to authenticate the client and select the RESP protocol version at the same time",
);
const PROTOCOL_NOT_INTEGER = error("ERR Protocol version is not an integer or out of range");
const NO_INT = error(`ERR value is out of range, value must between ${INT_MIN} and ${INT_MAX}`);

export const ping = command({
  name: "ping",
  arity: -1,
  flags: ["fast"],
  categories: ["connection"],
  group: "connection",
  since: "1.0.0",
  summary: "Tells that the server is there, or gives back a message.",
  complexity: "O(1)",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  syntax: "[message]",
  run(c) {
    const { args, reply, argc } = c;
    if (argc > 2) return c.failArity();
    const subscribed = (c.client.gate & GATE_SUBSCRIBED) !== 0;
    if (subscribed) {
      reply.array(2);
      reply.bulkText("pong");
    }
    if (argc === 2) reply.bulk(args.buf, args.start[1], args.len[1]);
    else if (subscribed) reply.bulkText("");
    else reply.status("PONG");
  },
});

export const echo = command({
  name: "echo",
  arity: 2,
  flags: ["loading", "stale", "fast"],
  categories: ["connection"],
  group: "connection",
  since: "1.0.0",
  summary: "Gives back a message.",
  complexity: "O(1)",
  syntax: "message",
  run(c) {
    c.reply.bulk(c.args.buf, c.args.start[1], c.args.len[1]);
  },
});

export const quit = command({
  name: "quit",
  arity: -1,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  categories: ["connection"],
  group: "connection",
  since: "1.0.0",
  summary: "Ends the connection.",
  complexity: "O(1)",
  deprecatedSince: "7.2.0",
  replacedBy: "just closing the connection",
  run(c) {
    c.reply.ok();
    c.client.link.close("flushed");
  },
});

export const select = command({
  name: "select",
  arity: 2,
  flags: ["loading", "stale", "fast"],
  categories: ["connection"],
  group: "connection",
  since: "1.0.0",
  summary: "Chooses the database of the connection.",
  complexity: "O(1)",
  syntax: "index:integer",
  run(c) {
    const id = c.integer(1);
    if (c.failed) return;
    if (id < INT_MIN || id > INT_MAX) return c.fail(NO_INT);
    const db = c.keyspace.databases[id];
    if (db === undefined) return c.fail(ERRORS.dbIndexOutOfRange);
    c.client.db = db;
    c.reply.ok();
  },
});

export const auth = command({
  name: "auth",
  arity: -2,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  categories: ["connection"],
  group: "connection",
  since: "1.0.0",
  summary: "Authenticates the connection.",
  complexity: "O(N) where N is the length of the password",
  syntax: "[username@6.0.0] password",
  secrets: ({ count }) => Array.from({ length: count - 1 }, (_none, i) => i + 1),
  run(c) {
    if (c.argc > 3) return c.fail(ERRORS.syntax);
    if (c.argc === 2 && !needsPassword(c.server.config)) return c.fail(NO_PASSWORD_SET);
    authenticate(c, c.argc === 3 ? 1 : 0, c.argc - 1);
    if (!c.failed) c.reply.ok();
  },
});

/** Lets the client in if the user (argument `userArg`; 0: the default user) and the password are right; else fails. */
function authenticate(c: Call, userArg: number, passwordArg: number): void {
  const { buf, start, len } = c.args;
  const { config } = c.server;
  const knownUser = userArg === 0 || isDefaultUser(buf, start[userArg], len[userArg]);
  const right = !needsPassword(config) || isPassword(config, buf, start[passwordArg], len[passwordArg]);
  if (knownUser && right) c.client.setGate(GATE_UNAUTHENTICATED, false);
  else c.fail(ERRORS.wrongPass);
}

export const hello = command({
  name: "hello",
  arity: -1,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  categories: ["connection"],
  group: "connection",
  since: "6.0.0",
  summary: "Chooses the protocol version, authenticates and names the connection in one go.",
  complexity: "O(1)",
  secrets: helloSecrets,
  syntax: "[arguments(protover:integer [auth(username password)=AUTH] [clientname:string=SETNAME])]",
  run(c) {
    const version = c.argc > 1 ? c.integer(1, PROTOCOL_NOT_INTEGER) : undefined;
    if (version !== undefined && version !== 2 && version !== 3) c.fail(ERRORS.noProto);
    takeHelloOptions(c);
    if (!c.failed && c.client.gate & GATE_UNAUTHENTICATED) c.fail(HELLO_NEEDS_AUTH);
    if (c.failed) return;
    if (version !== undefined) c.client.setProtocol(version === 3);
    c.reply.resp3 = c.client.resp3;
    greet(c);
  },
});

/** The user and the password. */
function helloSecrets(args: Args): number[] {
  for (let i = 2; i + 2 < args.count; i++) {
    if (args.is(i, "AUTH")) return [i + 1, i + 2];
    if (args.is(i, "SETNAME")) i++;
  }
  return [];
}

/** As in Redis each option takes effect when it is read: a name stays given even if a later option is wrong. */
function takeHelloOptions(c: Call): void {
  const { args, argc } = c;
  for (let i = 2; i < argc && !c.failed; i++) {
    if (args.is(i, "AUTH") && i + 2 < argc) {
      authenticate(c, i + 1, i + 2);
      i += 2;
    } else if (args.is(i, "SETNAME") && i + 1 < argc) {
      const name = nameArgument(c, i + 1, "Client names");
      if (!c.failed) c.client.name = name;
      i++;
    } else {
      c.failText(`ERR Syntax error in HELLO option '${args.quoted(i)}'`);
    }
  }
}

function greet(c: Call): void {
  const { reply } = c;
  reply.map(7);
  reply.bulkText("server");
  reply.bulkText("redis");
  reply.bulkText("version");
  reply.bulkText(REDIS_VERSION);
  reply.bulkText("proto");
  reply.integer(c.client.resp3 ? 3 : 2);
  reply.bulkText("id");
  reply.integer(c.client.id);
  reply.bulkText("mode");
  reply.bulkText("standalone");
  reply.bulkText("role");
  reply.bulkText("master");
  reply.bulkText("modules");
  reply.array(0);
}

export const reset = command({
  name: "reset",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  categories: ["connection"],
  group: "connection",
  since: "6.2.0",
  summary: "Brings the connection back to its first state.",
  complexity: "O(1)",
  run(c) {
    const { client, server } = c;
    server.pubsub.forget(client);
    client.setProtocol(false);
    c.reply.resp3 = false;
    client.db = c.keyspace.databases[0];
    client.name = "";
    client.noEvict = false;
    client.noTouch = false;
    client.endTransaction();
    server.watches.forget(client);
    server.tracking.forget(client);
    stopMonitoring(server, client);
    if (client.replyMode === "off") client.loud = true;
    client.setReplyMode("on");
    deauthenticate(client, server.config);
    c.reply.status("RESET");
  },
});
