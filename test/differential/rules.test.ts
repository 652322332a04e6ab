// The comparison itself: what each rule forgives, and that it forgives nothing else.
import { describe, expect, test } from "bun:test";
import { sameReply } from "./rules.ts";
import { lines, show, words } from "./words.ts";

function same(command: string, theirs: string, ours: string): boolean {
  return sameReply(words(command), Buffer.from(theirs, "latin1"), Buffer.from(ours, "latin1"));
}

function array(...items: string[]): string {
  return `*${items.length}\r\n${items.map((item) => `$${item.length}\r\n${item}\r\n`).join("")}`;
}

describe("the rules of comparison", () => {
  test("without a rule every byte counts", () => {
    expect(same("GET k", "$1\r\na\r\n", "$1\r\na\r\n")).toBe(true);
    expect(same("GET k", "$1\r\na\r\n", "$1\r\nb\r\n")).toBe(false);
    expect(same("GET k", "$-1\r\n", "_\r\n")).toBe(false);
    expect(same("MGET a b", array("1", "2"), array("2", "1"))).toBe(false);
  });

  test("an error is never forgiven", () => {
    expect(same("TTL k", "-ERR a\r\n", "-ERR b\r\n")).toBe(false);
    expect(same("INFO", "-ERR a\r\n", "$1\r\na\r\n")).toBe(false);
  });

  test("KEYS may come in any order, but completely", () => {
    expect(same("KEYS *", array("a", "b"), array("b", "a"))).toBe(true);
    expect(same("KEYS *", array("a", "b"), array("b", "b"))).toBe(false);
    expect(same("KEYS *", array("a", "b"), array("a"))).toBe(false);
  });

  test("HGETALL may permute pairs, not values", () => {
    expect(same("HGETALL h", array("a", "1", "b", "2"), array("b", "2", "a", "1"))).toBe(true);
    expect(same("HGETALL h", array("a", "1", "b", "2"), array("b", "1", "a", "2"))).toBe(false);
  });

  test("a whole scan holds the same elements, a page of a longer one may hold any", () => {
    const page = (cursor: string, ...items: string[]): string => `*2\r\n$1\r\n${cursor}\r\n${array(...items)}`;
    expect(same("SCAN 0", page("0", "a", "b"), page("0", "b", "a"))).toBe(true);
    expect(same("SCAN 0", page("0", "a", "b"), page("0", "a"))).toBe(false);
    expect(same("SCAN 5", page("0", "a", "b"), page("0", "a"))).toBe(true);
    expect(same("SCAN 0", page("0", "a"), "*2\r\n:0\r\n*0\r\n")).toBe(false);
  });

  test("remaining times may differ by two seconds, never in kind", () => {
    expect(same("TTL k", ":100\r\n", ":99\r\n")).toBe(true);
    expect(same("TTL k", ":100\r\n", ":90\r\n")).toBe(false);
    expect(same("TTL k", ":-1\r\n", ":-2\r\n")).toBe(false);
    expect(same("PTTL k", ":100000\r\n", ":99000\r\n")).toBe(true);
    expect(same("PTTL k", ":100000\r\n", ":90000\r\n")).toBe(false);
  });

  test("random picks are as many and of the same types", () => {
    expect(same("HRANDFIELD h 2", array("a", "b"), array("c", "a"))).toBe(true);
    expect(same("HRANDFIELD h 2", array("a", "b"), array("a"))).toBe(false);
    expect(same("RANDOMKEY", "$1\r\na\r\n", "$-1\r\n")).toBe(false);
  });

  test("HELLO differs in version and id only", () => {
    const hello = (id: string, proto: string): string =>
      array("server", "redis", "version", "7", "id", id, "proto", proto);
    expect(same("HELLO", hello("5", "2"), hello("6", "2"))).toBe(true);
    expect(same("HELLO", hello("5", "2"), hello("5", "3"))).toBe(false);
  });

  test("a pattern message may come before another, each once", () => {
    const message = (pattern: string): string => array("pmessage", pattern, "c", "m");
    expect(same("PUBLISH c m", message("a*") + message("*"), message("*") + message("a*"))).toBe(true);
    expect(same("PUBLISH c m", message("a*") + message("*"), message("*") + message("*"))).toBe(false);
  });

  test("unsubscribing from everything may name the channels in any order", () => {
    const frame = (channel: string, left: number): string => `*3\r\n$3\r\nuns\r\n$1\r\n${channel}\r\n:${left}\r\n`;
    expect(same("UNSUBSCRIBE", frame("a", 1) + frame("b", 0), frame("b", 1) + frame("a", 0))).toBe(true);
    expect(same("UNSUBSCRIBE", frame("a", 1) + frame("b", 0), frame("b", 0) + frame("a", 1))).toBe(false);
    expect(same("UNSUBSCRIBE a b", frame("a", 1) + frame("b", 0), frame("b", 1) + frame("a", 0))).toBe(false);
  });
});

describe("example lines", () => {
  test("are split at spaces, with quoted words in between", () => {
    expect(words('SET "a b" "\\x00\\xff\\r\\n\\"" ""')).toEqual(["SET", "a b", '\x00\xff\r\n"', ""]);
    expect(() => words('SET "a')).toThrow("unbalanced");
    expect(lines("\n  GET a\n  # a remark\n\n  PING\n")).toEqual([["GET", "a"], ["PING"]]);
  });
  test("show() writes what words() reads", () => {
    const command = ["SET", "a b", '\x00\xff\r\n\\"', "", "plain"];
    expect(words(show(command))).toEqual(command);
  });
});
