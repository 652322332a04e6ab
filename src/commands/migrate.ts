import type { Call } from "../command/call.ts";
import { command, FLAGS, keysAt, type RequestKey } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import { Migration } from "../command/migration.ts";
import type { Args } from "../resp/args.ts";

const FIRST_OPTION = 6;
const KEY_FLAGS = ["RW", "access", "delete"];
const KEY_AND_KEYS = error("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
const NOT_IN_SCRIPTS = error(
  "ERR MIGRATE is not allowed in scripts: other clients are served while it waits for the target instance",
);
const TIMEOUT_MS_DEFAULT = 1000;

interface Options {
  copy: boolean;
  replace: boolean;
  /** AUTH, the arguments with user and password. */
  credentials: number[];
  /** The arguments that are keys. */
  firstKey: number;
  keyCount: number;
}

function readOptions(c: Call): Options {
  const { args, argc } = c;
  const options: Options = { copy: false, replace: false, credentials: [], firstKey: 3, keyCount: 1 };
  for (let i = FIRST_OPTION; i < argc && !c.failed; i++) {
    if (args.is(i, "COPY")) {
      options.copy = true;
    } else if (args.is(i, "REPLACE")) {
      options.replace = true;
    } else if (args.is(i, "AUTH") && i + 1 < argc) {
      options.credentials = [++i];
    } else if (args.is(i, "AUTH2") && i + 2 < argc) {
      options.credentials = [++i, ++i];
    } else if (args.is(i, "KEYS")) {
      if (args.len[3] > 0) c.fail(KEY_AND_KEYS);
      return { ...options, firstKey: i + 1, keyCount: argc - i - 1 };
    } else {
      c.fail(ERRORS.syntax);
    }
  }
  return options;
}

/** Where KEYS stands; 0: nowhere. `seen` is told of the arguments with users and passwords. */
function findKeys(args: Args, seen?: (secret: number) => void): number {
  for (let i = FIRST_OPTION; i < args.count; i++) {
    if (args.is(i, "KEYS")) return i;
    const words = args.is(i, "AUTH2") ? 2 : args.is(i, "AUTH") ? 1 : 0;
    for (let word = 0; word < words && i + 1 < args.count; word++) {
      i++;
      seen?.(i);
    }
  }
  return 0;
}

function keysOfRequest(args: Args): RequestKey[] | undefined {
  const keyword = findKeys(args);
  if (keyword > 0 && args.len[3] > 0) return undefined;
  if (keyword === 0 || keyword === args.count - 1) return [{ index: 3, flags: KEY_FLAGS }];
  return Array.from({ length: args.count - keyword - 1 }, (_none, i) => ({ index: keyword + 1 + i, flags: KEY_FLAGS }));
}

function secretsOf(args: Args): number[] {
  const secrets: number[] = [];
  findKeys(args, (secret) => secrets.push(secret));
  return secrets;
}

export const migrate = command({
  name: "migrate",
  arity: -6,
  flags: ["write", "movablekeys"],
  categories: ["keyspace", "dangerous"],
  keys: [
    keysAt(3, "RW access delete"),
    {
      flags: [...KEY_FLAGS, "incomplete"],
      begin: { keyword: "KEYS", startFrom: -2 },
      find: { lastKey: -1, step: 1, limit: 0 },
    },
  ],
  requestKeys: keysOfRequest,
  // What is queued would not be one step. Redis lets it be queued, and stands still meanwhile.
  requestFlags: () => FLAGS.write | FLAGS.movablekeys | FLAGS.no_multi,
  secrets: secretsOf,
  group: "generic",
  since: "2.6.0",
  summary:
    "Moves keys to another server. Only the client waits meanwhile; a key that others change before it has arrived is kept.",
  complexity: "O(N) for values of N bytes or elements together",
  tips: ["nondeterministic_output"],
  syntax:
    'host port:integer key-selector<key:key | empty-string=""> destination-db:integer timeout:integer [copy=COPY@3.0.0] ' +
    "[replace=REPLACE@3.0.0] [authentication<auth:string=AUTH@4.0.7 | auth2(username password)=AUTH2@6.0.0>] [keys:key#1=KEYS@3.0.6...]",
  run(c) {
    const { copy, replace, credentials, firstKey, keyCount } = readOptions(c);
    const timeoutMs = c.integer(5);
    c.integer(4);
    if (!c.mayWait) c.fail(NOT_IN_SCRIPTS);
    if (c.failed) return;
    const keys: number[] = [];
    for (let i = firstKey; i < firstKey + keyCount; i++) if (c.read(i) !== 0) keys.push(i);
    if (keys.length === 0) return c.reply.status("NOKEY");
    const migration = new Migration(c, {
      host: c.args.text(1),
      port: Number.parseInt(c.args.text(2), 10) || 0,
      db: c.args.text(4),
      timeoutMs: timeoutMs > 0 ? timeoutMs : TIMEOUT_MS_DEFAULT,
      credentials,
      copy,
      replace,
      keys,
    });
    c.pending = migration.run();
  },
});
