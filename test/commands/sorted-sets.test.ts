import { describe, expect, test } from "bun:test";
import { bulk, int, NIL, NOT_INTEGER, OK, Recording, SYNTAX_ERROR, WRONG_TYPE } from "./recording.ts";

/** A RESP2 array of bulk strings. */
function array(...texts: string[]): string {
  return `*${texts.length}\r\n${texts.map(bulk).join("")}`;
}

const NIL_ARRAY = "*-1\r\n";

describe("changes of sorted sets", () => {
  test("are told and journalled when there are any", () => {
    new Recording().expect(
      ["ZADD z 1 a 2 b", int(2), "ZADD z 1 a 2 b", "zadd:z"],
      ["ZADD z 1 a", int(0)],
      ["ZADD z XX CH 5 a 5 missing", int(1), "ZADD z XX CH 5 a 5 missing", "zadd:z"],
      ["ZADD z GT 1 a", int(0)],
      ["ZADD z INCR 2 a", bulk("7"), "ZADD z INCR 2 a", "zincr:z"],
      ["ZADD z NX INCR 2 a", NIL],
      ["ZINCRBY z 0 a", bulk("7")],
      ["ZINCRBY z -7 a", bulk("0"), "ZINCRBY z -7 a", "zincr:z"],
      ["ZREM z missing", int(0)],
      ["ZREM z a", int(1), "ZREM z a", "zrem:z"],
      ["ZREM z b c", int(1), "ZREM z b c", "zrem:z | del:z"],
    );
  });

  test("by ranges delete the key when nothing is left", () => {
    const r = new Recording();
    r.prepare("ZADD z 1 a 2 b 3 c");
    r.expect(
      ["ZREMRANGEBYSCORE z 5 6", int(0)],
      ["ZREMRANGEBYSCORE z 1 (2", int(1), "ZREMRANGEBYSCORE z 1 (2", "zremrangebyscore:z"],
      ["ZREMRANGEBYRANK z 0 0", int(1), "ZREMRANGEBYRANK z 0 0", "zremrangebyrank:z"],
      ["ZREMRANGEBYLEX z - +", int(1), "ZREMRANGEBYLEX z - +", "zremrangebylex:z | del:z"],
    );
  });

  test("by stores replace what was there, or delete it", () => {
    const r = new Recording();
    r.prepare("ZADD z 1 a 2 b", "SET t v EX 100");
    r.expect(
      ["ZRANGESTORE t z 0 0", int(1), "ZRANGESTORE t z 0 0", "zrangestore:t"],
      ["TTL t", int(-1)],
      ["ZUNIONSTORE t 2 z t", int(2), "ZUNIONSTORE t 2 z t", "zunionstore:t"],
      ["ZINTERSTORE t 1 t", int(2), "ZINTERSTORE t 1 t", "zinterstore:t"],
      ["ZDIFFSTORE t 2 t z", int(0), "ZDIFFSTORE t 2 t z", "del:t"],
      ["ZDIFFSTORE t 2 z z", int(0)],
      ["ZRANGESTORE t missing 0 -1", int(0)],
    );
  });
});

describe("pops of sorted sets", () => {
  test("are journalled as ZPOPMIN and ZPOPMAX", () => {
    const r = new Recording();
    r.prepare("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f");
    r.expect(
      ["ZPOPMIN z", array("a", "1"), "ZPOPMIN z", "zpopmin:z"],
      ["ZPOPMAX z 2", array("f", "6", "e", "5"), "ZPOPMAX z 2", "zpopmax:z"],
      ["BZPOPMIN none z 0", array("z", "b", "2"), "ZPOPMIN z", "zpopmin:z"],
      [
        "ZMPOP 2 none z MAX COUNT 9",
        `*2\r\n${bulk("z")}*2\r\n${array("d", "4")}${array("c", "3")}`,
        "ZPOPMAX z 2",
        "zpopmax:z | del:z",
      ],
      ["ZMPOP 1 z MIN", NIL_ARRAY],
      ["ZPOPMIN z", "*0\r\n"],
    );
  });

  test("wait for a member, and end as their arguments say", () => {
    const r = new Recording();
    const waiting = r.server.connect("127.0.0.1:5002");
    expect(waiting.say("BZPOPMAX x z 0")).toBe("");
    r.trace("SADD x member");
    expect(waiting.heard()).toBe("");
    r.trace("ZADD z 1 a 2 b");
    expect(waiting.heard()).toBe(array("z", "b", "2"));
    expect(waiting.say("BZMPOP 0 1 y MIN COUNT 5")).toBe("");
    expect(r.trace("ZADD y 1 a 2 b")).toEqual([
      "ZADD y 1 a 2 b",
      int(2),
      "ZADD y 1 a 2 b | ZPOPMIN y 2",
      "zadd:y | zpopmin:y | del:y",
    ]);
    expect(waiting.heard()).toBe(`*2\r\n${bulk("y")}*2\r\n${array("a", "1")}${array("b", "2")}`);
  });
});

describe("ZRANK WITHSCORE", () => {
  test("gives rank and score", () => {
    const r = new Recording();
    r.prepare("ZADD z 1 a 2.5 b 3 c");
    r.expect(
      ["ZRANK z b WITHSCORE", `*2\r\n${int(1)}${bulk("2.5")}`],
      ["ZREVRANK z a withscore", `*2\r\n${int(2)}${bulk("1")}`],
      ["ZRANK z missing WITHSCORE", NIL_ARRAY],
      ["ZRANK missing a WITHSCORE", NIL_ARRAY],
      ["ZRANK z b NOPE", SYNTAX_ERROR],
      ["SET s v", OK, "SET s v", "set:s"],
      ["ZRANK s b WITHSCORE", WRONG_TYPE],
    );
  });
});

describe("AGGREGATE COUNT", () => {
  test("adds up weights instead of scores", () => {
    const r = new Recording();
    r.prepare("ZADD a 10 x 20 y", "ZADD b 30 y 40 z");
    r.expect(
      ["ZUNION 2 a b AGGREGATE COUNT WITHSCORES", array("x", "1", "z", "1", "y", "2")],
      ["ZINTER 2 a b WEIGHTS 2 5 AGGREGATE COUNT WITHSCORES", array("y", "7")],
    );
  });
});

describe("ranges of a big sorted set", () => {
  test("are found from both ends", () => {
    const r = new Recording();
    for (let i = 0; i < 300; i++) r.prepare(`ZADD z ${i} m${i}`);
    r.expect(
      ["OBJECT ENCODING z", bulk("skiplist")],
      ["ZRANGE z 298 500", array("m298", "m299")],
      ["ZRANGE z (297 +inf BYSCORE", array("m298", "m299")],
      ["ZRANGE z 150 -inf BYSCORE REV LIMIT 1 2 WITHSCORES", array("m149", "149", "m148", "148")],
      ["ZCOUNT z 100 (200", int(100)],
      ["ZRANGE z x 1", NOT_INTEGER],
      ["ZREMRANGEBYRANK z 1 298", int(298), "ZREMRANGEBYRANK z 1 298", "zremrangebyrank:z"],
      ["ZRANGE z 0 -1", array("m0", "m299")],
    );
  });
});
