// Which commands the fuzzer sends, and what it must not send: anything that ends the server or the connection on
// purpose, waits on purpose, leaves the machine, or locks the fuzzer out.
import type { RawConnection } from "../support/raw.ts";
import { parseReply, texts } from "../support/reply.ts";

/** With all their subcommands. */
const LEFT_OUT = new Set([
  ...["shutdown", "debug", "quit", "save", "bgsave", "bgrewriteaof", "module", "acl", "config", "failover", "migrate"],
  ...["replicaof", "slaveof", "replconf", "sync", "psync", "monitor", "wait", "waitaof", "cluster", "pfselftest"],
  ...["blpop", "brpop", "blmove", "blmpop", "bzpopmin", "bzpopmax", "bzmpop", "brpoplpush", "backup", "hotkeys"],
]);

/** These alone; the later ones only because each call costs a thousand others: they answer 100 kB, or collect garbage. */
const LEFT_OUT_ALONE = new Set([
  "client|kill",
  "client|pause",
  "command|docs",
  "command|info",
  "command",
  "memory|purge",
]);

/** With a large negative count these answer that many elements, in Redis as well. */
export const REPEATING = new Set(["hrandfield", "srandmember", "zrandmember"]);

/** Lower-case names, a subcommand behind a space, of all commands that the server has and the fuzzer may send. */
export async function commandsToFuzz(connection: RawConnection): Promise<string[]> {
  const listed = texts(parseReply(await connection.command("COMMAND", "LIST"))).map(String);
  const kept = listed.filter((name) => !LEFT_OUT.has(name.split("|")[0]!) && !LEFT_OUT_ALONE.has(name));
  return [...kept, "config|get"].sort().map((name) => name.replace("|", " "));
}
