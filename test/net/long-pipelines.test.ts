// Many requests that one client sends at once: others have their turn meanwhile. The clock of these servers goes on when it is looked at.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { CommandTable } from "../../src/command/table.ts";
import { COMMANDS } from "../../src/commands/index.ts";
import { ConfigStore } from "../../src/config/store.ts";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { Server } from "../../src/server.ts";
import { CapturedLog } from "../persistence/captured-log.ts";
import { freePort } from "../support/oracle.ts";
import { encodeCommand, encodePipeline, RawConnection } from "../support/raw.ts";
import { turn } from "./slow-disk.ts";

const REQUESTS = 6000;
const US_PER_LOOK = 1000;
/** What follows from four milliseconds for each poll, of which there may be two between two looks of a test. */
const REQUESTS_PER_TURN_MAX = 1000;

let server: Server;
let connections: RawConnection[];
let port: number;

beforeEach(async () => {
  let us = 0;
  const clock: Clock = {
    unixMs: () => systemClock.unixMs(),
    unixUs: () => systemClock.unixUs(),
    monotonicUs: () => (us += US_PER_LOOK),
  };
  port = await freePort();
  const config = new ConfigStore();
  config.set([
    ["port", String(port)],
    ["bind", "127.0.0.1"],
  ]);
  server = new Server(config, new CommandTable(COMMANDS), new CapturedLog(systemClock), clock);
  expect(server.listen()).toBeUndefined();
  connections = [await RawConnection.connect(port), await RawConnection.connect(port)];
});

afterEach(() => {
  for (const connection of connections) connection.close();
  server.stop();
});

const increments = (count: number) => encodePipeline(Array.from({ length: count }, () => ["INCR", "n"]));
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `:${from + i}\r\n`);

async function texts(connection: RawConnection, count: number): Promise<string[]> {
  return (await connection.read(count)).map((reply) => Buffer.from(reply).toString("latin1"));
}

describe("a client that sends thousands of requests at once", () => {
  test("has them executed in their order, and never too many between two turns of the loop", async () => {
    const [client] = connections;
    client.send(increments(REQUESTS));
    let most = 0;
    for (let before = 0; before < REQUESTS; ) {
      await turn();
      const { commandsProcessed } = server.stats;
      most = Math.max(most, commandsProcessed - before);
      before = commandsProcessed;
    }
    expect(most).toBeLessThan(REQUESTS_PER_TURN_MAX);
    expect(await texts(client, REQUESTS)).toEqual(numbers(1, REQUESTS));
  });

  test("may end its side meanwhile, and gets all replies", async () => {
    const [client] = connections;
    client.send(increments(REQUESTS));
    client.captureStream();
    client.halfClose();
    expect(Buffer.from(await client.readToEnd()).toString("latin1")).toBe(numbers(1, REQUESTS).join(""));
  });

  test("keeps the order of what waits behind a request that blocks", async () => {
    const [client, other] = connections;
    client.send(Buffer.concat([increments(REQUESTS), encodeCommand(["BLPOP", "list", "0"]), increments(REQUESTS)]));
    expect(await texts(client, REQUESTS)).toEqual(numbers(1, REQUESTS));
    expect(await other.text("GET", "n")).toBe(`$4\r\n${REQUESTS}\r\n`);
    await other.text("RPUSH", "list", "x");
    const [popped, ...rest] = await texts(client, REQUESTS + 1);
    expect(popped).toBe("*2\r\n$4\r\nlist\r\n$1\r\nx\r\n");
    expect(rest).toEqual(numbers(REQUESTS + 1, REQUESTS * 2));
  });

  test("does not keep others waiting who send as much", async () => {
    for (const connection of connections) connection.send(increments(REQUESTS));
    const replies = await Promise.all(connections.map((connection) => texts(connection, REQUESTS)));
    const order = (text: string[]) => text.map((reply) => Number(reply.slice(1)));
    const all = replies.map(order);
    for (const one of all) expect(one).toEqual(one.toSorted((a, b) => a - b));
    expect(all.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: REQUESTS * 2 }, (_, i) => i + 1));
    expect(all[0][0]).toBeLessThan(all[1][REQUESTS - 1]);
    expect(all[1][0]).toBeLessThan(all[0][REQUESTS - 1]);
  });
});
