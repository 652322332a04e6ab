// Two socket.io servers that know of each other only through Redis, each with a client: what one sends must reach the other's client.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server as HttpServer } from "node:http";
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { type ServerOptions, Server as SocketServer } from "socket.io";
import { io as connectTo, type Socket } from "socket.io-client";
import { type Server, startOurs } from "../support/oracle.ts";

type Adapter = NonNullable<ServerOptions["adapter"]>;

/** One of the socket.io servers, with a client that is connected to it. */
interface Node {
  readonly io: SocketServer;
  readonly http: HttpServer;
  readonly client: Socket;
}

async function startNode(adapter: Adapter): Promise<Node> {
  const http = createServer();
  const io = new SocketServer(http, { adapter });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const client = connectTo(`http://127.0.0.1:${port}`, { transports: ["websocket"] });
  await new Promise<void>((resolve) => client.once("connect", resolve));
  return { io, http, client };
}

function nextMessage(client: Socket, event: string): Promise<unknown[]> {
  return new Promise((resolve) => client.once(event, (...args: unknown[]) => resolve(args)));
}

describe("socket.io", () => {
  let server: Server;
  let nodes: Node[] = [];
  const closers: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await startOurs();
  });
  afterEach(async () => {
    for (const { client, io } of nodes) {
      client.close();
      await io.close();
    }
    for (const close of closers.splice(0)) await close();
    nodes = [];
  });
  afterAll(() => server.stop());

  function ioredis(): Redis {
    const client = new Redis({ port: server.port });
    closers.push(() => client.disconnect());
    return client;
  }

  async function nodeRedis() {
    const client = createClient({ socket: { host: "127.0.0.1", port: server.port } });
    await client.on("error", () => {}).connect();
    closers.push(() => client.close());
    return client;
  }

  const kinds: Record<string, () => Promise<Adapter>> = {
    "the adapter over ioredis": async () => createAdapter(ioredis(), ioredis()),
    "the adapter over node-redis": async () => createAdapter(await nodeRedis(), await nodeRedis()),
    "the sharded adapter over node-redis": async () => createShardedAdapter(await nodeRedis(), await nodeRedis()),
    "the streams adapter over ioredis": async () => createStreamsAdapter(ioredis()),
    "the streams adapter over node-redis": async () => createStreamsAdapter(await nodeRedis()),
  };

  for (const [kind, makeAdapter] of Object.entries(kinds)) {
    describe(`with ${kind}`, () => {
      async function startBoth(): Promise<[Node, Node]> {
        const both: [Node, Node] = [await startNode(await makeAdapter()), await startNode(await makeAdapter())];
        nodes = both;
        while ((await both[0].io.fetchSockets().catch(() => [])).length < 2);
        while ((await both[1].io.fetchSockets().catch(() => [])).length < 2);
        return both;
      }

      test("broadcasts to the clients of all servers", async () => {
        const [a, b] = await startBoth();
        const heard = [nextMessage(a.client, "news"), nextMessage(b.client, "news")];
        const bytes = Buffer.from([0, 255, 13, 10]);
        a.io.emit("news", { text: "hello" }, bytes);
        for (const [message, binary] of await Promise.all(heard)) {
          expect(message).toEqual({ text: "hello" });
          expect(Buffer.from(binary as Uint8Array)).toEqual(bytes);
        }
      });

      test("joins clients of the other server to a room, and broadcasts to it alone", async () => {
        const [a, b] = await startBoth();
        a.io.in(b.client.id!).socketsJoin("room");
        while ((await a.io.in("room").fetchSockets()).length < 1);
        const strangers: unknown[] = [];
        a.client.on("secret", (message: unknown) => strangers.push(message));
        const heard = nextMessage(b.client, "secret");
        const everybody = nextMessage(a.client, "end");
        a.io.to("room").emit("secret", "for b");
        a.io.emit("end");
        expect(await heard).toEqual(["for b"]);
        await everybody;
        expect(strangers).toEqual([]);
      });

      test("asks the other server and gets its answer", async () => {
        const [a, b] = await startBoth();
        b.io.on("question", (number: number, answer: (n: number) => void) => answer(number + 1));
        expect(await a.io.serverSideEmitWithAck("question", 41)).toEqual([42]);
      });
    });
  }
});
