import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { GATE_LOADING } from "../command/context.ts";
import { error } from "../command/errors.ts";
import type { RestorePolicy } from "../command/function-libraries.ts";
import { failUsage, helpCommand } from "../command/help.ts";
import { isLocalClient } from "../command/local-client.ts";
import type { ScriptRun } from "../command/script-host.ts";
import { globMatch } from "../lib/glob.ts";
import type { Reply } from "../resp/reply.ts";
import { namesOf } from "../script/flags.ts";
import { LANGUAGES, type Language, type Library, type LibraryFunction } from "../script/libraries.ts";

const BAD_MODE = error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
const NO_NAME = error("ERR library name argument was not given");
const NO_LIBRARY = error("ERR Library not found");
const BAD_POLICY = error("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");

const metadata = { group: "scripting", since: "7.0.0", categories: ["scripting"] } as const;
const OF_ALL_SHARDS = ["request_policy:all_shards", "response_policy:all_succeeded"];

const load = command({
  ...metadata,
  name: "load",
  arity: -3,
  flags: ["write", "denyoom", "noscript"],
  summary: "Adds a library: runs its code, which registers the functions.",
  complexity: "O(1), without what the code does",
  tips: OF_ALL_SHARDS,
  syntax: "[replace=REPLACE] function-code",
  run(c) {
    const code = c.argc - 1;
    let replace = false;
    for (let i = 2; i < code; i++) {
      if (!c.args.is(i, "REPLACE")) return c.failText(`ERR Unknown option given: ${c.args.quoted(i)}`);
      replace = true;
    }
    const loaded = c.server.scripting.libraries.load(c.args.own(code), replace, mayUseJavaScript(c));
    if (typeof loaded === "string") return c.failText(loaded);
    c.changes++;
    c.reply.bulkText(loaded.name);
  },
});

/** Who may is said by a directive; what is loaded from a file was asked for by one who might. */
function mayUseJavaScript({ client, server }: Call): boolean {
  const allowed = server.config.values["enable-js-functions"];
  return allowed === "yes" || (allowed === "local" && (isLocalClient(client) || (server.gate & GATE_LOADING) !== 0));
}

const remove = command({
  ...metadata,
  name: "delete",
  arity: 3,
  flags: ["write", "noscript"],
  summary: "Deletes a library and its functions.",
  complexity: "O(1)",
  tips: OF_ALL_SHARDS,
  syntax: "library-name",
  run(c) {
    const { libraries } = c.server.scripting;
    const library = libraries.all.get(c.args.text(2));
    if (library === undefined) return c.fail(NO_LIBRARY);
    libraries.delete(library);
    c.changes++;
    c.reply.ok();
  },
});

const flush = command({
  ...metadata,
  name: "flush",
  arity: -2,
  flags: ["write", "noscript"],
  summary: "Deletes all libraries.",
  complexity: "O(N) with the number of functions",
  tips: OF_ALL_SHARDS,
  syntax: "[flush-type<async=ASYNC | sync=SYNC>]",
  run(c) {
    if (c.argc > 3) return failUsage(c);
    if (c.argc === 3 && !c.args.is(2, "SYNC") && !c.args.is(2, "ASYNC")) return c.fail(BAD_MODE);
    c.server.scripting.libraries.flush();
    // As in Redis it counts as a change even if there was nothing to delete.
    c.changes++;
    c.reply.ok();
  },
});

const dump = command({
  ...metadata,
  name: "dump",
  arity: 2,
  flags: ["noscript"],
  summary: "Gives all libraries as bytes that FUNCTION RESTORE takes.",
  complexity: "O(N) with the number of libraries",
  run(c) {
    const { payloads, scripting } = c.server;
    const { buf, start, len } = payloads.dumpLibraries(Array.from(scripting.libraries.all, ({ code }) => code));
    c.reply.bulk(buf, start, len);
  },
});

const restore = command({
  ...metadata,
  name: "restore",
  arity: -3,
  flags: ["write", "denyoom", "noscript"],
  summary: "Adds the libraries that FUNCTION DUMP gave.",
  complexity: "O(N) with the number of libraries",
  tips: OF_ALL_SHARDS,
  syntax: "serialized-value [policy<flush=FLUSH | append=APPEND | replace=REPLACE>]",
  run(c) {
    if (c.argc > 4) return failUsage(c);
    const policy = c.argc === 4 ? restorePolicy(c) : "APPEND";
    if (policy === undefined) return c.fail(BAD_POLICY);
    const { buf, start, len } = c.args;
    const { payloads, scripting } = c.server;
    const codes = payloads.readLibraries(buf, start[2], len[2]);
    if (typeof codes === "string") return c.failText(codes);
    const failure = scripting.libraries.restore(codes, policy, mayUseJavaScript(c));
    if (failure !== undefined) return c.failText(failure);
    c.changes++;
    c.reply.ok();
  },
});

function restorePolicy({ args }: Call): RestorePolicy | undefined {
  return (["FLUSH", "APPEND", "REPLACE"] as const).find((policy) => args.is(3, policy));
}

const kill = command({
  ...metadata,
  name: "kill",
  arity: 2,
  flags: ["noscript", "allow_busy"],
  summary: "Ends the function that runs, if it has changed nothing.",
  complexity: "O(1)",
  tips: ["request_policy:all_shards", "response_policy:one_succeeded"],
  run: (c) => c.server.scripting.kill(c, "function"),
});

const stats = command({
  ...metadata,
  name: "stats",
  arity: 2,
  flags: ["noscript", "allow_busy"],
  summary: "Tells which function runs, and how many there are.",
  complexity: "O(1)",
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  run(c) {
    const { running, busyError, libraries } = c.server.scripting;
    if (running?.kind === "eval") return c.fail(busyError);
    const { reply } = c;
    reply.map(2);
    reply.bulkText("running_script");
    if (running === undefined) reply.nil();
    else writeRunning(c, running);
    reply.bulkText("engines");
    const languages = LANGUAGES.filter((language) => language !== "JS" || libraries.enablesJavaScript);
    reply.map(languages.length);
    for (const language of languages) writeEngine(reply, language, libraries.of(language));
  },
});

function writeEngine(reply: Reply, language: Language, libraries: readonly Library[]): void {
  reply.bulkText(language);
  reply.map(2);
  reply.bulkText("libraries_count");
  reply.integer(libraries.length);
  reply.bulkText("functions_count");
  reply.integer(libraries.reduce((sum, { functions }) => sum + functions.size, 0));
}

function writeRunning({ reply, server }: Call, { name, args, startUs }: ScriptRun): void {
  reply.map(3);
  reply.bulkText("name");
  reply.bulk(Buffer.from(name, "latin1"), 0, name.length);
  reply.bulkText("command");
  reply.array(args.count);
  for (let i = 0; i < args.count; i++) reply.bulk(args.buf, args.start[i], args.len[i]);
  reply.bulkText("duration_ms");
  reply.integer(Math.floor((server.clock.monotonicUs() - startUs) / 1000));
}

const list = command({
  ...metadata,
  name: "list",
  arity: -2,
  flags: ["noscript"],
  summary: "Describes the libraries.",
  complexity: "O(N) with the number of functions",
  tips: ["nondeterministic_output_order"],
  syntax: "[library-name-pattern:string=LIBRARYNAME] [withcode=WITHCODE]",
  run(c) {
    const options = listOptions(c);
    if (c.failed) return;
    const libraries = [...c.server.scripting.libraries.all].filter(({ name }) => matches(c, options.pattern, name));
    c.reply.array(libraries.length);
    for (const library of libraries) writeLibrary(c.reply, library, options.withCode);
  },
});

/** Each option may be given once. `pattern` is the argument that has it; 0: there is none. */
function listOptions(c: Call): { pattern: number; withCode: boolean } {
  const { args, argc } = c;
  let pattern = 0;
  let withCode = false;
  for (let i = 2; i < argc && !c.failed; i++) {
    if (!withCode && args.is(i, "WITHCODE")) {
      withCode = true;
    } else if (pattern === 0 && args.is(i, "LIBRARYNAME")) {
      pattern = ++i;
      if (i === argc) c.fail(NO_NAME);
    } else {
      c.failText(`ERR Unknown argument ${args.quoted(i)}`);
    }
  }
  return { pattern, withCode };
}

function matches({ args }: Call, pattern: number, name: string): boolean {
  if (pattern === 0) return true;
  return globMatch(args.buf, args.start[pattern], args.len[pattern], Buffer.from(name), 0, name.length, true);
}

function writeLibrary(reply: Reply, { name, engine, functions, code }: Library, withCode: boolean): void {
  reply.map(withCode ? 4 : 3);
  reply.bulkText("library_name");
  reply.bulkText(name);
  reply.bulkText("engine");
  reply.bulkText(engine);
  reply.bulkText("functions");
  reply.array(functions.size);
  for (const f of functions.values()) writeFunction(reply, f);
  if (!withCode) return;
  reply.bulkText("library_code");
  reply.bulk(code, 0, code.length);
}

function writeFunction(reply: Reply, { name, description, flags }: LibraryFunction): void {
  reply.map(3);
  reply.bulkText("name");
  reply.bulkText(name);
  reply.bulkText("description");
  if (description === undefined) reply.nil();
  else reply.bulk(Buffer.from(description, "latin1"), 0, description.length);
  reply.bulkText("flags");
  const names = namesOf(flags);
  reply.set(names.length);
  for (const flag of names) reply.status(flag);
}

const subcommands = [remove, dump, flush, kill, list, load, restore, stats];
const help = helpCommand("FUNCTION", metadata, subcommands, {
  delete: "<LIBRARY NAME>",
  flush: "[ASYNC|SYNC]",
  list: "[LIBRARYNAME <pattern>] [WITHCODE]",
  load: "[REPLACE] <FUNCTION CODE>",
  restore: "<PAYLOAD> [FLUSH|APPEND|REPLACE]",
});

export const functions = command({
  name: "function",
  arity: -2,
  group: "scripting",
  since: "7.0.0",
  summary: "Holds the commands about libraries of functions.",
  complexity: "Depends on the subcommand",
  subcommands: [...subcommands, help],
});
