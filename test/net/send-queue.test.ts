import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encode, latin1, type OwnedBytes } from "../../src/lib/bytes.ts";
import { SendQueue } from "../../src/net/send-queue.ts";

/** A socket that takes no more than it has room for. */
class Socket {
  room = 0;
  received = "";

  write(buf: Uint8Array, start: number, len: number): number {
    const n = Math.min(len, this.room);
    this.room -= n;
    this.received += latin1(buf, start, n);
    return n;
  }
}

describe("send queue", () => {
  test("sends everything once and in order, however little the sockets take, with messages shared between them", () => {
    const step = fc.oneof(
      fc.record({ to: fc.subarray([0, 1, 2]), text: fc.string({ minLength: 1, maxLength: 9 }) }),
      fc.record({ at: fc.nat(2), room: fc.nat(30) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queues = [0, 1, 2].map(() => ({ queue: new SendQueue(), socket: new Socket(), expected: "" }));
        for (const one of steps) {
          if ("to" in one) {
            const message = encode(one.text);
            for (const i of one.to) {
              queues[i].queue.push(message);
              queues[i].expected += latin1(message);
            }
          } else {
            queues[one.at].socket.room = one.room;
            queues[one.at].queue.open();
            queues[one.at].queue.drain(queues[one.at].socket);
          }
        }
        for (const { queue, socket, expected } of queues) {
          socket.room = 1e9;
          queue.open();
          expect(queue.drain(socket)).toBe(true);
          expect(socket.received).toBe(expected);
          expect([queue.bytes, queue.length]).toEqual([0, 0]);
        }
      }),
    );
  });

  test("sends large items without gathering them", () => {
    const queue = new SendQueue();
    const socket = new Socket();
    const large = new Uint8Array(200_000).fill(65) as OwnedBytes;
    for (const item of [encode("a"), large, encode("b"), encode("c")]) queue.push(item);
    socket.room = 1e9;
    queue.open();
    expect(queue.drain(socket)).toBe(true);
    expect(socket.received).toBe(`a${latin1(large)}bc`);
  });

  test("keeps what a closed socket did not take", () => {
    const queue = new SendQueue();
    queue.push(encode("abc"));
    queue.open();
    expect(queue.drain({ write: () => -1 })).toBe(false);
    expect(queue.bytes).toBe(3);
  });

  test("sends nothing before it is released, all that is, and nothing behind it", () => {
    const step = fc.oneof(
      fc.record({ text: fc.string({ minLength: 1, maxLength: 9 }) }),
      fc.record({ hold: fc.nat(3) }),
      fc.record({ release: fc.nat(6) }),
      fc.record({ room: fc.nat(30) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const queue = new SendQueue();
        const socket = new Socket();
        const pieces: { text: string; offset: number }[] = [];
        let [offset, acknowledged] = [0, 0];
        for (const one of steps) {
          if ("text" in one) {
            queue.push(encode(one.text));
            pieces.push({ text: latin1(encode(one.text)), offset: Number.POSITIVE_INFINITY });
          } else if ("hold" in one) {
            offset = Math.max(offset, acknowledged + 1) + one.hold;
            queue.hold(offset);
            for (const piece of pieces) if (piece.offset === Number.POSITIVE_INFINITY) piece.offset = offset;
          } else if ("release" in one) {
            acknowledged += one.release;
            const waits = pieces.some(
              (piece) => piece.offset > acknowledged && piece.offset < Number.POSITIVE_INFINITY,
            );
            expect(queue.release(acknowledged)).toBe(!waits);
          } else {
            socket.room = one.room;
          }
          const isDrained = queue.drain(socket);
          const open = pieces.filter((piece) => piece.offset <= acknowledged && piece.offset > 0);
          const expected = open.map(({ text }) => text).join("");
          expect(expected.startsWith(socket.received)).toBe(true);
          if (isDrained) expect(socket.received.length).toBeLessThanOrEqual(expected.length);
        }
        socket.room = 1e9;
        queue.open();
        expect(queue.drain(socket)).toBe(true);
        expect(socket.received).toBe(pieces.map(({ text }) => text).join(""));
      }),
    );
  });
});
