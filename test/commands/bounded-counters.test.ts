import { describe, test } from "bun:test";
import { bulk, int, Recording, SYNTAX_ERROR, WRONG_TYPE } from "./recording.ts";

// There is no redis-server 8.8 to ask here: INCREX follows its documentation.

const NOW = 1_700_000_000_000;
const MAX = "9223372036854775807";
const MIN = "-9223372036854775808";
const ints = (value: number | bigint | string, by: number | bigint | string) => `*2\r\n:${value}\r\n:${by}\r\n`;
const floats = (value: string, by: string) => `*2\r\n${bulk(value)}${bulk(by)}`;

function recording(...prepared: string[]): Recording {
  const r = new Recording();
  r.prepare("HSET h f v", ...prepared);
  return r;
}

describe("INCREX", () => {
  test("adds one, or what BYINT says, and is journalled as the value that it made", () => {
    recording().expect(
      ["INCREX n", ints(1, 1), "SET n 1 KEEPTTL", "incrby:n"],
      ["INCREX n BYINT -10", ints(-9, -10), "SET n -9 KEEPTTL", "incrby:n"],
      ["INCREX n BYINT 0", ints(-9, 0), "SET n -9 KEEPTTL", "incrby:n"],
      ["OBJECT ENCODING n", bulk("int")],
    );
  });
  test("does nothing when the result is out of bounds", () => {
    recording("SET n 10 EX 100").expect(
      ["INCREX n BYINT 10 UBOUND 15", ints(10, 0)],
      ["INCREX n BYINT -10 LBOUND 5 EX 5", ints(10, 0)],
      ["INCREX n BYINT 5 LBOUND 20 PERSIST", ints(10, 0)],
      ["PTTL n", int(100_000)],
      ["INCREX missing BYINT 5 LBOUND 10", ints(0, 0)],
      ["INCREX missing BYFLOAT 15.5 UBOUND 10", floats("0", "0")],
      ["EXISTS missing", int(0)],
    );
  });
  test("with SATURATE goes to the bound, whichever way that is", () => {
    recording("SET n 10").expect(
      ["INCREX n BYINT 10 UBOUND 15 SATURATE", ints(15, 5), "SET n 15 KEEPTTL", "incrby:n"],
      ["INCREX n BYINT -100 LBOUND 0 SATURATE", ints(0, -15), "SET n 0 KEEPTTL", "incrby:n"],
      ["INCREX n BYINT -5 LBOUND 20 SATURATE", ints(20, 20), "SET n 20 KEEPTTL", "incrby:n"],
      ["INCREX n BYINT 5 UBOUND 8 SATURATE", ints(8, -12), "SET n 8 KEEPTTL", "incrby:n"],
      ["INCREX n LBOUND 0 BYINT 1 UBOUND 9 SATURATE", ints(9, 1), "SET n 9 KEEPTTL", "incrby:n"],
      ["INCREX missing UBOUND 0 SATURATE", ints(0, 0), "SET missing 0 KEEPTTL", "incrby:missing"],
    );
  });
  test("brings a value that is out of bounds back by an increment that does", () => {
    recording("SET n 50").expect(
      ["INCREX n BYINT 5 UBOUND 30", ints(50, 0)],
      ["INCREX n BYINT -25 UBOUND 30", ints(25, -25), "SET n 25 KEEPTTL", "incrby:n"],
    );
  });
  test("has the ends of 64 bits as its bounds", () => {
    recording("SET n 9223372036854775800").expect(
      [`INCREX n BYINT ${MAX}`, ints("9223372036854775800", 0)],
      [`INCREX n BYINT ${MAX} SATURATE`, ints(MAX, 7), `SET n ${MAX} KEEPTTL`, "incrby:n"],
      ["INCREX n SATURATE", ints(MAX, 0), `SET n ${MAX} KEEPTTL`, "incrby:n"],
      [`INCREX n BYINT ${MIN}`, ints(-1, MIN), "SET n -1 KEEPTTL", "incrby:n"],
      [`INCREX n BYINT ${MIN} SATURATE`, ints(MIN, "-9223372036854775807"), `SET n ${MIN} KEEPTTL`, "incrby:n"],
      [`INCREX n BYINT 10 UBOUND ${MAX} LBOUND 9223372036854775806`, ints(MIN, 0)],
      [`INCREX n SATURATE LBOUND ${MAX}`, "-ERR applied increment would overflow\r\n"],
    );
  });
  test("is exact where doubles no longer are", () => {
    recording("SET n 9007199254740992").expect(
      ["INCREX n", ints("9007199254740993", 1), "SET n 9007199254740993 KEEPTTL", "incrby:n"],
      ["INCREX n UBOUND 9007199254740993", ints("9007199254740993", 0)],
      ["INCREX n BYINT -9007199254740993", ints(0, "-9007199254740993"), "SET n 0 KEEPTTL", "incrby:n"],
      ["INCREX n UBOUND 9007199254740995 LBOUND 9007199254740994", ints(0, 0)],
      [
        "INCREX n UBOUND 9007199254740995 LBOUND 9007199254740994 SATURATE",
        ints("9007199254740994", "9007199254740994"),
        "SET n 9007199254740994 KEEPTTL",
        "incrby:n",
      ],
    );
  });
});

describe("INCREX BYFLOAT", () => {
  test("adds to integers and floats", () => {
    recording("SET n 1.5", "SET i 6").expect(
      ["INCREX n BYFLOAT 0.25", floats("1.75", "0.25"), "SET n 1.75 KEEPTTL", "incrbyfloat:n"],
      ["INCREX i BYFLOAT 0.5", floats("6.5", "0.5"), "SET i 6.5 KEEPTTL", "incrbyfloat:i"],
      ["OBJECT ENCODING n", bulk("embstr")],
    );
  });
  test("is bounded as integers are", () => {
    recording("SET n 10").expect(
      ["INCREX n BYFLOAT 100 UBOUND 42.5", floats("10", "0")],
      ["INCREX n BYFLOAT 100 UBOUND 42.5 SATURATE", floats("42.5", "32.5"), "SET n 42.5 KEEPTTL", "incrbyfloat:n"],
      ["INCREX n BYFLOAT -100 LBOUND -5.5 SATURATE", floats("-5.5", "-48"), "SET n -5.5 KEEPTTL", "incrbyfloat:n"],
      ["INCREX n BYFLOAT 1 UBOUND inf LBOUND -inf", floats("-4.5", "1"), "SET n -4.5 KEEPTTL", "incrbyfloat:n"],
      ["INCREX n BYFLOAT 4.5 UBOUND 0", floats("0", "4.5"), "SET n 0 KEEPTTL", "incrbyfloat:n"],
    );
  });
  test("has the largest long double as its bound", () => {
    const r = recording("SET n 1e4932");
    r.expect(["INCREX n BYFLOAT 1e4932 UBOUND 1e4000", r.c.say("INCREX n BYFLOAT 1e4932")]);
    r.prepare("INCREX n BYFLOAT 1e4932 SATURATE");
    r.expect(["INCREX n BYFLOAT 1e4932", floats(r.c.say("GET n").split("\r\n")[1]!, "0")]);
    r.expect([
      "INCREX n BYFLOAT -1 LBOUND -1e4932 UBOUND -1e4932 SATURATE",
      "-ERR applied increment would be Infinity\r\n",
    ]);
  });
  test("gives doubles in RESP3", () => {
    const r = recording("SET n 1.5");
    r.c.client.resp3 = true;
    r.expect(["INCREX n BYFLOAT 0.25", "*2\r\n,1.75\r\n,0.25\r\n", "SET n 1.75 KEEPTTL", "incrbyfloat:n"]);
    r.expect(["INCREX i BYINT 2", ints(2, 2), "SET i 2 KEEPTTL", "incrby:i"]);
  });
});

describe("INCREX with a deadline", () => {
  test("sets it, keeps it with ENX, takes it away with PERSIST", () => {
    recording().expect(
      ["INCREX n EX 100", ints(1, 1), `SET n 1 PXAT ${NOW + 100_000}`, "incrby:n | expire:n"],
      ["INCREX n PX 5 ENX", ints(2, 1), "SET n 2 KEEPTTL", "incrby:n"],
      ["PTTL n", int(100_000)],
      ["INCREX n PERSIST", ints(3, 1), "SET n 3", "incrby:n | persist:n"],
      ["INCREX n PERSIST", ints(4, 1), "SET n 4", "incrby:n"],
      ["PTTL n", int(-1)],
      ["INCREX n PX 5 ENX", ints(5, 1), `SET n 5 PXAT ${NOW + 5}`, "incrby:n | expire:n"],
      [
        "INCREX n PXAT 4000000000000 BYFLOAT 0.5",
        floats("5.5", "0.5"),
        "SET n 5.5 PXAT 4000000000000",
        "incrbyfloat:n | expire:n",
      ],
    );
  });
  test("that is past deletes the key, unless ENX keeps the one it has", () => {
    recording("SET n 10", "SET t 10 EX 100").expect(
      ["INCREX n EXAT 1", ints(11, 1), "DEL n", "del:n"],
      ["INCREX missing EXAT 1", ints(1, 1)],
      ["INCREX t PXAT 1 ENX", ints(11, 1), "SET t 11 KEEPTTL", "incrby:t"],
      ["DBSIZE", int(2)],
    );
  });
});

describe("INCREX with mistakes", () => {
  test("in its options", () => {
    const doubled = ["BYINT 1 BYINT 2", "LBOUND 0 LBOUND 1", "UBOUND 9 UBOUND 8", "SATURATE SATURATE", "ENX ENX EX 10"];
    const crossed = [
      "BYINT 1 BYFLOAT 1.5",
      "EX 10 PX 10",
      "EX 10 EX 10",
      "EX 10 PERSIST",
      "PERSIST PERSIST",
      "KEEPTTL",
    ];
    for (const options of [
      ...doubled,
      ...crossed,
      "PERSIST ENX",
      "ENX PERSIST",
      "NOPE",
      "BYINT",
      "LBOUND",
      "UBOUND",
      "EX",
    ]) {
      recording().expect([`INCREX n ${options}`, SYNTAX_ERROR]);
    }
    recording().expect(["INCREX n ENX", "-ERR ENX flag requires an expiration\r\n"]);
  });
  test("in its numbers", () => {
    const float = (name: string) => `-ERR ${name} is not a valid float\r\n`;
    const integer = (name: string) => `-ERR ${name} is not an integer or out of range\r\n`;
    const crossed = "-ERR LBOUND can't be greater than UBOUND\r\n";
    recording("SET inf inf", "SET x abc", "SET f 1.5").expect(
      ["INCREX n BYINT 1.5", integer("Increment")],
      ["INCREX n LBOUND 1.5", integer("LBOUND")],
      ["INCREX n UBOUND inf", integer("UBOUND")],
      ["INCREX n BYFLOAT abc", float("Increment")],
      ["INCREX n BYFLOAT 1 LBOUND abc", float("LBOUND")],
      ["INCREX n BYFLOAT 1 UBOUND nan", float("UBOUND")],
      ["INCREX n BYFLOAT +inf", "-ERR BYFLOAT increment cannot be Infinity\r\n"],
      ["INCREX n LBOUND 10 UBOUND 5", crossed],
      [`INCREX n LBOUND ${MAX} UBOUND 9223372036854775806`, crossed],
      ["INCREX n BYFLOAT 1 LBOUND 10.5 UBOUND 1.5", crossed],
      ["INCREX n BYFLOAT 1 UBOUND -inf", crossed],
      ["INCREX n EX 0", "-ERR invalid expire time in 'increx' command\r\n"],
      ["INCREX h", WRONG_TYPE],
      ["INCREX h BYFLOAT 1", WRONG_TYPE],
      ["INCREX x", "-ERR value is not an integer or out of range\r\n"],
      ["INCREX f BYINT 1", "-ERR value is not an integer or out of range\r\n"],
      ["INCREX x BYFLOAT 1", "-ERR value is not a valid float\r\n"],
      ["INCREX inf BYFLOAT 1", "-ERR value cannot be Infinity\r\n"],
      ["EXISTS n", int(0)],
    );
  });
});
