import { describe, test } from "bun:test";
import { bulk, int, NOT_INTEGER, Recording, SYNTAX_ERROR } from "./recording.ts";

const pair = (first: number, last: number) => `*2\r\n:${first}\r\n:${last}\r\n`;

function recording(): Recording {
  const r = new Recording();
  r.prepare("MSET a ohmytext b mynewtext", "HSET h f v");
  return r;
}

describe("LCS", () => {
  const r = recording();
  test("gives the subsequence or its length", () => {
    r.expect(
      ["LCS a b", bulk("mytext")],
      ["LCS a b LEN", int(6)],
      ["LCS a b MINMATCHLEN 4 WITHMATCHLEN", bulk("mytext")],
    );
    r.expect(["LCS a missing", bulk("")], ["LCS missing missing LEN", int(0)]);
  });
  test("gives the places that match, last first", () => {
    const first = `${pair(2, 3)}${pair(0, 1)}`;
    const second = `${pair(4, 7)}${pair(5, 8)}`;
    const matches = bulk("matches");
    const length = `${bulk("len")}:6\r\n`;
    r.expect(
      ["LCS a b IDX", `*4\r\n${matches}*2\r\n*2\r\n${second}*2\r\n${first}${length}`],
      ["LCS a b idx minmatchlen 4", `*4\r\n${matches}*1\r\n*2\r\n${second}${length}`],
      [
        "LCS a b IDX WITHMATCHLEN MINMATCHLEN -5",
        `*4\r\n${matches}*2\r\n*3\r\n${second}:4\r\n*3\r\n${first}:2\r\n${length}`,
      ],
      ["LCS a missing IDX", `*4\r\n${matches}*0\r\n${bulk("len")}:0\r\n`],
    );
    r.c.client.resp3 = true;
    r.expect(["LCS a b IDX MINMATCHLEN 5", `%2\r\n${matches}*0\r\n${length}`]);
    r.c.client.resp3 = false;
  });
  test("looks at its keys before its options", () => {
    const wrongType = "-ERR The specified keys must contain string values\r\n";
    r.expect(["LCS h a NOPE", wrongType], ["LCS a h", wrongType], ["LCS a b NOPE", SYNTAX_ERROR]);
    r.expect(["LCS a b MINMATCHLEN", SYNTAX_ERROR], ["LCS a b MINMATCHLEN x", NOT_INTEGER]);
    r.expect(["LCS a b LEN IDX", "-ERR If you want both the length and indexes, please just use IDX.\r\n"]);
  });
  test("refuses what would take redis-server more memory than proto-max-bulk-len", () => {
    const limited = recording();
    limited.server.config.set([["proto-max-bulk-len", "1048576"]]);
    limited.prepare("SETRANGE p 510 x", "SETRANGE q 511 x", "SETRANGE s 510 y");
    limited.expect(
      ["LCS p s LEN", int(510)],
      ["LCS p q LEN", "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n"],
    );
  });
});
