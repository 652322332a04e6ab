// Talks that need several connections, answers to earlier answers, or a moment to pass. Each is one function that runs
// against either server and returns what it heard; what it heard must be the same.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireRedisServer, type Server, startOurs, startRedis } from "../support/oracle.ts";
import { encodeCommand, RawConnection } from "../support/raw.ts";
import { type Conversation, hold, latin1, say } from "./talk.ts";

const POLLS_MAX = 20_000;
const BIG_MESSAGES_MAX = 1000;

/** Asks until the answer is the wanted one, at most POLLS_MAX times; returns the last answer. */
async function askUntil(connection: RawConnection, wanted: string, ...command: string[]): Promise<string> {
  let answer = "";
  for (let i = 0; i < POLLS_MAX && answer !== wanted; i++) answer = await connection.text(...command);
  return answer;
}

/** Waits until the server has ended the connection. */
async function ended(connection: RawConnection): Promise<string> {
  connection.captureStream();
  return `ended after: ${Buffer.from(await connection.readToEnd()).toString("latin1")}`;
}

describe.skipIf(requireRedisServer() === undefined)("conversations go as with redis-server", () => {
  let redis: Server;
  let ours: Server;
  beforeAll(async () => {
    [redis, ours] = await Promise.all([startRedis(["--maxclients", "50"]), startOurs(["--maxclients", "50"])]);
  });
  afterAll(() => Promise.all([redis.stop(), ours.stop()]));

  function same(name: string, conversation: Conversation): void {
    test(name, async () => {
      const theirs = await hold(redis, conversation);
      expect(await hold(ours, conversation)).toEqual(theirs);
    });
  }

  same("a key is gone when its time is up", async (open) => {
    const c = await open();
    const heard = await say(c, "FLUSHALL", "SET k v PX 5", "HSET h f v", "PEXPIRE h 5");
    heard.push(await askUntil(c, "$-1\r\n", "GET", "k"), await askUntil(c, ":0\r\n", "EXISTS", "h"));
    const rest = ["TTL k", "PTTL h", "TYPE k", "HGET h f", "HSET h g v", "HGETALL h", "SET k w NX", "TTL k", "TTL h"];
    return [...heard, ...(await say(c, ...rest))];
  });

  same("expired keys are removed without being touched", async (open) => {
    const c = await open();
    const heard = await say(c, "FLUSHALL");
    for (let i = 0; i < 100; i++) await c.text("SET", `k${i}`, "v", "PX", "5");
    heard.push(await askUntil(c, ":0\r\n", "DBSIZE"));
    return [...heard, ...(await say(c, "KEYS *", "RANDOMKEY", "SCAN 0"))];
  });

  same("every command sees an expired key as missing", async (open) => {
    const c = await open();
    const heard = await say(c, "FLUSHALL");
    const reads = ["GET", "STRLEN", "TYPE", "TTL", "PERSIST", "EXISTS", "DEL", "GETDEL", "INCR", "HLEN", "UNLINK"];
    for (const name of reads) {
      await c.text("SET", name, "5", "PX", "1");
      await askUntil(c, ":0\r\n", "EXISTS", name);
      heard.push(...(await say(c, `${name} ${name}`)));
    }
    return heard;
  });

  same("CLIENT PAUSE WRITE holds writes back until CLIENT UNPAUSE", async (open) => {
    const [admin, client] = [await open(), await open()];
    const heard = await say(admin, "FLUSHALL", "CLIENT PAUSE 100000 WRITE");
    heard.push(...(await say(client, "GET k", "PING")));
    client.send(encodeCommand(["SET", "k", "v"]));
    client.send(encodeCommand(["GET", "k"]));
    heard.push(...(await say(admin, "GET k", "CLIENT UNPAUSE")));
    const held = await client.read(2);
    return [...heard, ...held.map(latin1), ...(await say(admin, "GET k"))];
  });

  same("CLIENT PAUSE ALL holds everything back and ends by itself", async (open) => {
    const [admin, client] = [await open(), await open()];
    const heard = await say(admin, "CLIENT PAUSE 50");
    return [...heard, ...(await say(client, "PING", "SET k v", "GET k"))];
  });

  same("CLIENT KILL ends other connections by id, address, own address and type", async (open) => {
    const [admin, ...victims] = await Promise.all(Array.from({ length: 6 }, open));
    const heard: string[] = [];
    const id = async (victim: RawConnection): Promise<string> => (await victim.text("CLIENT", "ID")).slice(1, -2);
    const address = async (victim: RawConnection, field: string): Promise<string> => {
      return new RegExp(` ${field}=(\\S+)`).exec(await victim.text("CLIENT", "INFO"))![1]!;
    };
    heard.push(await admin!.text("CLIENT", "KILL", "ID", await id(victims[0]!)), await ended(victims[0]!));
    heard.push(
      await admin!.text("CLIENT", "KILL", "ADDR", await address(victims[1]!, "addr")),
      await ended(victims[1]!),
    );
    heard.push(await admin!.text("CLIENT", "KILL", await address(victims[2]!, "addr")), await ended(victims[2]!));
    await victims[3]!.command("SUBSCRIBE", "c");
    heard.push(await admin!.text("CLIENT", "KILL", "TYPE", "pubsub"), await ended(victims[3]!));
    const last = await id(victims[4]!);
    heard.push(await admin!.text("CLIENT", "KILL", "ID", last, "TYPE", "pubsub"));
    heard.push(await admin!.text("CLIENT", "KILL", "ID", last, "USER", "default", "TYPE", "normal"));
    return [...heard, await ended(victims[4]!), await admin!.text("CLIENT", "KILL", "ID", last)];
  });

  same("CLIENT KILL with SKIPME no ends its own connection after the reply", async (open) => {
    const c = await open();
    const id = (await c.text("CLIENT", "ID")).slice(1, -2);
    const skipped = await c.text("CLIENT", "KILL", "ID", id);
    c.captureStream();
    c.send(encodeCommand(["CLIENT", "KILL", "ID", id, "SKIPME", "no"]));
    return [skipped, latin1(await c.readToEnd())];
  });

  same("CLIENT LIST shows subscribers, names, databases and protocols", async (open) => {
    const [admin, a, b] = [await open(), await open(), await open()];
    await say(a, "HELLO 3 SETNAME alice", "SELECT 3", "SUBSCRIBE x y", "PSUBSCRIBE p*", "SSUBSCRIBE s");
    await say(b, "CLIENT SETNAME bob", "CLIENT NO-EVICT on");
    await b.command("SUBSCRIBE", "x");
    const told = /(?<![\w-])(name|flags|db|sub|psub|ssub|multi|cmd|user|redir|resp)=\S*/g;
    const list = await admin.text("CLIENT", "LIST", "TYPE", "pubsub");
    return [...list.matchAll(told)].map((hit) => hit[0]);
  });

  same("a password set at run time asks new connections only", async (open) => {
    const [admin, old] = [await open(), await open()];
    const heard = await say(admin, "CONFIG SET requirepass hunter2", "PING");
    const fresh = await open();
    heard.push(...(await say(old, "PING")), ...(await say(fresh, "PING", "AUTH nope", "AUTH hunter2", "PING")));
    heard.push(...(await say(fresh, "RESET", "PING")));
    await admin.command("CONFIG", "SET", "requirepass", "");
    return [...heard, ...(await say(await open(), "PING", "AUTH hunter2"))];
  });

  same("an idle connection is ended after `timeout` seconds, a subscriber is not", async (open) => {
    const [admin, idle, subscriber] = [await open(), await open(), await open()];
    await subscriber.command("SUBSCRIBE", "c");
    const heard = await say(admin, "CONFIG SET timeout 1");
    heard.push(await ended(idle), await ended(admin));
    const again = await open();
    return [
      ...heard,
      ...(await say(again, "CONFIG SET timeout 0", "PUBLISH c m")),
      latin1((await subscriber.read(1))[0]!),
    ];
  });

  same("a connection too many gets an error and is closed", async (open) => {
    const heard: string[] = [];
    const kept: RawConnection[] = [];
    for (let i = 0; i < 49; i++) kept.push(await open());
    for (const connection of kept) await connection.text("PING");
    const last = await open();
    heard.push(await last.text("PING"));
    const refused = await open();
    heard.push(await ended(refused));
    kept[0]!.close();
    heard.push(...(await say(kept[1]!, "PING")));
    return heard;
  });

  same("messages reach subscribers in order, however many are sent at once", async (open) => {
    const [publisher, subscriber] = [await open(), await open()];
    await subscriber.command("SUBSCRIBE", "c");
    for (let i = 0; i < 1000; i++) publisher.send(encodeCommand(["PUBLISH", "c", `m${i}`]));
    return [...(await publisher.read(1000)), ...(await subscriber.read(1000))].map(latin1);
  });

  same("a RESP3 subscriber may send other commands and gets pushes in between", async (open) => {
    const [publisher, subscriber] = [await open(), await open()];
    await subscriber.command("HELLO", "3");
    const heard = await say(subscriber, "SUBSCRIBE c", "SET k v", "GET k");
    await publisher.command("PUBLISH", "c", "m");
    return [...heard, ...(await subscriber.read(1)).map(latin1), ...(await say(subscriber, "PING", "UNSUBSCRIBE c"))];
  });

  same("a subscriber that does not read is cut off, and holds up nobody", async (open) => {
    const [publisher, slow, quick] = [await open(), await open(), await open()];
    await publisher.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0");
    for (const subscriber of [slow, quick]) await subscriber.command("SUBSCRIBE", "c");
    slow.stopReading();
    const message = "x".repeat(100_000);
    let sent = 0;
    let receivers = ":2\r\n";
    for (; receivers === ":2\r\n" && sent < BIG_MESSAGES_MAX; sent++) {
      receivers = await publisher.text("PUBLISH", "c", message);
      await quick.read(1);
    }
    return [receivers, await publisher.text("PUBSUB", "NUMSUB", "c")];
  });

  same("a client that asks without reading is cut off", async (open) => {
    const [admin, greedy] = [await open(), await open()];
    await admin.command("CONFIG", "SET", "client-output-buffer-limit", "normal 2mb 0 0");
    await admin.command("SET", "k", "x".repeat(100_000));
    await greedy.command("CLIENT", "SETNAME", "greedy");
    greedy.stopReading();
    for (let i = 0; i < BIG_MESSAGES_MAX; i++) greedy.send(encodeCommand(["GET", "k"]));
    let listed = "greedy";
    for (let i = 0; i < POLLS_MAX && listed.includes("greedy"); i++) listed = await admin.text("CLIENT", "LIST");
    await admin.command("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0");
    return [listed.includes("greedy") ? "still there" : "cut off"];
  });

  test("SHUTDOWN NOSAVE closes the connections and ends with exit code 0", async () => {
    for (const start of [startRedis, startOurs]) {
      const server = await start();
      const c = await RawConnection.connect(server.port);
      c.send(encodeCommand(["SHUTDOWN", "NOSAVE"]));
      expect(await ended(c)).toBe("ended after: ");
      expect(await server.stop()).toBe(0);
    }
  });
});
