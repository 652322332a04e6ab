import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bulk, int, NIL, NOT_INTEGER, Recording, WRONG_TYPE } from "./recording.ts";

const OVERFLOW = "-ERR increment or decrement would overflow\r\n";
const NOT_FLOAT = "-ERR value is not a valid float\r\n";
const NOT_FINITE = "-ERR increment would produce NaN or Infinity\r\n";
const MAX = "9223372036854775807";
const MIN = "-9223372036854775808";
const FIT = (value: bigint) => value === BigInt.asIntN(64, value);

function recording(...prepared: string[]): Recording {
  const r = new Recording();
  r.prepare("HSET h f v", ...prepared);
  return r;
}

describe("INCR, DECR, INCRBY and DECRBY", () => {
  test("count from 0, in place, and are journalled as they were sent", () => {
    recording().expect(
      ["INCR n", int(1), "INCR n", "incrby:n"],
      ["INCRBY n 98", int(99), "INCRBY n 98", "incrby:n"],
      ["INCR n", int(100), "INCR n", "incrby:n"],
      ["DECR n", int(99), "DECR n", "incrby:n"],
      ["DECRBY n 100", int(-1), "DECRBY n 100", "incrby:n"],
      ["INCRBY n 0", int(-1), "INCRBY n 0", "incrby:n"],
      ["GET n", bulk("-1")],
      ["DECRBY fresh 0", int(0), "DECRBY fresh 0", "incrby:fresh"],
    );
  });
  test("keep the deadline", () => {
    recording("SET n 9 EX 100", "INCR n").expect(["PTTL n", int(100_000)], ["GET n", bulk("10")]);
  });
  test("are exact in all 64 bits, and stop at their ends", () => {
    recording(`SET n ${MAX}`).expect(
      ["INCR n", OVERFLOW],
      ["INCRBY n -1", int(9223372036854775806n), "INCRBY n -1", "incrby:n"],
    );
    recording(`SET n ${MIN}`).expect(["DECR n", OVERFLOW], [`INCRBY n ${MAX}`, int(-1), `INCRBY n ${MAX}`, "incrby:n"]);
    recording().expect(
      [`DECRBY n ${MAX}`, int(-9223372036854775807n), `DECRBY n ${MAX}`, "incrby:n"],
      ["DECR n", int(BigInt(MIN)), "DECR n", "incrby:n"],
      [`INCRBY n ${MIN}`, OVERFLOW],
      [`DECRBY n ${MIN}`, "-ERR decrement would overflow\r\n"],
      ["GET n", bulk(MIN)],
    );
  });
  test("agree with exact arithmetic", () => {
    const edge = fc.constantFrom(0n, 2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n), 10n ** 9n, 10n ** 15n);
    const near = fc.tuple(edge, fc.bigInt(-20n, 20n)).map(([base, offset]) => BigInt.asIntN(64, base + offset));
    const r = recording();
    fc.assert(
      fc.property(near, near, fc.boolean(), (value, by, down) => {
        const sum = down ? value - by : value + by;
        r.prepare(`SET n ${value}`);
        const [, reply] = r.trace(`${down ? "DECRBY" : "INCRBY"} n ${by}`);
        if (down && by === BigInt(MIN)) expect(reply).toBe("-ERR decrement would overflow\r\n");
        else expect(reply).toBe(FIT(sum) ? int(sum) : OVERFLOW);
        expect(r.c.say("GET n")).toBe(bulk(String(reply.startsWith(":") ? sum : value)));
      }),
      { numRuns: 500 },
    );
  });
  test("look at the increment before they look at the key", () => {
    for (const by of ["abc", '""', "1.0", "+1", '" 1"', "01", "-0", "9223372036854775808"]) {
      recording().expect([`INCRBY h ${by}`, NOT_INTEGER], [`DECRBY h ${by}`, NOT_INTEGER]);
    }
    recording().expect(["INCRBY h 1", WRONG_TYPE], ["INCR h", WRONG_TYPE], ["DECR h", WRONG_TYPE]);
  });
  test("take no other text for an integer", () => {
    for (const text of ["007", '"12 "', '""', "-0", "1.5", "9223372036854775808", "abc"]) {
      recording(`SET n ${text}`).expect(["INCR n", NOT_INTEGER]);
    }
  });
});

describe("INCRBYFLOAT", () => {
  test("is journalled as the value that it made, its deadline kept", () => {
    recording("SET n 3 EX 100").expect(
      ["INCRBYFLOAT n 1.5", bulk("4.5"), "SET n 4.5 KEEPTTL", "incrbyfloat:n"],
      ["INCRBYFLOAT n 0.5", bulk("5"), "SET n 5 KEEPTTL", "incrbyfloat:n"],
      ["PTTL n", int(100_000)],
      ["INCRBYFLOAT fresh -1.25", bulk("-1.25"), "SET fresh -1.25 KEEPTTL", "incrbyfloat:fresh"],
    );
  });
  test("gives the digits of long doubles", () => {
    recording("SET n 3.0e3").expect([
      "INCRBYFLOAT n 0.1",
      bulk("3000.10000000000000009"),
      "SET n 3000.10000000000000009 KEEPTTL",
      "incrbyfloat:n",
    ]);
  });
  test("looks at the key, its value, then at the increment", () => {
    recording("SET n abc", "SET i inf", "SET f 1").expect(
      ["INCRBYFLOAT h abc", WRONG_TYPE],
      ["INCRBYFLOAT n 1", NOT_FLOAT],
      ["INCRBYFLOAT f abc", NOT_FLOAT],
      ["INCRBYFLOAT f nan", NOT_FLOAT],
      ["INCRBYFLOAT f inf", NOT_FINITE],
      ["INCRBYFLOAT i 1", NOT_FINITE],
      ["INCRBYFLOAT missing abc", NOT_FLOAT],
      ["GET missing", NIL],
    );
  });
});
