// Where servers in different languages part ways most easily: reading and writing numbers, matching patterns, comparing
// texts. Here the arguments are drawn from whole grammars, not from the small pools of the other families.
import fc from "fast-check";
import { type Family, key, type Part, seq, word } from "../generate.ts";

function text(arbitrary: fc.Arbitrary<string>): Part {
  return arbitrary.map((chosen) => [chosen]);
}

function over(alphabet: string, maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...alphabet), { maxLength }).map((characters) => characters.join(""));
}

const digits = (maxLength: number): fc.Arbitrary<string> => over("0123456789", maxLength);
const sign = fc.constantFrom("", "", "-", "+");
const integer = fc.tuple(sign, digits(21)).map((parts) => parts.join(""));
const decimal = fc.tuple(sign, digits(19), fc.constantFrom(".", "", "."), digits(20)).map((parts) => parts.join(""));
const scientific = fc
  .tuple(decimal, fc.constantFrom("e", "E"), sign, fc.constantFrom("0", "1", "5", "12", "17", "19", "30"))
  .map((parts) => parts.join(""));
const short = fc.tuple(sign, digits(6), fc.constantFrom(".", "."), digits(6)).map((parts) => parts.join(""));
const double = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e18, max: 1e18 }).map(String);
const odd = fc.constantFrom(
  "0x1p3",
  "1e",
  ".",
  "-.",
  ".5",
  "5.",
  "1e400",
  "1_0",
  "0b1",
  "infinity",
  "NaN",
  "1e-30",
  "١",
);
const someFloat = text(fc.oneof(decimal, scientific, short, double, odd));
const someInteger = text(fc.oneof(integer, fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String), decimal));

export const floats: Family = {
  name: "floats",
  commands: {
    SET: seq(key, someFloat),
    INCRBYFLOAT: seq(key, someFloat),
    HSET: seq(word("h"), key, someFloat),
    HINCRBYFLOAT: seq(word("h"), key, someFloat),
    "OBJECT ENCODING": key,
  },
  cases: `
    SET a 3.0
    INCRBYFLOAT a 1.000000000000000005
    INCRBYFLOAT a 1e-17
    INCRBYFLOAT a 1e-18
    SET a 1e18
    INCRBYFLOAT a 0.1
    SET a 123456789.123456789
    INCRBYFLOAT a 987654321.987654321
  `,
};

export const integers: Family = {
  name: "integers",
  commands: {
    SET: seq(key, someInteger),
    INCRBY: seq(key, someInteger),
    DECRBY: seq(key, someInteger),
    INCR: key,
    DECR: key,
    HSET: seq(word("h"), key, someInteger),
    HINCRBY: seq(word("h"), key, someInteger),
    GETRANGE: seq(key, someInteger, someInteger),
    GETBIT: seq(key, someInteger),
    BITFIELD: seq(key, word("INCRBY", "SET"), word("i64", "u63", "i8"), word("0", "#1"), someInteger),
    "OBJECT ENCODING": key,
  },
  cases: `
    SET a 9223372036854775806
    INCRBY a 1
    INCRBY a 1
    SET a -9223372036854775807
    DECRBY a 1
    DECRBY a 1
    DECRBY a -9223372036854775808
  `,
};

const globAlphabet = "aab[]^-\\*??c*";

export const globs: Family = {
  name: "globs",
  commands: {
    SET: seq(text(over("aabc[]^-\\*", 6)), word("v")),
    KEYS: text(over(globAlphabet, 10)),
    SCAN: seq(word("0"), word("COUNT"), word("1000"), word("MATCH"), text(over(globAlphabet, 8))),
  },
  cases: `
    MSET a 1 b 2 ab 3 "[" 4 "\\\\" 5 "]" 6 ^ 7 - 8 "" 9
    KEYS [a
    KEYS [ab
    KEYS "[\\\\]]"
    KEYS [^a]
    KEYS [^]
    KEYS []
    KEYS [a-]
    KEYS [-a]
    KEYS "\\\\"
    KEYS "[a\\\\"
    KEYS *?
    KEYS ?*?
  `,
};

export const texts: Family = {
  name: "texts",
  commands: {
    SET: seq(word("a", "b"), text(over("abc", 12))),
    APPEND: seq(word("a", "b"), text(over("ab", 6))),
    LCS: seq(word("a"), word("b")),
    "LCS a b IDX": seq(word("MINMATCHLEN"), word("0", "1", "2", "3"), word("WITHMATCHLEN")),
    "LCS a b LEN": word("IDX", "len"),
    SETBIT: seq(word("a", "b"), text(fc.nat(90).map(String)), word("0", "1")),
    BITPOS: seq(
      word("a", "b"),
      word("0", "1"),
      text(fc.nat(14).map(String)),
      text(fc.integer({ min: -14, max: 90 }).map(String)),
      word("BYTE", "BIT"),
    ),
    BITCOUNT: seq(
      word("a", "b"),
      text(fc.nat(80).map(String)),
      text(fc.integer({ min: -80, max: 90 }).map(String)),
      word("BYTE", "BIT"),
    ),
    BITOP: seq(word("AND", "OR", "XOR"), word("a", "b", "c"), word("a"), word("b"), word("c")),
    GETRANGE: seq(
      word("a", "b"),
      text(fc.integer({ min: -15, max: 15 }).map(String)),
      text(fc.integer({ min: -15, max: 15 }).map(String)),
    ),
  },
  cases: `
    SET a abcbdab
    SET b bdcaba
    LCS a b
    LCS a b IDX
    LCS b a IDX WITHMATCHLEN
  `,
};
