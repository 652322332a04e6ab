// A server that is ended in the middle of a script.
import { afterEach, expect, test } from "bun:test";
import { DurableServer } from "../clients/durable.ts";
import { encodeCommand, RawConnection } from "../support/raw.ts";

const BUSY = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n";
let durable: DurableServer | undefined;

afterEach(() => durable?.remove());

test.each(["EVAL", "MULTI"])("SHUTDOWN NOSAVE ends a server whose %s has written and goes on for ever", async (how) => {
  durable = await DurableServer.start();
  const busy = await RawConnection.connect(durable.port);
  const other = await RawConnection.connect(durable.port);
  expect(await other.text("SET", "before", "1")).toBe("+OK\r\n");
  await other.text("CONFIG", "SET", "busy-reply-threshold", "1");
  if (how === "MULTI") await busy.text("MULTI");
  const script = "redis.call('SET', 'half', 1) while true do end";
  busy.send(encodeCommand(["EVAL", script, "0"]));
  if (how === "MULTI") busy.send(encodeCommand(["EXEC"]));
  while ((await other.text("PING")) !== BUSY);
  expect(await other.text("GET", "half")).toBe(BUSY);
  expect(await other.text("SCRIPT", "KILL")).toStartWith("-UNKILLABLE");
  expect(await other.text("SHUTDOWN")).toBe(BUSY);
  expect(await other.text("SHUTDOWN", "SAVE")).toBe(BUSY);
  other.captureStream();
  other.send(encodeCommand(["SHUTDOWN", "NOSAVE"]));
  expect(await other.readToEnd()).toHaveLength(0);
  await durable.restart("kill9");
  const after = await RawConnection.connect(durable.port);
  expect(await after.text("MGET", "before", "half")).toBe("*2\r\n$1\r\n1\r\n$-1\r\n");
  for (const connection of [busy, other, after]) connection.close();
});
