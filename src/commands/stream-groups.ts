import { bigInteger } from "../command/big-argument.ts";
import type { Call } from "../command/call.ts";
import { type Command, command, keysAt } from "../command/command.ts";
import { error } from "../command/errors.ts";
import { failUsage, helpCommand } from "../command/help.ts";
import {
  addConsumer,
  anyIdArg,
  createStream,
  findConsumer,
  findGroup,
  idArg,
  writeStream,
} from "../command/stream-key.ts";
import { NULL, type Ptr } from "../memory/arena.ts";
import { EVENTS } from "../pubsub/key-events.ts";
import { GroupRemains } from "../types/stream.ts";
import { UNKNOWN } from "../types/stream-groups.ts";
import { StreamId } from "../types/stream-id.ts";

const NO_KEY = error(
  "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to " +
    "create an empty stream automatically.",
);
const BUSY = error("BUSYGROUP Consumer Group name already exists");
const INVALID_ENTRIES_READ = error("ERR value for ENTRIESREAD must be positive or -1");
/** No option may come twice. */
const CREATE_ARGUMENTS_MAX = 8;
const SETID_ARGUMENTS_MAX = 7;

const id = new StreamId();
let makesStream = false;
let entriesRead = UNKNOWN;

const metadata = { categories: ["stream"], group: "stream" } as const;

/** Reads the options of CREATE and SETID. */
function readOptions(c: Call, isCreate: boolean): void {
  makesStream = false;
  entriesRead = UNKNOWN;
  for (let i = 5; i < c.argc && !c.failed; i++) {
    if (isCreate && c.args.is(i, "MKSTREAM")) {
      makesStream = true;
    } else if (c.args.is(i, "ENTRIESREAD") && i + 1 < c.argc) {
      entriesRead = bigInteger(c, ++i);
      if (entriesRead < UNKNOWN) c.fail(INVALID_ENTRIES_READ);
    } else {
      failUsage(c);
    }
  }
}

/** The stream that must be there, in the key of argument 2. */
function expectStream(c: Call): Ptr {
  const h = writeStream(c, 2);
  if (h === NULL) c.fail(NO_KEY);
  return h;
}

/** Its group that must be there, which argument 3 names. */
function expectGroup(c: Call): Ptr {
  const h = expectStream(c);
  if (c.failed) return NULL;
  const g = findGroup(c, h, 3);
  if (g === NULL) {
    c.failText(`NOGROUP No such consumer group '${c.args.quoted(3)}' for key name '${c.args.quoted(2)}'`);
  }
  return g;
}

const create = command({
  ...metadata,
  name: "create",
  arity: -5,
  flags: ["write", "denyoom"],
  keys: [keysAt(2, "RW insert")],
  since: "5.0.0",
  summary: "Makes a consumer group that starts after an ID.",
  complexity: "O(1)",
  syntax: "key:key group id-selector<id | new-id=$> [mkstream=MKSTREAM] [entriesread:integer=ENTRIESREAD]",
  run(c) {
    readOptions(c, true);
    if (c.failed) return;
    const { streams } = c.keyspace;
    const found = makesStream ? writeStream(c, 2) : expectStream(c);
    if (!c.failed && c.argc > CREATE_ARGUMENTS_MAX) failUsage(c);
    if (c.failed) return;
    id.setMin();
    if (!c.args.is(4, "$")) idArg(c, 4, id);
    else if (found !== NULL) streams.lastId(found, id);
    if (c.failed) return;
    if (found !== NULL && findGroup(c, found, 3) !== NULL) return c.fail(BUSY);
    const h = found === NULL ? createStream(c, 2) : found;
    findGroup(c, h, 3);
    const { buf, start, len } = c.args;
    streams.groups.add(h, buf, start[3], len[3], id, entriesRead);
    c.changed(2, EVENTS.stream, "xgroup-create");
    c.reply.ok();
  },
});

const setid = command({
  ...metadata,
  name: "setid",
  arity: -5,
  flags: ["write"],
  keys: [keysAt(2, "RW update")],
  since: "5.0.0",
  summary: "Sets the ID after which a consumer group goes on.",
  complexity: "O(1)",
  syntax: "key:key group id-selector<id | new-id=$> [entriesread:integer=ENTRIESREAD]",
  run(c) {
    readOptions(c, false);
    if (c.failed) return;
    const { streams } = c.keyspace;
    const g = expectGroup(c);
    if (!c.failed && c.argc > SETID_ARGUMENTS_MAX) failUsage(c);
    if (c.failed) return;
    if (c.args.is(4, "$")) streams.lastId(writeStream(c, 2), id);
    else anyIdArg(c, 4, id);
    if (c.failed) return;
    streams.groups.setLastId(g, id);
    streams.groups.setEntriesRead(g, entriesRead);
    c.changed(2, EVENTS.stream, "xgroup-setid");
    c.reply.ok();
  },
});

const destroy = command({
  ...metadata,
  name: "destroy",
  arity: 4,
  flags: ["write"],
  keys: [keysAt(2, "RW delete")],
  since: "5.0.0",
  summary: "Deletes a consumer group.",
  complexity: "O(1)",
  syntax: "key:key group",
  run(c) {
    const h = expectStream(c);
    if (c.failed) return;
    const { groups } = c.keyspace.streams;
    const g = findGroup(c, h, 3);
    c.reply.integer(g === NULL ? 0 : 1);
    if (g === NULL) return;
    groups.detach(h);
    c.keyspace.reclaimer.add(new GroupRemains(groups, g));
    c.changed(2, EVENTS.stream, "xgroup-destroy");
  },
});

const createconsumer = command({
  ...metadata,
  name: "createconsumer",
  arity: 5,
  flags: ["write", "denyoom"],
  keys: [keysAt(2, "RW insert")],
  since: "6.2.0",
  summary: "Makes a consumer in a consumer group.",
  complexity: "O(1)",
  syntax: "key:key group consumer",
  run(c) {
    const g = expectGroup(c);
    if (c.failed) return;
    const isNew = findConsumer(c, g, 4) === NULL;
    if (isNew) addConsumer(c, g, 2, 4);
    c.reply.integer(isNew ? 1 : 0);
  },
});

const delconsumer = command({
  ...metadata,
  name: "delconsumer",
  arity: 5,
  flags: ["write"],
  keys: [keysAt(2, "RW delete")],
  since: "5.0.0",
  summary: "Deletes a consumer of a consumer group, and tells how many entries it had pending.",
  complexity: "O(N log P), N being the entries that it has pending and P those of the group",
  syntax: "key:key group consumer",
  run(c) {
    const g = expectGroup(c);
    if (c.failed) return;
    const consumer = findConsumer(c, g, 4);
    if (consumer === NULL) return c.reply.integer(0);
    c.reply.integer(c.keyspace.streams.groups.deleteConsumer(g, consumer));
    c.changed(2, EVENTS.stream, "xgroup-delconsumer");
  },
});

const subcommands: readonly Command[] = [create, createconsumer, delconsumer, destroy, setid];
const help = helpCommand("XGROUP", { group: "stream", since: "5.0.0", categories: ["stream"] }, subcommands, {
  create: "<key> <groupname> <id|$> [MKSTREAM] [ENTRIESREAD <count>]",
  createconsumer: "<key> <groupname> <consumer>",
  delconsumer: "<key> <groupname> <consumer>",
  destroy: "<key> <groupname>",
  setid: "<key> <groupname> <id|$> [ENTRIESREAD <count>]",
});

export const xgroup = command({
  name: "xgroup",
  arity: -2,
  group: "stream",
  since: "5.0.0",
  summary: "Makes, changes and deletes consumer groups of streams.",
  complexity: "Depends on the subcommand",
  subcommands: [...subcommands, help],
});
