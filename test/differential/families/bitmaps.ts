import { type Family, index, int, key, many, maybe, none, oneOf, seq, value, word } from "../generate.ts";

const bit = word("0", "1", "0", "1", "2", "-1", "x");
const offset = word(
  "0",
  "1",
  "7",
  "8",
  "100",
  "359",
  "360",
  "8388607",
  "8388608",
  "-1",
  "4294967295",
  "4294967296",
  "abc",
);
const range = oneOf(none, seq(index, index), seq(index, index, word("BYTE", "BIT", "bit", "nope")));
const type = word(
  "u8",
  "i8",
  "u1",
  "i1",
  "u2",
  "i5",
  "u63",
  "i64",
  "u32",
  "i16",
  "U8",
  "u64",
  "i65",
  "u0",
  "i0",
  "x8",
  "u",
  "",
);
const at = word("0", "1", "#0", "#1", "#3", "7", "100", "#100", "-1", "#-1", "abc", "#", "8388600", "8388608");
const overflow = seq(word("OVERFLOW"), word("WRAP", "SAT", "FAIL", "sat", "nope"));
const fieldRead = seq(word("GET", "get"), type, at);
const fieldWrite = oneOf(seq(word("SET"), type, at, int), seq(word("INCRBY"), type, at, int));

export const bitmaps: Family = {
  name: "bitmaps",
  commands: {
    SETBIT: seq(key, offset, bit),
    GETBIT: seq(key, offset),
    BITCOUNT: seq(key, range),
    BITPOS: seq(key, bit, oneOf(range, index)),
    BITOP: seq(word("AND", "OR", "XOR", "NOT", "and", "nope"), key, many(key, 1, 3)),
    BITFIELD: seq(key, many(oneOf(fieldRead, fieldWrite, seq(overflow, fieldWrite)), 0, 4)),
    BITFIELD_RO: seq(key, many(fieldRead, 0, 3), maybe(fieldWrite)),
    SET: seq(key, value),
    SETRANGE: seq(key, word("0", "2", "20"), value),
    STRLEN: key,
    "OBJECT ENCODING": key,
  },
  cases: `
    SETBIT b 7 1
    GET b
    SETBIT b 7 1
    SETBIT b 7 0
    SETBIT b 100 1
    STRLEN b
    SETBIT b -1 1
    SETBIT b abc 1
    SETBIT b 1 2
    SETBIT b 1 x
    SETBIT b 8388608 1
    SETBIT b 4294967296 1
    SETBIT b 9223372036854775807 1
    SETBIT b 9223372036854775808 1
    GETBIT b 100
    GETBIT b 1000000
    GETBIT b -1
    GETBIT b abc
    GETBIT missing 0
    GETBIT b 4294967296
    SET i 12345
    GETBIT i 3
    SETBIT i 0 0
    OBJECT ENCODING i
    SETBIT fresh 0 0
    OBJECT ENCODING fresh
    # BITCOUNT
    SET c foobar
    BITCOUNT c
    BITCOUNT c 0 0
    BITCOUNT c 1 1
    BITCOUNT c 0 -1
    BITCOUNT c -2 -1
    BITCOUNT c 5 1
    BITCOUNT c -1 -5
    BITCOUNT c 5 30 BIT
    BITCOUNT c 1 1 BYTE
    BITCOUNT c 0 -5 bit
    BITCOUNT c 0
    BITCOUNT c 0 1 NOPE
    BITCOUNT c 0 1 BIT x
    BITCOUNT c a 1
    BITCOUNT c 0 b
    BITCOUNT missing
    BITCOUNT missing 0 1
    BITCOUNT missing a b
    # BITPOS
    SET p "\\xff\\xf0\\x00"
    BITPOS p 0
    BITPOS p 1
    BITPOS p 1 2
    BITPOS p 0 0
    BITPOS p 0 0 0
    BITPOS p 0 0 -1
    BITPOS p 1 0 -1 BIT
    BITPOS p 0 7 15 BIT
    BITPOS p 1 7 15 BIT
    BITPOS p 0 3
    BITPOS p 0 -100 100
    BITPOS p 1 5 2
    BITPOS p 2
    BITPOS p -1
    BITPOS p x
    BITPOS p 1 x
    BITPOS p 1 0 x
    BITPOS p 1 0 1 NOPE
    BITPOS p 1 0 1 BIT x
    BITPOS missing 0
    BITPOS missing 1
    BITPOS missing 0 0 -1
    SET ones "\\xff\\xff"
    BITPOS ones 0
    BITPOS ones 0 0
    BITPOS ones 0 0 -1
    BITPOS ones 0 0 -1 BIT
    SET empty ""
    BITPOS empty 0
    BITPOS empty 1
    # BITOP
    MSET x "abc" y "\\xff\\x0f"
    BITOP AND d x y
    GET d
    BITOP OR d x y missing
    GET d
    BITOP XOR d x y y
    GET d
    BITOP NOT d x
    GET d
    BITOP NOT d x y
    BITOP NOPE d x
    BITOP AND d missing missing2
    EXISTS d
    BITOP AND x x y
    GET x
    OBJECT ENCODING x
    # BITFIELD
    BITFIELD f
    BITFIELD f GET u8 0
    EXISTS f
    BITFIELD f SET u8 0 255 GET u8 0
    BITFIELD f INCRBY u8 0 1
    BITFIELD f OVERFLOW SAT INCRBY u8 0 300
    BITFIELD f OVERFLOW FAIL INCRBY u8 0 1
    BITFIELD f OVERFLOW FAIL SET u8 0 256
    BITFIELD f SET i8 0 128
    BITFIELD f OVERFLOW SAT SET i8 0 128
    BITFIELD f OVERFLOW SAT SET i8 0 -129
    BITFIELD f SET i8 #1 -1 GET i8 #1 GET u8 #1
    BITFIELD f INCRBY i64 0 9223372036854775807 INCRBY i64 0 9223372036854775807
    BITFIELD f OVERFLOW SAT INCRBY i64 0 9223372036854775807
    BITFIELD f OVERFLOW FAIL INCRBY i64 0 9223372036854775807
    BITFIELD f INCRBY u63 0 9223372036854775807 INCRBY u63 0 9223372036854775807
    BITFIELD f INCRBY i5 100 1 GET u4 0
    BITFIELD f GET u64 0
    BITFIELD f GET i65 0
    BITFIELD f GET u0 0
    BITFIELD f GET x8 0
    BITFIELD f GET u8 -1
    BITFIELD f GET u8 abc
    BITFIELD f GET u8 #
    BITFIELD f GET u8 #9223372036854775807
    BITFIELD f SET u8 0 abc
    BITFIELD f INCRBY u8 0 9223372036854775808
    BITFIELD f OVERFLOW NOPE
    BITFIELD f OVERFLOW
    BITFIELD f NOPE u8 0
    BITFIELD f GET u8
    BITFIELD f SET u8 8388608 1
    BITFIELD f SET u8 8388600 1
    BITFIELD f SET u8 8388601 1
    STRLEN f
    BITFIELD_RO f GET u8 0
    BITFIELD_RO f SET u8 0 1
    BITFIELD_RO f GET u8 0 INCRBY u8 0 1
    BITFIELD_RO missing GET u8 0
    EXISTS missing
    # wrong type
    HSET h f v
    SETBIT h 0 1
    SETBIT h -1 1
    GETBIT h 0
    BITCOUNT h
    BITCOUNT h a b
    BITPOS h 1
    BITPOS h 1 a
    BITOP AND d h x
    BITOP AND h x
    TYPE h
    HSET h f v
    BITFIELD h2 GET u8 0
    HSET h3 f v
    BITFIELD h3 GET u8 0
    BITFIELD h3 SET u8 0 1
    BITFIELD_RO h3 GET u8 0
  `,
};
