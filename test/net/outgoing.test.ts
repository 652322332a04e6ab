import { afterEach, describe, expect, test } from "bun:test";
import type { Socket, TCPSocketListener } from "bun";
import { nextTurn } from "../../src/lib/next-turn.ts";
import { OutgoingConnections } from "../../src/net/outgoing.ts";

const PING = Buffer.from("PING\r\n");
/** Nothing here takes so long. */
const LONG_MS = 60_000;

/** A server that the test plays. */
class Played {
  private readonly listener: TCPSocketListener;
  readonly sockets: Socket[] = [];
  ended = 0;

  constructor(onData: (socket: Socket, chunk: Buffer) => void = () => {}) {
    this.listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => void this.sockets.push(socket),
        data: onData,
        close: () => void this.ended++,
      },
    });
  }

  get port(): number {
    return this.listener.port;
  }

  stop(): void {
    this.listener.stop(true);
  }
}

let played: Played;
let connections: OutgoingConnections;

function play(onData?: (socket: Socket, chunk: Buffer) => void): void {
  played = new Played(onData);
  connections = new OutgoingConnections();
}

afterEach(() => {
  connections.close();
  played.stop();
});

async function take(known = false) {
  return (await connections.take("127.0.0.1", played.port, known, LONG_MS))!;
}

/** Lets the event loop turn until that is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await nextTurn();
}

describe("a connection to another server", () => {
  test("gives the lines of what is answered, however they are cut", async () => {
    play((socket) => {
      socket.write("+PO");
      setImmediate(() => socket.write("NG\r\n-ERR no\r\n+"));
    });
    const target = await take();
    expect(await target.send(PING, PING.length, LONG_MS)).toBe(true);
    expect(await target.readLine(LONG_MS)).toBe("+PONG");
    expect(await target.readLine(LONG_MS)).toBe("-ERR no");
    expect(await target.readLine(1)).toBeUndefined();
    expect(target.failure).toBe("timeout");
  });

  test("fails when the other side never answers", async () => {
    play();
    const target = await take();
    expect(await target.send(PING, PING.length, LONG_MS)).toBe(true);
    expect(await target.readLine(1)).toBeUndefined();
    expect(target.failure).toBe("timeout");
    expect(await target.send(PING, PING.length, LONG_MS)).toBe(false);
  });

  test("fails when the other side takes nothing", async () => {
    play();
    const target = await take();
    await until(() => played.sockets.length === 1);
    played.sockets[0].pause();
    const much = Buffer.alloc(64 << 20);
    expect(await target.send(much, much.length, 20)).toBe(false);
    expect(target.failure).toBe("timeout");
  });

  test("sends what the other side takes bit by bit", async () => {
    let received = 0;
    play((_socket, chunk) => {
      received += chunk.length;
    });
    const much = Buffer.alloc(16 << 20);
    expect(await (await take()).send(much, much.length, LONG_MS)).toBe(true);
    await until(() => received === much.length);
  });

  test("fails when the other side hangs up, after what it has answered", async () => {
    play((socket) => socket.end("+OK\r\n+cut"));
    const target = await take();
    await target.send(PING, PING.length, LONG_MS);
    expect(await target.readLine(LONG_MS)).toBe("+OK");
    expect(await target.readLine(LONG_MS)).toBeUndefined();
    expect(target.failure).toBe("closed");
  });

  test("fails when the other side answers without end", async () => {
    const answer = Buffer.alloc(64 * 1024, "x");
    play((socket) => {
      const more = () => {
        if (socket.write(answer) >= 0) setImmediate(more);
      };
      more();
    });
    const target = await take();
    await target.send(PING, PING.length, LONG_MS);
    expect(await target.readLine(LONG_MS)).toBeUndefined();
    expect(target.failure).toBe("closed");
  });

  test("is none when there is no such host", async () => {
    play();
    expect(await connections.take("", 1, false, LONG_MS)).toBeUndefined();
    expect(await connections.take("127.0.0.1", 70_000, false, LONG_MS)).toBeUndefined();
  });

  test("has failed from the start when nobody listens", async () => {
    play();
    const { port } = played;
    played.stop();
    const target = (await connections.take("127.0.0.1", port, false, LONG_MS))!;
    expect(target.failure).toBe("closed");
    expect(await target.send(PING, PING.length, LONG_MS)).toBe(false);
  });
});

describe("connections that nobody uses", () => {
  test("are used again by who has the same right to them", async () => {
    play();
    const target = await take();
    target.keep(0);
    expect(connections.idleCount).toBe(1);
    expect(await take(true)).not.toBe(target);
    expect(await take()).toBe(target);
    expect(connections.idleCount).toBe(0);
  });

  test("are closed after ten seconds", async () => {
    play();
    (await take()).keep(1000);
    connections.cron(11_000);
    expect(connections.idleCount).toBe(1);
    connections.cron(11_001);
    expect(connections.idleCount).toBe(0);
    await until(() => played.ended === 1);
  });

  test("are one to each place", async () => {
    play();
    const [first, second] = [await take(), await take()];
    first.keep(0);
    second.keep(0);
    expect(connections.idleCount).toBe(1);
    expect(first.failure).toBe("closed");
  });

  test("are forgotten when the other side closes them", async () => {
    play();
    const target = await take();
    target.keep(0);
    await until(() => played.sockets.length === 1);
    played.sockets[0].end();
    await until(() => target.failure !== "");
    connections.cron(0);
    expect(connections.idleCount).toBe(0);
  });

  test("are not kept when answers are left that nobody asked for", async () => {
    play((socket) => socket.write("+OK\r\n+OK\r\n"));
    const target = await take();
    await target.send(PING, PING.length, LONG_MS);
    await target.readLine(LONG_MS);
    target.keep(0);
    expect(connections.idleCount).toBe(0);
    expect(target.failure).toBe("closed");
  });
});
