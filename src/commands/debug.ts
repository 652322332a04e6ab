import type { Call } from "../command/call.ts";
import { type Command, command } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { helpCommand } from "../command/help.ts";
import { isLocalClient } from "../command/local-client.ts";
import { encode } from "../lib/bytes.ts";
import { parseDouble } from "../lib/float.ts";
import { parseInteger } from "../lib/integer.ts";
import { randomHex } from "../lib/random.ts";
import { debugDigest, debugDigestValue, debugHtstats, debugHtstatsKey, debugPopulate } from "./debug-data.ts";
import { debugObject, debugQuicklistPackedThreshold } from "./debug-object.ts";
import { debugProtocol } from "./debug-protocol.ts";
import { debugReload } from "./debug-reload.ts";

const NOT_ALLOWED = error(
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, ' +
    "otherwise you need to set this option in the configuration file, and then restart the server.",
);
const NO_AOF = error("ERR The append only file is not there yet");
const AOF_FAILED = error("ERR Error trying to load the AOF files, check server logs");
/** Sleeping for longer than fits into 64 bits of microseconds is no sleep at all, in Redis as well. */
const SLEEP_US_MAX = 2 ** 63;

const metadata = { group: "server", since: "1.0.0" } as const;

const aofFlushSleep = command({
  ...metadata,
  name: "aof-flush-sleep",
  arity: 3,
  summary: "Delays every write to the append-only file by so many microseconds.",
  run(c) {
    const { buf, start, len } = c.args;
    const us = parseInteger(buf, start[2], len[2]);
    c.server.persistence.writeDelayUs = us > 0 && us < SLEEP_US_MAX ? us : 0;
    c.reply.ok();
  },
});

const changeReplId = command({
  ...metadata,
  name: "change-repl-id",
  arity: 2,
  summary: "Begins a new history of the data for replicas.",
  run(c) {
    c.server.log.notice("Changing replication IDs after receiving change-repl-id");
    c.server.replicationId = randomHex(40);
    c.reply.ok();
  },
});

const configRewriteForceAll = command({
  ...metadata,
  name: "config-rewrite-force-all",
  arity: 2,
  summary: "Writes all directives into the configuration file, those with their default values too.",
  run(c) {
    const failure = c.server.config.rewrite(true);
    if (failure === undefined) c.reply.ok();
    else c.failText(`ERR CONFIG-REWRITE-FORCE-ALL failed: ${failure.replace(/^ERR /, "")}`);
  },
});

const replyError = command({
  ...metadata,
  name: "error",
  arity: 3,
  summary: "Replies with an error of that text.",
  run(c) {
    c.reply.errorText(c.args.text(2));
  },
});

const loadAof = command({
  ...metadata,
  name: "loadaof",
  arity: 2,
  summary: "Forgets all data and loads the append-only file.",
  run(c) {
    if (c.server.persistence.isWaiting) c.fail(NO_AOF);
    else void reload(c.server, c.client.link);
  },
});

/** The reply waits for the end of the loading. Nothing expires meanwhile: a key's deadline may be moved later in the file. */
async function reload(server: Call["server"], link: Call["client"]["link"]): Promise<void> {
  const { persistence, keyspace, scripting, expiry } = server;
  const { enabled } = expiry;
  link.suspend();
  for (const db of keyspace.databases) keyspace.flush(db);
  scripting.libraries.flush();
  expiry.enabled = false;
  const failure = await persistence.reload();
  expiry.enabled = enabled;
  if (failure === undefined) {
    server.stats.dirty = 0;
    server.log.warning("Append Only File loaded by DEBUG LOADAOF");
    link.push(encode("+OK\r\n"));
  } else {
    server.log.warning(failure);
    link.push(AOF_FAILED);
  }
  link.resumeLater();
}

const log = command({
  ...metadata,
  name: "log",
  arity: 3,
  summary: "Writes a message into the log.",
  run(c) {
    c.server.log.warning(`DEBUG LOG: ${c.args.text(2)}`);
    c.reply.ok();
  },
});

const setDisableDenyScripts = command({
  ...metadata,
  name: "set-disable-deny-scripts",
  arity: 3,
  summary: "Lets scripts use commands that are not for them (1), or forbids that again (0).",
  run(c) {
    c.server.scripting.host.allowsAll = c.args.is(2, "1");
    c.reply.ok();
  },
});

const replyBuffer = command({
  ...metadata,
  name: "replybuffer",
  arity: 4,
  summary: "Keeps clients' reply buffers as large as they are (0). All clients share one here, which no test can see.",
  run(c) {
    if (!c.args.is(2, "RESIZING")) return c.fail(ERRORS.syntax);
    isOn(c, 3);
    if (!c.failed) c.reply.ok();
  },
});

const pauseCron = command({
  ...metadata,
  name: "pause-cron",
  arity: 3,
  summary: "Stops (1) periodic work, or lets it go on (0).",
  run(c) {
    c.server.cronPaused = isOn(c, 2);
    c.reply.ok();
  },
});

const setActiveExpire = command({
  ...metadata,
  name: "set-active-expire",
  arity: 3,
  summary: "Whether keys are removed when their time comes (1), or only when they are asked for (0).",
  run(c) {
    c.server.expiry.enabled = isOn(c, 2);
    c.reply.ok();
  },
});

const setSkipChecksumValidation = command({
  ...metadata,
  name: "set-skip-checksum-validation",
  arity: 3,
  summary: "Whether checksums of what RESTORE is given are taken to be right (1).",
  run(c) {
    c.server.payloads.skipsChecksum = isOn(c, 2);
    c.reply.ok();
  },
});

/** Argument i as a number other than 0; what is no number is 0. */
function isOn({ args }: Call, i: number): boolean {
  const value = parseInteger(args.buf, args.start[i], args.len[i]);
  return !Number.isNaN(value) && value !== 0;
}

const sleep = command({
  ...metadata,
  name: "sleep",
  arity: 3,
  summary: "Stops the whole server for so many seconds.",
  run(c) {
    const us = (parseDouble(c.args.buf, c.args.start[2], c.args.len[2]) ?? 0) * 1e6;
    if (us > 0 && us < SLEEP_US_MAX) Bun.sleepSync(us / 1000);
    c.reply.ok();
  },
});

const subcommands: readonly Command[] = [
  aofFlushSleep,
  changeReplId,
  configRewriteForceAll,
  debugDigest,
  debugDigestValue,
  replyError,
  debugHtstats,
  debugHtstatsKey,
  loadAof,
  log,
  debugObject,
  pauseCron,
  setDisableDenyScripts,
  debugPopulate,
  debugProtocol,
  debugQuicklistPackedThreshold,
  debugReload,
  replyBuffer,
  setActiveExpire,
  setSkipChecksumValidation,
  sleep,
];
const help = helpCommand("DEBUG", metadata, subcommands, {
  "aof-flush-sleep": "<microseconds>",
  "digest-value": "<key> [<key> ...]",
  error: "<text>",
  htstats: "<db>",
  "htstats-key": "<key>",
  log: "<message>",
  object: "<key>",
  "pause-cron": "<0|1>",
  replybuffer: "RESIZING <0|1>",
  "set-disable-deny-scripts": "<0|1>",
  populate: "<count> [<prefix> [<size>]]",
  protocol: "<type>",
  "quicklist-packed-threshold": "<bytes>",
  reload: "[MERGE] [NOFLUSH] [NOSAVE]",
  "set-active-expire": "<0|1>",
  "set-skip-checksum-validation": "<0|1>",
  sleep: "<seconds>",
});

/** The most arguments that a subcommand takes whose arity only says the least. */
const ARGUMENTS_MAX: Readonly<Record<string, number>> = { populate: 5 };
const byName = new Map([...subcommands, help].map((one) => [one.name, one]));

/** One command and not a container, as in Redis: its subcommands are for tests, and counted and listed as DEBUG. */
export const debug = command({
  ...metadata,
  name: "debug",
  arity: -2,
  flags: ["admin", "noscript", "loading", "stale"],
  summary: "Looks into the server and disturbs it, for tests.",
  complexity: "Depends on the subcommand",
  run(c) {
    const allowed = c.server.config.values["enable-debug-command"];
    if (allowed === "no" || (allowed === "local" && !isLocalClient(c.client))) return c.fail(NOT_ALLOWED);
    const subcommand = byName.get(c.args.text(1).toLowerCase());
    if (subcommand !== undefined && takes(subcommand, c.argc)) return subcommand.run!(c);
    c.failText(`ERR unknown subcommand or wrong number of arguments for '${c.args.quoted(1, 128)}'. Try DEBUG HELP.`);
  },
});

function takes({ name, arity }: Command, argc: number): boolean {
  return arity > 0 ? argc === arity : argc >= -arity && argc <= (ARGUMENTS_MAX[name] ?? Number.POSITIVE_INFINITY);
}
