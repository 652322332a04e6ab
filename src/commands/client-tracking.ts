import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";

const ONE_REDIRECTION = error("ERR A client can only redirect to a single other client");
const NO_SUCH_CLIENT = error("ERR The client ID you want redirect to does not exist");
const PREFIX_WITHOUT_BCAST = error("ERR PREFIX option requires BCAST mode to be enabled");
const BCAST_WITH_OPTIONS = error("ERR OPTIN and OPTOUT are not compatible with BCAST");
const OPTIN_WITH_OPTOUT = error("ERR You can't specify both OPTIN mode and OPTOUT mode");
const OTHER_BROADCAST = error(
  "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
);
const OTHER_CHOICE = error(
  "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
);
const NO_CHOICE = error(
  "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
);
const YES_WITHOUT_OPTIN = error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
const NO_WITHOUT_OPTOUT = error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");

/** What CLIENT TRACKING was given behind ON or OFF. */
interface Options {
  redirect: number;
  broadcast: boolean;
  optIn: boolean;
  optOut: boolean;
  noLoop: boolean;
  readonly prefixes: string[];
}

export const clientTracking = command({
  name: "tracking",
  arity: -3,
  flags: ["noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "6.0.0",
  summary: "Turns on and off that the connection is told when keys change that it has read.",
  complexity: "O(1), with BCAST O(N) where N is the number of prefixes",
  syntax:
    "status<on=ON | off=OFF> [client-id:integer=REDIRECT] [prefix:string+PREFIX...] [bcast=BCAST] [optin=OPTIN] " +
    "[optout=OPTOUT] [noloop=NOLOOP]",
  run(c) {
    const { args, client, server } = c;
    const options = readOptions(c);
    if (c.failed) return;
    if (args.is(2, "OFF")) {
      server.tracking.forget(client);
    } else if (args.is(2, "ON")) {
      checkOptions(c, options);
      if (c.failed) return;
      if (options.broadcast && options.prefixes.length === 0) options.prefixes.push("");
      server.tracking.enable(client, options);
    } else {
      return c.fail(ERRORS.syntax);
    }
    c.reply.ok();
  },
});

function readOptions(c: Call): Options {
  const { args, argc } = c;
  const options: Options = {
    redirect: 0,
    broadcast: false,
    optIn: false,
    optOut: false,
    noLoop: false,
    prefixes: [],
  };
  for (let i = 3; i < argc && !c.failed; i++) {
    const hasNext = i + 1 < argc;
    if (args.is(i, "REDIRECT") && hasNext) readRedirection(c, ++i, options);
    else if (args.is(i, "PREFIX") && hasNext) options.prefixes.push(args.text(++i));
    else if (args.is(i, "BCAST")) options.broadcast = true;
    else if (args.is(i, "OPTIN")) options.optIn = true;
    else if (args.is(i, "OPTOUT")) options.optOut = true;
    else if (args.is(i, "NOLOOP")) options.noLoop = true;
    else c.fail(ERRORS.syntax);
  }
  return options;
}

function readRedirection(c: Call, i: number, options: Options): void {
  if (options.redirect !== 0) c.fail(ONE_REDIRECTION);
  options.redirect = c.integer(i);
  if (c.server.clients.get(options.redirect) === undefined) c.fail(NO_SUCH_CLIENT);
}

/** Whether the options go together, and with what the client has turned on before. */
function checkOptions(c: Call, { broadcast, optIn, optOut, prefixes }: Options): void {
  const before = c.client.tracking;
  if (!broadcast && prefixes.length > 0) c.fail(PREFIX_WITHOUT_BCAST);
  if (before !== undefined && before.broadcast !== broadcast) c.fail(OTHER_BROADCAST);
  if (broadcast && (optIn || optOut)) c.fail(BCAST_WITH_OPTIONS);
  if (optIn && optOut) c.fail(OPTIN_WITH_OPTOUT);
  if (before !== undefined && ((optIn && before.optOut) || (optOut && before.optIn))) c.fail(OTHER_CHOICE);
  checkPrefixes(c, prefixes, before?.prefixes ?? []);
}

/** A key must not have two of a client's prefixes. */
function checkPrefixes(c: Call, wanted: readonly string[], existing: readonly string[]): void {
  for (let i = 0; i < wanted.length && !c.failed; i++) {
    const overlaps = (other: string) => other.startsWith(wanted[i]) || wanted[i].startsWith(other);
    const old = existing.find(overlaps);
    if (old !== undefined) failOverlap(c, wanted[i], `an existing prefix '${old}'`);
    const other = wanted.slice(i + 1).find(overlaps);
    if (other !== undefined) failOverlap(c, wanted[i], `another provided prefix '${other}'`);
  }
}

function failOverlap(c: Call, prefix: string, other: string): void {
  c.failText(`ERR Prefix '${prefix}' overlaps with ${other}. Prefixes for a single client must not overlap.`);
}

export const clientCaching = command({
  name: "caching",
  arity: 3,
  flags: ["noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "6.0.0",
  summary: "Says whether the keys that the next request reads are tracked.",
  complexity: "O(1)",
  syntax: "mode<yes=YES | no=NO>",
  run(c) {
    const { args, client } = c;
    const { tracking } = client;
    if (tracking === undefined) return c.fail(NO_CHOICE);
    const yes = args.is(2, "YES");
    if (!yes && !args.is(2, "NO")) return c.fail(ERRORS.syntax);
    if (yes && !tracking.optIn) return c.fail(YES_WITHOUT_OPTIN);
    if (!yes && !tracking.optOut) return c.fail(NO_WITHOUT_OPTOUT);
    tracking.caching = true;
    c.reply.ok();
  },
});

export const clientTrackinginfo = command({
  name: "trackinginfo",
  arity: 2,
  flags: ["noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "6.2.0",
  summary: "Shows how the connection is told of changes.",
  complexity: "O(N) where N is the number of prefixes",
  run(c) {
    const { reply, client } = c;
    const flags = flagsOf(c);
    reply.map(3);
    reply.bulkText("flags");
    reply.set(flags.length);
    for (const flag of flags) reply.bulkText(flag);
    reply.bulkText("redirect");
    reply.integer(client.tracking?.redirect ?? -1);
    reply.bulkText("prefixes");
    const prefixes = client.tracking?.prefixes ?? [];
    reply.array(prefixes.length);
    for (const prefix of prefixes) reply.bulk(Buffer.from(prefix, "latin1"), 0, prefix.length);
  },
});

function flagsOf(c: Call): string[] {
  const { tracking } = c.client;
  if (tracking === undefined) return ["off"];
  const { broadcast, optIn, optOut, caching, noLoop, broken } = tracking;
  return [
    "on",
    broadcast && "bcast",
    optIn && "optin",
    optIn && caching && "caching-yes",
    optOut && "optout",
    optOut && caching && "caching-no",
    noLoop && "noloop",
    broken && "broken_redirect",
  ].filter((flag) => flag !== false);
}

export const clientGetredir = command({
  name: "getredir",
  arity: 2,
  flags: ["noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "6.0.0",
  summary: "Gives the id of the connection that is told of changes instead; 0: of none, -1: nobody is told.",
  complexity: "O(1)",
  run(c) {
    c.reply.integer(c.client.tracking?.redirect ?? -1);
  },
});
