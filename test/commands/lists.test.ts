import { describe, expect, test } from "bun:test";
import { LocalServer } from "./local-server.ts";
import { bulk, NIL, Recording, SYNTAX_ERROR, WRONG_TYPE } from "./recording.ts";

function array(...texts: string[]): string {
  return `*${texts.length}\r\n${texts.map(bulk).join("")}`;
}

describe("lists in the journal", () => {
  test("have pushes, changes and removals as they were asked for", () => {
    new Recording().expect(
      ["RPUSH l a b c", ":3\r\n", "RPUSH l a b c", "rpush:l"],
      ["LPUSHX l z", ":4\r\n", "LPUSHX l z", "lpush:l"],
      ["LPUSHX none z", ":0\r\n"],
      ["LSET l 0 y", "+OK\r\n", "LSET l 0 y", "lset:l"],
      ["LINSERT l BEFORE a x", ":5\r\n", "LINSERT l BEFORE a x", "linsert:l"],
      ["LINSERT l BEFORE none x", ":-1\r\n"],
      ["LREM l 0 none", ":0\r\n"],
      ["LREM l 0 x", ":1\r\n", "LREM l 0 x", "lrem:l"],
      ["LTRIM l 0 -2", "+OK\r\n", "LTRIM l 0 -2", "ltrim:l"],
      ["LPOP l 0", "*0\r\n"],
      ["RPOP l 5", array("b", "a", "y"), "RPOP l 5", "rpop:l | del:l"],
    );
  });

  test("have no LTRIM that changed nothing, though it is an event", () => {
    const recording = new Recording();
    recording.prepare("RPUSH l a b");
    recording.expect(["LTRIM l 0 -1", "+OK\r\n", "", "ltrim:l"]);
  });

  test("are deleted when nothing is left of them", () => {
    const recording = new Recording();
    recording.prepare("RPUSH l a a");
    recording.expect(["LREM l 0 a", ":2\r\n", "LREM l 0 a", "lrem:l | del:l"]);
    recording.prepare("RPUSH l a a");
    recording.expect(["LTRIM l 2 3", "+OK\r\n", "LTRIM l 2 3", "ltrim:l | del:l"], ["EXISTS l", ":0\r\n"]);
  });

  test("have what was popped instead of LMPOP and of pops that might have waited", () => {
    const recording = new Recording();
    recording.prepare("RPUSH l a b c d e f g");
    recording.expect(
      ["LMPOP 2 none l LEFT", `*2\r\n${bulk("l")}${array("a")}`, "LPOP l 1", "lpop:l"],
      ["BLMPOP 0 2 none l RIGHT COUNT 2", `*2\r\n${bulk("l")}${array("g", "f")}`, "RPOP l 2", "rpop:l"],
      ["BLPOP none l 0", array("l", "b"), "LPOP l", "lpop:l"],
      ["BRPOP none l 0", array("l", "e"), "RPOP l", "rpop:l"],
      ["BLMOVE l m LEFT RIGHT 0", bulk("c"), "LMOVE l m LEFT RIGHT", "rpush:m | lpop:l"],
      ["BRPOPLPUSH l m 0", bulk("d"), "RPOPLPUSH l m", "lpush:m | rpop:l | del:l"],
      ["BLMPOP 0 1 m LEFT COUNT 10", `*2\r\n${bulk("m")}${array("d", "c")}`, "LPOP m 2", "lpop:m | del:m"],
    );
  });
});

describe("LMOVEM", () => {
  const move = (request: string): string => {
    const client = new LocalServer().connect();
    client.say("RPUSH a 1 2 3 4", "RPUSH b x");
    return client.say(request, "LRANGE a 0 -1", "LRANGE b 0 -1");
  };

  test("moves one element without a number", () => {
    expect(move("LMOVEM a b LEFT LEFT")).toBe(array("1") + array("2", "3", "4") + array("1", "x"));
  });

  test("puts elements one by one behind each other, or all as they were", () => {
    const expected: Record<string, [moved: string[], left: string[]]> = {
      "LEFT LEFT COUNT 2 OBO": [
        ["2", "1"],
        ["3", "4"],
      ],
      "LEFT LEFT COUNT 2 BULK": [
        ["1", "2"],
        ["3", "4"],
      ],
      "LEFT RIGHT COUNT 2 OBO": [
        ["1", "2"],
        ["3", "4"],
      ],
      "LEFT RIGHT COUNT 2 BULK": [
        ["1", "2"],
        ["3", "4"],
      ],
      "RIGHT LEFT COUNT 2 OBO": [
        ["3", "4"],
        ["1", "2"],
      ],
      "RIGHT LEFT EXACTLY 2 BULK": [
        ["3", "4"],
        ["1", "2"],
      ],
      "RIGHT RIGHT EXACTLY 2 OBO": [
        ["4", "3"],
        ["1", "2"],
      ],
      "RIGHT RIGHT COUNT 2 BULK": [
        ["3", "4"],
        ["1", "2"],
      ],
    };
    for (const [how, [moved, left]] of Object.entries(expected)) {
      const destination = how.split(" ")[1] === "LEFT" ? [...moved, "x"] : ["x", ...moved];
      expect([how, move(`LMOVEM a b ${how}`)]).toEqual([how, array(...moved) + array(...left) + array(...destination)]);
    }
  });

  test("moves all there are with COUNT, and nothing with EXACTLY when there are fewer", () => {
    expect(move("LMOVEM a b LEFT RIGHT COUNT 9 BULK")).toBe(
      array("1", "2", "3", "4") + array() + array("x", "1", "2", "3", "4"),
    );
    expect(move("LMOVEM a b LEFT RIGHT EXACTLY 5 BULK")).toStartWith("*-1\r\n");
    expect(move("LMOVEM none b LEFT RIGHT COUNT 5 BULK")).toStartWith("*0\r\n");
    expect(move("LMOVEM none b LEFT RIGHT EXACTLY 1 OBO")).toStartWith("*-1\r\n");
  });

  test("turns elements of a list round that is source and destination", () => {
    const client = new LocalServer().connect();
    client.say("RPUSH l a b c");
    expect(client.say("LMOVEM l l LEFT LEFT EXACTLY 2 OBO", "LRANGE l 0 -1")).toBe(
      array("b", "a") + array("b", "a", "c"),
    );
    expect(client.say("LMOVEM l l RIGHT RIGHT COUNT 9 BULK", "LRANGE l 0 -1")).toBe(array("b", "a", "c").repeat(2));
  });

  test("wants number and order together", () => {
    for (const how of ["COUNT 2", "COUNT 2 SOON", "OBO", "OBO COUNT 2", "EXACTLY 2 BULK x", "SOME 2 BULK"]) {
      expect(move(`LMOVEM a b LEFT LEFT ${how}`)).toStartWith(SYNTAX_ERROR);
    }
    expect(move("LMOVEM a b LEFT LEFT COUNT 0 BULK")).toStartWith("-ERR count should be greater than 0\r\n");
    expect(move("LMOVEM a b UP LEFT")).toStartWith(SYNTAX_ERROR);
  });

  test("fails for other types without moving anything", () => {
    const client = new LocalServer().connect();
    client.say("RPUSH l a", "SET s v");
    expect(client.say("LMOVEM l s LEFT LEFT", "LMOVEM s l LEFT LEFT", "LLEN l")).toBe(`${WRONG_TYPE.repeat(2)}:1\r\n`);
  });

  test("is journalled as it is, and as what BLMOVEM has done", () => {
    const recording = new Recording();
    recording.prepare("RPUSH l 1 2 3 4 5");
    recording.expect(
      ["LMOVEM l m LEFT RIGHT COUNT 2 OBO", array("1", "2"), "LMOVEM l m LEFT RIGHT COUNT 2 OBO", "rpush:m | lpop:l"],
      [
        "BLMOVEM l m LEFT LEFT 0 EXACTLY 2 BULK",
        array("3", "4"),
        "LMOVEM l m LEFT LEFT EXACTLY 2 BULK",
        "lpush:m | lpop:l",
      ],
      ["BLMOVEM l m LEFT LEFT 0", array("5"), "LMOVEM l m LEFT LEFT", "lpush:m | lpop:l | del:l"],
    );
  });
});

describe("LRANGE and LTRIM", () => {
  test("take ranges of a list of many leaves", () => {
    const client = new LocalServer().connect();
    const all = Array.from({ length: 2000 }, (_none, i) => `element ${i}`);
    for (const text of all) client.say(`RPUSH l "${text}"`);
    expect(client.say("LRANGE l 500 1499")).toBe(array(...all.slice(500, 1500)));
    expect(client.say("LTRIM l 900 -900", "LLEN l", "LRANGE l 0 -1")).toBe(
      `+OK\r\n:201\r\n${array(...all.slice(900, 1101))}`,
    );
    expect(client.say("LINDEX l 500", "LINDEX l -1")).toBe(NIL + bulk("element 1100"));
  });
});
