import { expect, test } from "bun:test";
import fc from "fast-check";
import { LocalServer } from "./local-server.ts";

// Random writes to a few strings of all sizes, against byte arrays.

type Step = (model: Map<string, Buffer>) => { request: (string | Buffer)[]; apply: () => void };

const KEYS = ["a", "b", "a-longer-name-for-a-key"];
const key = fc.constantFrom(...KEYS);
/** Around the bounds of the entry's layouts: 255 and 4096 bytes. */
const size = fc.oneof(
  fc.nat(60),
  fc.integer({ min: 250, max: 260 }),
  fc.integer({ min: 4000, max: 4200 }),
  fc.nat(40_000),
);
const bytes = fc.tuple(size, fc.nat(255)).map(([length, fill]) => Buffer.alloc(length, fill));

function grown(old: Buffer | undefined, length: number): Buffer {
  const now = Buffer.alloc(Math.max(length, old?.length ?? 0));
  old?.copy(now);
  return now;
}

const set = fc.tuple(key, bytes, fc.boolean()).map(
  ([k, value, timed]): Step =>
    (model) => ({
      request: timed ? ["SET", k, value, "EX", "100"] : ["SET", k, value],
      apply: () => model.set(k, value),
    }),
);
const append = fc.tuple(key, bytes).map(
  ([k, value]): Step =>
    (model) => ({
      request: ["APPEND", k, value],
      apply: () => model.set(k, Buffer.concat([model.get(k) ?? Buffer.alloc(0), value])),
    }),
);
const setrange = fc.tuple(key, size, bytes).map(
  ([k, offset, value]): Step =>
    (model) => ({
      request: ["SETRANGE", k, String(offset), value],
      apply: () => {
        if (value.length === 0) return;
        const now = grown(model.get(k), offset + value.length);
        value.copy(now, offset);
        model.set(k, now);
      },
    }),
);
const setbit = fc.tuple(key, fc.nat(300_000), fc.nat(1)).map(
  ([k, offset, bit]): Step =>
    (model) => ({
      request: ["SETBIT", k, String(offset), String(bit)],
      apply: () => {
        const now = grown(model.get(k), (offset >> 3) + 1);
        const mask = 128 >> (offset & 7);
        now[offset >> 3] = bit === 1 ? now[offset >> 3]! | mask : now[offset >> 3]! & ~mask;
        model.set(k, now);
      },
    }),
);
const bitop = fc.tuple(key, key, key).map(
  ([to, x, y]): Step =>
    (model) => ({
      request: ["BITOP", "XOR", to, x, y],
      apply: () => {
        const [a, b] = [model.get(x) ?? Buffer.alloc(0), model.get(y) ?? Buffer.alloc(0)];
        const result = Buffer.from(grown(a, b.length).map((byte, i) => byte ^ (b[i] ?? 0)));
        if (result.length === 0) model.delete(to);
        else model.set(to, result);
      },
    }),
);
const persist = key.map(
  (k): Step =>
    () => ({ request: ["GETEX", k, "PERSIST"], apply: () => undefined }),
);
const remove = key.map(
  (k): Step =>
    (model) => ({ request: ["GETDEL", k], apply: () => model.delete(k) }),
);

/** As splitArgs reads it back. */
function line(request: readonly (string | Buffer)[]): string {
  const quoted = (value: Buffer) => `"${value.toString("hex").replace(/../g, "\\x$&")}"`;
  return request.map((word) => (typeof word === "string" ? word : quoted(word))).join(" ");
}

test("strings hold what byte arrays hold after the same writes, and give all their memory back", () => {
  const step = fc.oneof(set, append, setrange, setbit, bitop, persist, remove);
  const server = new LocalServer();
  const client = server.connect();
  const before = server.keyspace.arena.usedBytes;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
      const model = new Map<string, Buffer>();
      for (const next of steps) {
        const { request, apply } = next(model);
        expect(client.say(line(request))[0]).not.toBe("-");
        apply();
      }
      for (const k of KEYS) {
        const value = model.get(k)?.toString("latin1");
        const reply = client.say(`GETDEL ${k}`);
        expect(reply === (value === undefined ? "$-1\r\n" : `$${value.length}\r\n${value}\r\n`)).toBe(true);
      }
      // What deadlines were held by.
      server.keyspace.databases[0].dropIdleWheel();
      expect(server.keyspace.arena.usedBytes).toBe(before);
    }),
    { numRuns: 150 },
  );
});
