import { describe, expect, test } from "bun:test";
import { LocalServer } from "./local-server.ts";

function rig() {
  const server = new LocalServer();
  return { server, c: server.connect() };
}

describe("HOTKEYS START", () => {
  test("refuses what Redis 8.6 refuses", () => {
    const { c } = rig();
    const refusals: [string, string][] = [
      ["", "METRICS parameter is required"],
      ["METRICS", "METRICS parameter is required"],
      ["COUNT 1 METRICS 1 CPU", "METRICS parameter is required"],
      ["METRICS 0", "METRICS count must be > 0 and <= 2"],
      ["METRICS x CPU", "METRICS count must be > 0 and <= 2"],
      ["METRICS 3 CPU NET", "METRICS count must be > 0 and <= 2"],
      ["METRICS 2 CPU", "METRICS count does not match number of metric types provided"],
      ["METRICS 1 GPU", "METRICS no valid metrics passed. Supported: CPU|NET"],
      ["METRICS 2 NET NET", "METRICS NET defined more than once!"],
      ["METRICS 1 CPU NET", "syntax error"],
      ["METRICS 1 CPU COUNT", "syntax error"],
      ["METRICS 1 CPU COUNT 65", "COUNT must be between 1 and 64"],
      ["METRICS 1 CPU DURATION 0", "DURATION must be between 1 and 1000000"],
      ["METRICS 1 CPU SAMPLE 0", "SAMPLE ratio must be positive"],
      ["METRICS 1 CPU SLOTS 1 0", "SLOTS parameter cannot be used in non-cluster mode"],
    ];
    for (const [args, text] of refusals) expect(c.say(`HOTKEYS START ${args}`)).toBe(`-ERR ${text}\r\n`);
    expect(c.say("HOTKEYS GET", "HOTKEYS STOP")).toBe("$-1\r\n$-1\r\n");
  });

  test("allows one session at a time, and names of metrics that are not known yet", () => {
    const { c } = rig();
    expect(c.say("HOTKEYS START METRICS 2 GPU CPU")).toBe("+OK\r\n");
    expect(c.say("HOTKEYS START METRICS 1 NET")).toBe("-ERR hotkey tracking session already in progress\r\n");
    expect(c.say("HOTKEYS RESET")).toBe("-ERR hotkey tracking session in progress, stop tracking first\r\n");
    expect(c.say("HOTKEYS STOP", "HOTKEYS RESET", "HOTKEYS GET")).toBe("+OK\r\n+OK\r\n$-1\r\n");
  });

  test("ends after its duration", () => {
    const { server, c } = rig();
    c.say("HOTKEYS START METRICS 1 CPU DURATION 1");
    expect(c.say("HOTKEYS GET")).toContain("tracking-active\r\n:1\r\n");
    server.pass(1500);
    const reply = c.say("HOTKEYS GET");
    expect(reply).toContain("tracking-active\r\n:0\r\n");
    expect(reply).toContain("collection-duration-ms\r\n:1000\r\n");
  });
});

describe("HOTKEYS GET", () => {
  test("names the keys with the most bytes, and nothing about time when that was not asked for", () => {
    const { c } = rig();
    c.say("HOTKEYS START METRICS 1 NET COUNT 2");
    for (let i = 0; i < 50; i++) c.say("SET hot value", `SET cold:${i} value`);
    c.say("MSET hot 1 warm 2", "GET warm", "GET warm");
    const reply = c.say("HOTKEYS GET");
    expect(reply.startsWith("*1\r\n*18\r\n")).toBeTrue();
    expect(reply).not.toContain("cpu");
    expect(reply).toMatch(/by-net-bytes\r\n\*4\r\n\$3\r\nhot\r\n:\d+\r\n\$4\r\nwarm\r\n/);
    expect(reply).toContain("selected-slots\r\n*1\r\n*2\r\n:0\r\n:16383\r\n");
  });

  test("counts what a transaction does by its commands", () => {
    const { c } = rig();
    c.say("HOTKEYS START METRICS 1 NET", "MULTI", "SET x 1", "EXEC");
    expect(c.say("HOTKEYS GET")).toMatch(/by-net-bytes\r\n\*2\r\n\$1\r\nx\r\n/);
  });
});

describe("HOTKEYS TOP", () => {
  test("always knows the keys that are asked for most", () => {
    const { c } = rig();
    for (let i = 0; i < 20_000; i++) c.say(i % 4 === 0 ? `GET cold:${i}` : "GET hot");
    const [, name, times] = /^\*1\r\n\*3\r\n\$3\r\n(hot)\r\n:(\d+)\r\n/.exec(c.say("HOTKEYS TOP COUNT 1"))!;
    expect(name).toBe("hot");
    expect(Number(times)).toBeWithin(9_000, 21_000);
    c.say("CONFIG RESETSTAT");
    expect(c.say("HOTKEYS TOP")).toBe("*0\r\n");
  });
});
