import { describe, expect, test } from "bun:test";
import { encodeCommand, escapeBytes } from "./raw.ts";
import { parseReply } from "./reply.ts";
import { MalformedReply, ReplyScanner } from "./reply-scanner.ts";

const replies = [
  "+OK\r\n",
  "-ERR no\r\n",
  ":-12\r\n",
  "$-1\r\n",
  "*-1\r\n",
  "$0\r\n\r\n",
  "$5\r\na\r\nb\n\r\n",
  "*0\r\n",
  "*2\r\n*1\r\n:1\r\n$1\r\nx\r\n",
  "_\r\n",
  "#t\r\n",
  ",3.14\r\n",
  "(123456789012345678901234567890\r\n",
  "!5\r\nERR a\r\n",
  "=7\r\ntxt:abc\r\n",
  "~2\r\n+a\r\n+b\r\n",
  "%2\r\n+a\r\n%1\r\n+x\r\n:1\r\n+b\r\n~0\r\n",
  ">2\r\n+pubsub\r\n*1\r\n+c\r\n",
  "|1\r\n+ttl\r\n:3600\r\n*2\r\n+a\r\n|1\r\n+k\r\n+v\r\n+b\r\n",
];

function scanInPieces(stream: Buffer, pieceLength: number): string[] {
  const scanner = new ReplyScanner();
  const found: string[] = [];
  for (let at = 0; at < stream.length; at += pieceLength) {
    for (const reply of scanner.push(stream.subarray(at, at + pieceLength))) {
      found.push(Buffer.from(reply).toString("latin1"));
    }
  }
  expect(scanner.rest()).toHaveLength(0);
  return found;
}

describe("ReplyScanner", () => {
  const stream = Buffer.from(replies.join(""), "latin1");

  test("cuts every type of both protocols at its own end, however the stream arrives", () => {
    for (const pieceLength of [1, 2, 3, 7, 64, stream.length]) {
      expect(scanInPieces(stream, pieceLength)).toEqual(replies);
    }
  });

  test("keeps its place while its buffer grows and moves", () => {
    const big = `$300000\r\n${"x".repeat(300_000)}\r\n`;
    const many = Buffer.from(`${big}+a\r\n${big}*2\r\n${big}:1\r\n`, "latin1");
    expect(scanInPieces(many, 4099)).toEqual([big, "+a\r\n", big, `*2\r\n${big}:1\r\n`]);
  });

  test("refuses bytes that are no reply", () => {
    for (const bad of ["x\r\n", "$3\r\nabcd\r\n", "+a\n", "*x\r\n", "$-2\r\n"]) {
      expect(() => new ReplyScanner().push(Buffer.from(bad))).toThrow(MalformedReply);
    }
  });
});

describe("parseReply", () => {
  test("decodes nested aggregates and drops attributes", () => {
    const reply = parseReply(Buffer.from("|1\r\n+k\r\n+v\r\n*2\r\n%1\r\n+a\r\n:1\r\n$-1\r\n"));
    expect(reply).toEqual({
      type: "*",
      value: [
        {
          type: "%",
          value: [
            { type: "+", value: "a" },
            { type: ":", value: "1" },
          ],
        },
        { type: "$", value: null },
      ],
    });
  });
});

describe("encodeCommand", () => {
  test("counts bytes, not characters", () => {
    expect(encodeCommand(["SET", "\xff", Buffer.from("é"), 12]).toString("latin1")).toBe(
      "*4\r\n$3\r\nSET\r\n$1\r\n\xff\r\n$2\r\n\xc3\xa9\r\n$2\r\n12\r\n",
    );
  });
});

describe("escapeBytes", () => {
  test("shows every byte on one printable line", () => {
    expect(escapeBytes('a"\r\n\x00\xff\\')).toBe('a\\"\\r\\n\\x00\\xff\\\\');
  });
});
