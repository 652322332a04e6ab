import { afterEach, describe, expect, test } from "bun:test";
import { ConfigStore } from "../src/config/store.ts";
import { healthcheck } from "../src/healthcheck.ts";

const MISCONF = "-MISCONF Errors writing to the AOF file: No space left on device\r\n";
const BUSY = "-BUSY Redis is busy running a script.\r\n";
const FULL = "-ERR max number of clients reached\r\n";
const WRONG = "-WRONGPASS invalid username-password pair or user is disabled.\r\n-NOAUTH Authentication required.\r\n";

describe("the health check", () => {
  const listeners: { stop(): void }[] = [];
  afterEach(() => {
    for (const listener of listeners.splice(0)) listener.stop();
  });

  /** Asks a server that sends `answer` to whatever it is asked. */
  function check(answer: string): Promise<number> {
    const data = (socket: { write(text: string): number }) => void socket.write(answer);
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data } });
    listeners.push(listener);
    const config = new ConfigStore();
    config.set([["port", String(listener.port)]]);
    return healthcheck(config.values);
  }

  for (const answer of ["+PONG\r\n", "-NOAUTH Authentication required.\r\n", WRONG, MISCONF, BUSY, FULL]) {
    test(`passes when the answer is ${JSON.stringify(answer)}`, async () => {
      expect(await check(answer)).toBe(0);
    });
  }

  test("fails while data is loaded", async () => {
    expect(await check("-LOADING Redis is loading the dataset in memory\r\n")).toBe(1);
  });

  test("fails when nobody is there", async () => {
    const config = new ConfigStore();
    config.set([["port", "1"]]);
    expect(await healthcheck(config.values)).toBe(1);
  });
});
