import { describe, expect, test } from "bun:test";
import { encode, own } from "../../../src/lib/bytes.ts";
import { LocalServer } from "../../commands/local-server.ts";

const BAD_CHECKSUM = "ERR DUMP payload version or checksum are wrong";

function dumped(server: LocalServer, codes: readonly Uint8Array[]): Uint8Array {
  const { buf, start, len } = server.payloads.dumpLibraries(codes);
  return own(buf, start, len);
}

describe("payloads of libraries of functions", () => {
  for (const compression of ["yes", "no"]) {
    test(`give back what went in, of any length, compressed: ${compression}`, () => {
      const server = new LocalServer();
      server.connect().say(`CONFIG SET rdbcompression ${compression}`);
      const codes = [0, 1, 63, 64, 16383, 16384, 70_000].map((length) => Buffer.alloc(length, "x"));
      const payload = dumped(server, codes);
      expect(payload.length < 10_000).toBe(compression === "yes");
      const read = server.payloads.readLibraries(payload, 0, payload.length);
      expect(read).toEqual(codes.map((code) => encode(code.toString())));
    });
  }

  test("are refused when a byte is wrong, or there are too few", () => {
    const { payloads } = new LocalServer();
    const payload = own(dumped(new LocalServer(), [encode("#!lua name=x\n")]));
    for (let i = 0; i < payload.length; i++) {
      const broken = Uint8Array.from(payload);
      broken[i] ^= 1;
      expect(payloads.readLibraries(broken, 0, broken.length)).toBe(BAD_CHECKSUM);
      expect(payloads.readLibraries(payload, 0, i)).toBe(BAD_CHECKSUM);
    }
  });

  test("are refused when they hold anything else", () => {
    const server = new LocalServer();
    const client = server.connect();
    client.say("SET key value");
    const value = client.say("DUMP key");
    const bytes = value.slice(value.indexOf("\r\n") + 2, -2);
    expect(client.ask("FUNCTION", "RESTORE", bytes)).toBe("-ERR given type is not a function\r\n");
  });
});
