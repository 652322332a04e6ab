// Requests that come in several chunks behind one that waits: they are executed in the order in which they came, whichever of them waits next.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type Server, startOurs } from "../support/oracle.ts";
import { type Arg, encodeCommand, encodePipeline, RawConnection } from "../support/raw.ts";

let server: Server;
let waiting: RawConnection;
let other: RawConnection;
/** Bytes that the server holds for `waiting`. */
let heldBytes: number;

beforeAll(async () => {
  server = await startOurs();
});
afterAll(() => server.stop());
beforeEach(async () => {
  [waiting, other] = [await RawConnection.connect(server.port), await RawConnection.connect(server.port)];
  await waiting.text("CLIENT", "SETNAME", "waiting");
  await other.text("FLUSHALL");
  heldBytes = 0;
});
afterEach(() => {
  waiting.close();
  other.close();
});

/** Sends bytes that are not executed yet, as a chunk of their own. */
async function sendHeld(bytes: Buffer): Promise<void> {
  waiting.send(bytes);
  heldBytes += bytes.length;
  await until(`qbuf=${heldBytes} `);
}

async function until(sign: string): Promise<void> {
  for (;;) {
    const line = (await other.text("CLIENT", "LIST")).split("\n").find((one) => one.includes("name=waiting "));
    if (line?.includes(sign)) return;
  }
}

async function texts(count: number): Promise<string[]> {
  return (await waiting.read(count)).map((reply) => Buffer.from(reply).toString("latin1"));
}

const block = async (...request: Arg[]): Promise<void> => {
  waiting.send(encodeCommand(request));
  await until("flags=b ");
};
const popped = (key: string): string => `*2\r\n$2\r\n${key}\r\n$1\r\nx\r\n`;
const echoed = (text: string): string => `$${text.length}\r\n${text}\r\n`;

describe("requests behind one that waits", () => {
  test("keep their order when one of them waits, too", async () => {
    await block("BLPOP", "k1", "0");
    await sendHeld(
      encodePipeline([
        ["ECHO", "1"],
        ["BLPOP", "k2", "0"],
        ["ECHO", "2"],
      ]),
    );
    await sendHeld(
      encodePipeline([
        ["BLPOP", "k3", "0"],
        ["ECHO", "3"],
      ]),
    );
    await sendHeld(encodeCommand(["ECHO", "4"]));
    for (const key of ["k1", "k2", "k3"]) await other.text("RPUSH", key, "x");
    expect(await texts(7)).toEqual([
      popped("k1"),
      echoed("1"),
      popped("k2"),
      echoed("2"),
      popped("k3"),
      echoed("3"),
      echoed("4"),
    ]);
  });

  test("keep their order when the next one that waits came in pieces", async () => {
    await block("BLPOP", "k1", "0");
    const rest = encodePipeline([
      ["BLPOP", "k2", "0"],
      ["ECHO", "1"],
      ["ECHO", "2"],
    ]);
    await sendHeld(rest.subarray(0, 10));
    await sendHeld(rest.subarray(10, 50));
    await sendHeld(rest.subarray(50));
    for (const key of ["k1", "k2"]) await other.text("RPUSH", key, "x");
    expect(await texts(4)).toEqual([popped("k1"), popped("k2"), echoed("1"), echoed("2")]);
  });

  test("keep their order when the next one came in pieces, and is put off by a pause", async () => {
    await block("BLPOP", "k1", "0");
    const rest = encodePipeline([
      ["SET", "s", "1"],
      ["ECHO", "1"],
      ["ECHO", "2"],
    ]);
    await sendHeld(rest.subarray(0, 10));
    await sendHeld(rest.subarray(10, 40));
    await sendHeld(rest.subarray(40));
    other.send(
      encodePipeline([
        ["RPUSH", "k1", "x"],
        ["CLIENT", "PAUSE", "1000000", "WRITE"],
      ]),
    );
    await other.read(2);
    await until(`qbuf=${heldBytes} `);
    await other.text("CLIENT", "UNPAUSE");
    expect(await texts(4)).toEqual([popped("k1"), "+OK\r\n", echoed("1"), echoed("2")]);
  });
});
