import { directive, inert } from "./directive.ts";
import { fileName, INT_MAX, integer, LONG_MAX, memory, oneOf, yesNo } from "./kinds.ts";
import { savePoints } from "./kinds-merging.ts";

const aof = {
  appendonly: directive(yesNo, true, "Keep every write in the append-only file.", { notWhileLoading: true }),
  appendfilename: directive(
    fileName("appendfilename", "filename", false),
    "database.aof",
    "First part of the names of its files.",
    {
      immutable: true,
    },
  ),
  appenddirname: directive(
    fileName("appenddirname", "dirname", false),
    "appendonlydir",
    "Folder within `dir` for its files.",
    {
      immutable: true,
    },
  ),
  appendfsync: directive(
    oneOf(["everysec", "always", "no"]),
    "everysec",
    "When it is forced to disk: once per second, before every reply, or when the system likes.",
  ),
  "aof-load-truncated": directive(
    yesNo,
    true,
    "Start although the last record of the file is torn; the tail is cut off.",
  ),
  "no-appendfsync-on-rewrite": directive(yesNo, false, "Do not force it to disk during a rewrite."),
  "auto-aof-rewrite-percentage": directive(
    integer(0, INT_MAX),
    100,
    "Growth in percent after which it is rewritten; 0: never.",
  ),
  "auto-aof-rewrite-min-size": directive(memory(0, LONG_MAX), 64 * 1024 ** 2, "Size below which it is not rewritten."),
  "aof-rewrite-incremental-fsync": directive(yesNo, true, "Force a rewrite to disk bit by bit."),
  "aof-use-rdb-preamble": directive(yesNo, true, "Rewrite it in the form of a snapshot; with no, as commands."),
  "aof-timestamp-enabled": directive(yesNo, false, "Note the time in it."),
  "aof-disable-auto-gc": directive(yesNo, false, "Keep files that a rewrite made useless."),
};

const snapshots = {
  save: directive(savePoints, [], "Seconds and changes after which a snapshot is saved."),
  dbfilename: directive(fileName("dbfilename", "filename", true), "dump.rdb", "File of snapshots within `dir`.", {
    protected: true,
  }),
  rdbcompression: directive(yesNo, true, "Compress strings in snapshots."),
  "rdb-version": directive(
    integer(10, 11),
    10,
    "Version of the format of snapshots: 10 is that of Redis 7.0, 11 of 7.2. Fields of hashes that end need 12, which is then written.",
  ),
  rdbchecksum: directive(yesNo, true, "Write and check the checksum of snapshots.", { immutable: true }),
  "rdb-module-values": directive(
    oneOf(["refuse", "skip"]),
    "refuse",
    "What to do with values of Redis's modules in a snapshot that is loaded: not to start, or to leave them out and say so.",
  ),
  "rdb-save-incremental-fsync": directive(yesNo, true, "Force a snapshot to disk bit by bit."),
  "rdb-del-sync-files": directive(yesNo, false, "Delete snapshots made for replicas.", inert),
  "stop-writes-on-bgsave-error": directive(yesNo, true, "Refuse writes after a snapshot failed."),
  "sanitize-dump-payload": directive(
    oneOf(["no", "yes", "clients"]),
    "no",
    "Check what RESTORE and snapshots bring in depth.",
    inert,
  ),
  "propagation-error-behavior": directive(
    oneOf(["ignore", "panic", "panic-on-replicas"]),
    "ignore",
    "What to do when a command of the file fails.",
    inert,
  ),
};

export const persistenceDirectives = { ...aof, ...snapshots };
