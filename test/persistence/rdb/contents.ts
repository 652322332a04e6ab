// What a server holds, as text by database and key: two servers with the same data give the same. Works with any server that speaks RESP.

import type { LocalClient } from "../../commands/local-server.ts";
import { encodePipeline, type RawConnection } from "../../support/raw.ts";
import { parseReplies, parseReply, type Reply, texts } from "../../support/reply.ts";

/** Sends requests and gives their replies. */
export type Ask = (requests: readonly (readonly string[])[]) => Promise<Reply[]>;

/** Of a server on the network. */
export function asking(connection: RawConnection): Ask {
  return async (requests) => {
    connection.send(encodePipeline(requests));
    return (await connection.read(requests.length)).map((reply) => parseReply(reply));
  };
}

/** Of a server in this process. */
export function askingLocal(client: LocalClient): Ask {
  return (requests) =>
    Promise.resolve(parseReplies(Buffer.from(requests.map((words) => client.ask(...words)).join(""), "latin1")));
}

const DATABASES = 16;
/** What XINFO tells that depends on the server's own layout or on the time. */
const OWN_AFFAIRS =
  /^(radix-tree-keys|radix-tree-nodes|first-entry|last-entry|idle|inactive|idmp-.*|pids-.*|iids-.*|nacked-count)$/;

export interface ContentOptions {
  /** Asks for the deadlines of fields, too: redis-server 7.0 has none. */
  readonly fieldDeadlines?: boolean;
}

/** Everything in all databases: "<database> <key>" and what it holds. */
export async function contentsOf(ask: Ask, options: ContentOptions = {}): Promise<Map<string, string>> {
  const contents = new Map<string, string>();
  for (let db = 0; db < DATABASES; db++) {
    const [, keys] = await ask([
      ["SELECT", String(db)],
      ["KEYS", "*"],
    ]);
    for (const key of (texts(keys!) as string[]).sort())
      contents.set(`${db} ${key}`, await contentOf(ask, key, options));
  }
  await ask([["SELECT", "0"]]);
  return contents;
}

/** Type, deadline and value of one key. */
export async function contentOf(ask: Ask, key: string, options: ContentOptions = {}): Promise<string> {
  const [type, deadline] = await ask([
    ["TYPE", key],
    ["PEXPIRETIME", key],
  ]);
  return `${String(type!.value)} ${String(deadline!.value)} ${await readValue(ask, String(type!.value), key, options)}`;
}

async function readValue(ask: Ask, type: string, key: string, options: ContentOptions): Promise<string> {
  const one = async (...request: string[]): Promise<Reply> => (await ask([request]))[0]!;
  switch (type) {
    case "string":
      return JSON.stringify((await one("GET", key)).value);
    case "list":
      return JSON.stringify(texts(await one("LRANGE", key, "0", "-1")));
    case "set":
      return JSON.stringify(texts(await one("SMEMBERS", key)).sort());
    case "zset":
      return JSON.stringify(texts(await one("ZRANGE", key, "0", "-1", "WITHSCORES")));
    case "hash":
      return hash(one, key, options);
    case "stream":
      return stream(one, key);
    default:
      throw new Error(`a key of type ${type}`);
  }
}

type One = (...request: string[]) => Promise<Reply>;

async function hash(one: One, key: string, { fieldDeadlines }: ContentOptions): Promise<string> {
  const all = texts(await one("HGETALL", key)) as string[];
  const fields = all.filter((_, i) => i % 2 === 0);
  const deadlines = fieldDeadlines
    ? texts(await one("HPEXPIRETIME", key, "FIELDS", String(fields.length), ...fields))
    : fields.map(() => "");
  return JSON.stringify(fields.map((field, i) => `${field}=${all[2 * i + 1]} ${deadlines[i]}`).sort());
}

async function stream(one: One, key: string): Promise<string> {
  const groups = (await one("XINFO", "GROUPS", key)).value as readonly Reply[];
  const parts = [plain(await one("XRANGE", key, "-", "+")), facts(await one("XINFO", "STREAM", key))];
  for (const group of groups) {
    const name = String((group.value as readonly Reply[])[1]!.value);
    parts.push(facts(group), plain(await one("XPENDING", key, name)));
    const pending = (await one("XPENDING", key, name, "-", "+", "1000000")).value as readonly Reply[];
    // Without the time since the delivery.
    parts.push(pending.map(({ value }) => (value as readonly Reply[]).filter((_, i) => i !== 2).map(plain)));
    const consumers = (await one("XINFO", "CONSUMERS", key, name)).value as readonly Reply[];
    parts.push(consumers.map(facts));
  }
  return JSON.stringify(parts);
}

function plain(reply: Reply): unknown {
  return Array.isArray(reply.value) ? reply.value.map(plain) : reply.value;
}

/** Names and values in turn, without those that two servers need not have in common. */
function facts(reply: Reply): unknown {
  const items = reply.value as readonly Reply[];
  const kept: Record<string, unknown> = {};
  for (let i = 0; i < items.length; i += 2) {
    const name = String(items[i]!.value);
    if (!OWN_AFFAIRS.test(name)) kept[name] = plain(items[i + 1]!);
  }
  return kept;
}

/** The first few keys in which two servers differ, for a message; empty when there are none. */
export function differences(theirs: Map<string, string>, ours: Map<string, string>): string[] {
  const names = [...new Set([...theirs.keys(), ...ours.keys()])].sort();
  const different = names.filter((name) => theirs.get(name) !== ours.get(name));
  const short = (text: string | undefined): string => text?.slice(0, 400) ?? "(nothing)";
  return different
    .slice(0, 5)
    .map((name) => `${name}\n  theirs ${short(theirs.get(name))}\n  ours   ${short(ours.get(name))}`);
}
