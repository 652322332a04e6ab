import { describe, expect, test } from "bun:test";
import { frame, LocalServer } from "./local-server.ts";

const SYNTAX = "-ERR syntax error\r\n";

describe("TIME", () => {
  test("tells seconds and microseconds", () => {
    const server = new LocalServer();
    server.clock.advance(1_234.567);
    expect(server.connect().say("TIME")).toBe(frame("*", 2, "1700000001", "234567"));
    expect(server.connect().say("INFO server")).toContain("server_time_usec:1700000001234567\r\n");
  });
});

describe("ROLE", () => {
  test("is that of a master without replicas", () => {
    expect(new LocalServer().connect().say("ROLE")).toBe("*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
  });
});

describe("LOLWUT", () => {
  const draw = (words = ""): string =>
    Buffer.from(new LocalServer().connect().say(`LOLWUT ${words}`), "latin1").toString();

  test("draws a rule that its version chooses", () => {
    expect(draw("VERSION 90")).toBe(draw("VERSION -90"));
    expect(draw("VERSION 90")).toContain("▀");
    expect(draw("VERSION 90")).toMatch(/rule 90\. Redis ver\. [\d.]+\n\r\n$/);
    expect(draw("VERSION 256")).toContain("rule 0.");
    expect(draw("nope")).toContain("Redis ver. ");
  });

  test("wants the version to be a number", () => {
    for (const wrong of ["VERSION x", "VERSION 99999999999999999999"]) {
      expect(draw(wrong)).toBe("-ERR value is not an integer or out of range\r\n");
    }
  });
});

describe("BGREWRITEAOF", () => {
  test("tells what becomes of it", () => {
    const server = new LocalServer();
    const client = server.connect();
    expect(client.say("BGREWRITEAOF")).toBe("+Background append only file rewriting started\r\n");
    const answers = { scheduled: "+Background append", busy: "-ERR Background append", failed: "-ERR Can't execute" };
    for (const [answer, reply] of Object.entries(answers)) {
      server.persistence.rewriteFile = () => answer as "started";
      expect(client.say("BGREWRITEAOF")).toStartWith(reply);
    }
  });
});

describe("SHUTDOWN", () => {
  /** A server that notes how it is shut down, and lets it succeed or not. */
  function shuttable(works: boolean): { server: LocalServer; asked: boolean[]; saves: (boolean | undefined)[] } {
    const asked: boolean[] = [];
    const saves: (boolean | undefined)[] = [];
    const shutDown = (force: boolean, save?: boolean): boolean => {
      asked.push(force);
      saves.push(save);
      return works;
    };
    return { server: Object.assign(new LocalServer(), { shutDown }), asked, saves };
  }

  test("ends the server without an answer", () => {
    for (const words of ["", "NOSAVE", "nosave now", "NOW", "NOSAVE NOSAVE"]) {
      const { server, asked } = shuttable(true);
      const c = server.connect();
      expect([words, c.say(`SHUTDOWN ${words}`), c.closed, asked]).toEqual([words, "", "now", [false]]);
    }
  });

  test("forces it when it is told to", () => {
    const { server, asked } = shuttable(true);
    server.connect().say("SHUTDOWN NOSAVE FORCE");
    expect(asked).toEqual([true]);
  });

  test("tells that it failed", () => {
    const { server } = shuttable(false);
    const c = server.connect();
    expect(c.say("SHUTDOWN", "PING")).toBe("-ERR Errors trying to SHUTDOWN. Check logs.\r\n+PONG\r\n");
  });

  test("saves a snapshot, or not, as it is told to", () => {
    const { server, saves } = shuttable(true);
    for (const words of ["", "SAVE", "NOSAVE"]) server.connect().say(`SHUTDOWN ${words}`);
    expect(saves).toEqual([undefined, true, false]);
  });

  test("can't be aborted, because it never waits", () => {
    expect(new LocalServer().connect().say("SHUTDOWN ABORT")).toBe("-ERR No shutdown in progress.\r\n");
  });

  test("knows which options exclude each other", () => {
    const c = new LocalServer().connect();
    for (const wrong of ["NOPE", "SAVE NOSAVE", "ABORT NOW", "NOW ABORT"])
      expect(c.say(`SHUTDOWN ${wrong}`)).toBe(SYNTAX);
  });
});
