// Client-side caching: who is told of which changes, when, and in which words, compared with redis-server.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireRedisServer, type Server, startOurs, startRedis } from "../support/oracle.ts";
import { encodeCommand, type RawConnection } from "../support/raw.ts";
import { type Conversation, hold, latin1, say } from "./talk.ts";

const LAST = "last";

async function idOf(connection: RawConnection): Promise<string> {
  return (await connection.text("CLIENT", "ID")).slice(1, -2);
}

/** What came up to now: all that the server sent before the answer to a last request. */
async function heardBy(connection: RawConnection): Promise<string[]> {
  const answer = connection.text("ECHO", LAST);
  const first = await answer;
  const rest = first.includes(LAST) ? [] : await connection.readUntil((reply) => latin1(reply).includes(LAST));
  return [first, ...rest.map(latin1)];
}

/** A client with RESP3 that tracks as told. */
async function tracker(open: () => Promise<RawConnection>, ...options: string[]): Promise<RawConnection> {
  const connection = await open();
  await connection.command("HELLO", "3");
  await connection.command("CLIENT", "TRACKING", "ON", ...options);
  return connection;
}

/** A RESP2 client that listens for others, and its id. */
async function listener(open: () => Promise<RawConnection>): Promise<[RawConnection, string]> {
  const connection = await open();
  const id = await idOf(connection);
  await connection.command("SUBSCRIBE", "__redis__:invalidate");
  return [connection, id];
}

describe.skipIf(requireRedisServer() === undefined)("client-side caching goes as with redis-server", () => {
  let redis: Server;
  let ours: Server;
  beforeAll(async () => {
    [redis, ours] = await Promise.all([startRedis(), startOurs()]);
  });
  afterAll(() => Promise.all([redis.stop(), ours.stop()]));

  function same(name: string, conversation: Conversation): void {
    test(name, async () => {
      const theirs = await hold(redis, conversation);
      expect(await hold(ours, conversation)).toEqual(theirs);
    });
  }

  same("a reader is told once that a key changed, whoever changed it", async (open) => {
    const [reader, writer] = [await tracker(open), await open()];
    const heard = await say(writer, "FLUSHALL", "MSET a 1 b 2");
    heard.push(...(await say(reader, "GET a", "MGET b c a")));
    await say(writer, "SET a 2", "SET a 3", "APPEND c x", "DEL b nothing", "SET d 1");
    heard.push(...(await heardBy(reader)));
    heard.push(...(await say(reader, "GET a", "SET a 4")));
    return [...heard, ...(await heardBy(reader))];
  });

  same("keys of a name are the same in all databases", async (open) => {
    const [reader, writer] = [await tracker(open), await open()];
    await say(reader, "GET a");
    await say(writer, "SELECT 3", "SET a 1");
    return heardBy(reader);
  });

  same("renaming, expiry and deletion are changes", async (open) => {
    const [reader, writer] = [await tracker(open), await open()];
    await say(writer, "FLUSHALL", "MSET a 1 b 2 c 3", "HSET h f v");
    await say(reader, "MGET a b c", "HGET h f", "GET to");
    await say(writer, "RENAME a to");
    const heard = await heardBy(reader);
    await say(writer, "EXPIRE b 100");
    heard.push(...(await heardBy(reader)));
    await say(writer, "PEXPIREAT c 1");
    heard.push(...(await heardBy(reader)));
    await say(writer, "HDEL h f");
    return [...heard, ...(await heardBy(reader))];
  });

  same("a request that changes nothing tells nobody", async (open) => {
    const [reader, writer] = [await tracker(open), await open()];
    await say(writer, "FLUSHALL", "SET a 1", "HSET h f v");
    await say(reader, "GET a", "HGET h f");
    await say(writer, "SET a 2 NX", "PERSIST a", "HSETNX h f w", "HDEL h x", "HGETALL a", "SETRANGE a 0 \x22");
    return heardBy(reader);
  });

  same("flushing tells everybody to forget all", async (open) => {
    const [reader, idle, writer] = [await tracker(open), await tracker(open, "BCAST"), await open()];
    const [listening, id] = await listener(open);
    const redirected = await open();
    await say(redirected, `CLIENT TRACKING ON REDIRECT ${id}`, "GET a");
    await say(reader, "GET a");
    await say(writer, "FLUSHDB", "SELECT 3", "FLUSHALL ASYNC", "SWAPDB 0 1", "SET a 1");
    const messages = [...(await listening.read(2)).map(latin1), ...(await heardBy(reader))];
    return [...messages, ...(await heardBy(idle))];
  });

  same("a transaction's messages follow its reply", async (open) => {
    const client = await tracker(open);
    await say(client, "SET a 1", "SET b 1", "GET a", "MULTI", "INCR a", "GET b", "INCR b", "FLUSHDB");
    const heard = await say(client, "EXEC");
    return [...heard, ...(await heardBy(client))];
  });

  same("the message about what a waiting request changed follows its reply", async (open) => {
    const [waiting, writer] = [await tracker(open), await open()];
    await say(writer, "FLUSHALL", "RPUSH to x");
    await heardBy(waiting);
    const heard = await say(waiting, "LRANGE to 0 -1", "LRANGE from 0 -1");
    waiting.send(encodeCommand(["BLMOVE", "from", "to", "LEFT", "LEFT", "0"]));
    for (let blocked = ""; !blocked.includes("blocked_clients:1"); ) blocked = await writer.text("INFO", "clients");
    await say(writer, "RPUSH from y");
    return [...heard, ...(await heardBy(waiting))];
  });

  same("what is read in a transaction is tracked", async (open) => {
    const [reader, writer] = [await tracker(open), await open()];
    await say(reader, "MULTI", "GET a", "SET b 1", "STRLEN b", "EXEC");
    await say(writer, "SET a 1", "SET b 2");
    return heardBy(reader);
  });

  same("NOLOOP spares a client its own changes", async (open) => {
    const [reader, writer] = [await tracker(open, "NOLOOP"), await open()];
    await say(reader, "MGET a b", "SET a 1");
    await say(writer, "SET a 2", "SET b 2");
    return heardBy(reader);
  });

  same("OPTIN tracks what follows CLIENT CACHING YES", async (open) => {
    const [reader, writer] = [await tracker(open, "OPTIN"), await open()];
    const heard = await say(reader, "GET a", "CLIENT CACHING YES", "GET b", "GET c");
    heard.push(
      ...(await say(reader, "CLIENT CACHING YES", "CLIENT GETNAME", "GET d", "CLIENT CACHING YES", "PING", "GET e")),
    );
    heard.push(...(await say(reader, "CLIENT CACHING YES", "MULTI", "GET f", "SET x 1", "GET g", "EXEC", "GET h")));
    for (const key of "abcdefgh") await writer.command("SET", key, "1");
    return [...heard, ...(await heardBy(reader))];
  });

  same("OPTOUT tracks all but what follows CLIENT CACHING NO", async (open) => {
    const [reader, writer] = [await tracker(open, "OPTOUT"), await open()];
    const heard = await say(reader, "GET a", "CLIENT CACHING NO", "GET b", "GET c", "CLIENT TRACKINGINFO");
    for (const key of "abc") await writer.command("SET", key, "1");
    return [...heard, ...(await heardBy(reader))];
  });

  same("broadcasts tell of all keys with the prefixes, each once in a while", async (open) => {
    const [all, some, own] = [
      await tracker(open, "BCAST"),
      await tracker(open, "BCAST", "PREFIX", "user:", "PREFIX", "x"),
      await tracker(open, "BCAST", "PREFIX", "user:", "NOLOOP"),
    ];
    const writer = await open();
    await say(writer, "MSET user:1 a user:2 b x c y d", "GET user:1");
    const heard = [...(await heardBy(all)), ...(await heardBy(some)), ...(await heardBy(own))];
    own.send(encodeCommand(["SET", "user:1", "c"]));
    heard.push(...(await heardBy(own)), ...(await heardBy(some)), ...(await heardBy(all)));
    await say(writer, "DEL user:2");
    return [...heard, ...(await heardBy(own)), ...(await heardBy(some))];
  });

  same("prefixes are added one by one, and gone with tracking", async (open) => {
    const [client, writer] = [await tracker(open, "BCAST", "PREFIX", "a"), await open()];
    const heard = await say(client, "CLIENT TRACKING ON BCAST PREFIX b", "CLIENT TRACKINGINFO");
    await say(writer, "SET b1 1");
    heard.push(...(await heardBy(client)));
    heard.push(...(await say(client, "CLIENT TRACKING OFF", "CLIENT TRACKING ON BCAST PREFIX c")));
    await say(writer, "SET a1 1", "SET c1 1");
    return [...heard, ...(await heardBy(client))];
  });

  same("messages are redirected to a subscriber, until it is gone", async (open) => {
    const [listening, id] = await listener(open);
    const [reader, writer] = [await tracker(open, "REDIRECT", id), await open()];
    await say(reader, "GET a", "GET b");
    await say(writer, "SET a 1");
    const heard = (await listening.read(1)).map(latin1);
    await listening.command("QUIT");
    await say(writer, "SET b 1");
    heard.push(...(await heardBy(reader)), await reader.text("CLIENT", "GETREDIR"));
    const info = await say(reader, "CLIENT TRACKINGINFO");
    const flags = /flags=\S+/.exec(await reader.text("CLIENT", "INFO"));
    const hide = (text: string) => text.replaceAll(id, "<id>");
    return [...heard, ...info, flags![0]].map(hide);
  });

  same("messages for a client of the other protocol are in that client's protocol", async (open) => {
    const [third, reader, writer] = [await open(), await open(), await open()];
    await third.command("HELLO", "3");
    await say(reader, `CLIENT TRACKING ON REDIRECT ${await idOf(third)}`, "GET a");
    await say(writer, "SET a 1");
    return [...(await heardBy(third)), ...(await heardBy(reader))];
  });

  same("without redirection a RESP2 client is told nothing", async (open) => {
    const [reader, writer] = [await open(), await open()];
    await say(reader, "CLIENT TRACKING ON", "GET a", "GET b");
    await say(writer, "SET a 1");
    const heard = await heardBy(reader);
    await say(reader, "HELLO 3");
    await say(writer, "SET b 1");
    return [...heard, ...(await heardBy(reader))];
  });

  same("messages come even while replies are off", async (open) => {
    const [reader, writer] = [await tracker(open), await open()];
    await say(reader, "GET a");
    reader.send("CLIENT REPLY OFF\r\n");
    await say(writer, "SET a 1");
    const heard = (await reader.read(1)).map(latin1);
    return [...heard, ...(await say(reader, "CLIENT REPLY ON")), ...(await heardBy(reader))];
  });

  same("RESET and turning tracking off end it", async (open) => {
    const [reader, writer] = [await tracker(open), await open()];
    const heard = await say(reader, "GET a", "CLIENT TRACKING OFF");
    await say(writer, "SET a 1");
    heard.push(...(await heardBy(reader)));
    heard.push(
      ...(await say(reader, "CLIENT TRACKING ON", "GET a", "RESET", "CLIENT TRACKINGINFO", "CLIENT GETREDIR")),
    );
    await say(writer, "SET a 1");
    return [...heard, ...(await heardBy(reader))];
  });

  same("options that contradict each other are refused", async (open) => {
    const client = await open();
    await client.command("HELLO", "3");
    const told = [
      ["x", "x REDIRECT", "on FOO", "on REDIRECT abc", "on REDIRECT 99999", "on PREFIX a", "on PREFIX"],
      ["on BCAST OPTIN", "on BCAST OPTOUT", "on OPTIN OPTOUT", "on OPTIN NOLOOP", "on OPTOUT", "on BCAST", "on", "off"],
      ["on BCAST PREFIX b PREFIX a PREFIX ba", "on BCAST PREFIX b PREFIX a", "on BCAST PREFIX a", "on BCAST PREFIX ab"],
      ["on BCAST NOLOOP", "on BCAST PREFIX z", "off BCAST OPTIN OPTOUT PREFIX x", "on BCAST PREFIX x OPTIN OPTOUT"],
    ].flat();
    const heard: string[] = [];
    for (const options of told) {
      heard.push(...(await say(client, `CLIENT TRACKING ${options}`, "CLIENT TRACKINGINFO", "CLIENT CACHING YES")));
      heard.push(...(await say(client, "CLIENT CACHING NO", "CLIENT CACHING x", "PING")));
    }
    return heard;
  });

  same("CLIENT LIST and INFO show who tracks", async (open) => {
    const [client, reader, admin] = [
      await tracker(open, "BCAST", "PREFIX", "a", "PREFIX", "b"),
      await open(),
      await open(),
    ];
    await say(admin, "FLUSHALL");
    await heardBy(client);
    await say(reader, "CLIENT TRACKING ON", "MGET x y z");
    await say(admin, "CLIENT TRACKING ON", "GET x");
    const flags = async (c: RawConnection) => /flags=\S+/.exec(await c.text("CLIENT", "INFO"))![0];
    const info = await admin.text("INFO", "everything");
    const figures = [...info.matchAll(/tracking_(total_\w+|clients):\d+/g)].map(([figure]) => figure).sort();
    return [await flags(client), await flags(reader), ...figures];
  });

  test("no more keys are remembered than may be, and the readers of the others are told", async () => {
    for (const server of [redis, ours]) {
      const heard = await hold(server, async (open) => {
        const [reader, admin] = [await tracker(open), await open()];
        await say(admin, "FLUSHALL", "CONFIG SET tracking-table-max-keys 2");
        await heardBy(reader);
        await say(reader, "MGET a b c d e");
        const messages = await heardBy(reader);
        const figures = await admin.text("INFO", "stats");
        await say(admin, "CONFIG SET tracking-table-max-keys 1000000");
        const forgotten = messages.filter((message) => message.includes("invalidate")).length;
        return [`${forgotten} forgotten`, /tracking_total_keys:\d+/.exec(figures)![0]];
      });
      expect(heard).toEqual(["3 forgotten", "tracking_total_keys:2"]);
    }
  });
});
