import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Socket, TCPSocketListener } from "bun";
import { OUTPUT_KEEP_BYTES_MAX } from "../../src/limits.ts";
import { DirectSender } from "../../src/net/direct-send.ts";

let listener: TCPSocketListener<undefined>;
let accepted = Promise.withResolvers<Socket<undefined>>();
beforeAll(() => {
  listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { open: (socket) => accepted.resolve(socket), data: () => {} },
  });
});
afterAll(() => listener.stop(true));

interface Pair {
  readonly descriptor: number;
  readonly peer: Socket<undefined>;
  /** What the peer receives, as soon as it is that long. */
  received(bytes: number): Promise<string>;
}

async function pair(): Promise<Pair> {
  accepted = Promise.withResolvers();
  let text = "";
  let heard = (): void => {};
  const peer = await Bun.connect({
    hostname: "127.0.0.1",
    port: listener.port,
    socket: {
      data: (_socket, chunk) => {
        text += chunk.toString("latin1");
        heard();
      },
    },
  });
  const { fd } = (await accepted.promise) as unknown as { fd: number };
  async function received(bytes: number): Promise<string> {
    while (text.length < bytes) await new Promise<void>((resolve) => (heard = resolve));
    return text;
  }
  return { descriptor: fd, peer, received };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("what is sent directly", () => {
  test("arrives, whichever buffer it is from", async () => {
    const { descriptor, received } = await pair();
    const sender = new DirectSender();
    const first = bytes("a range of one buffer");
    expect(sender.send(descriptor, first, 2, 5)).toBe(5);
    expect(sender.send(descriptor, bytes("and another"), 3, 8)).toBe(8);
    expect(sender.send(descriptor, first, 7, 3)).toBe(3);
    expect(await received(16)).toBe("range another of");
  });

  test("is what the kernel has room for, and then nothing", async () => {
    const { descriptor, peer } = await pair();
    peer.pause();
    const sender = new DirectSender();
    const much = new Uint8Array(OUTPUT_KEEP_BYTES_MAX);
    let sent = much.length;
    while (sent === much.length) sent = sender.send(descriptor, much, 0, much.length);
    expect(sent).toBeLessThan(much.length);
    while (sent > 0) sent = sender.send(descriptor, much, 0, much.length);
    expect(sent).toBe(0);
    peer.terminate();
  });

  test("is nothing without a descriptor, on an error, from a very long buffer, and without the system call", async () => {
    const { descriptor } = await pair();
    const sender = new DirectSender();
    expect(sender.send(-1, bytes("text"), 0, 4)).toBe(0);
    expect(sender.send(999_999, bytes("text"), 0, 4)).toBe(0);
    expect(sender.send(descriptor, new Uint8Array(OUTPUT_KEEP_BYTES_MAX + 1), 0, 4)).toBe(0);
    expect(new DirectSender(() => -1).send(descriptor, bytes("text"), 0, 4)).toBe(0);
  });
});
