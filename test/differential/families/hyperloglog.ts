import { type Family, key, many, oneOf, seq, value, word } from "../generate.ts";

const element = oneOf(value, word(...Array.from({ length: 60 }, (_none, i) => `element ${i * 7919}`)));
/** Places in the header, in the first runs of the sparse form, and behind its end. */
const place = word("0", "4", "8", "15", "16", "17", "18", "19", "20", "22", "25", "30");
const byte = word("\x00", "\x01", "\x3f", "\x40", "\x7f", "\x80", "\x83", "\xff", "\x84\x84\x84");

export const hyperloglog: Family = {
  name: "hyperloglog",
  commands: {
    PFADD: seq(key, many(element, 0, 12)),
    PFCOUNT: many(key, 1, 3),
    PFMERGE: many(key, 1, 4),
    "PFDEBUG GETREG": key,
    "PFDEBUG DECODE": key,
    "PFDEBUG ENCODING": key,
    "PFDEBUG TODENSE": key,
    GET: key,
    APPEND: seq(key, byte),
    SETRANGE: seq(key, place, byte),
    COPY: seq(key, key),
    "OBJECT ENCODING": key,
    "CONFIG SET": seq(word("hll-sparse-max-bytes"), word("3000", "3000", "0", "24", "40")),
  },
  // Limits that no double holds exactly are refused.
  avoid: ([name, , , limit]) => name!.toUpperCase() === "CONFIG" && Number(limit) > Number.MAX_SAFE_INTEGER,
  prepare: "CONFIG SET hll-sparse-max-bytes 3000",
  cases: `
    PFADD a
    GET a
    OBJECT ENCODING a
    PFADD a
    PFCOUNT a
    GET a
    PFADD a x y z
    PFADD a x y z
    GET a
    PFCOUNT a
    GET a
    PFCOUNT a
    PFDEBUG ENCODING a
    PFDEBUG encoding a
    PFDEBUG DECODE a
    PFDEBUG GETREG a
    PFDEBUG DECODE a
    PFDEBUG TODENSE a
    PFDEBUG nope a
    PFDEBUG ENCODING missing
    PFDEBUG nope missing
    PFADD b ""
    PFDEBUG TODENSE b
    PFDEBUG TODENSE b
    GET b
    PFADD b "" q
    PFCOUNT a b
    PFCOUNT a b missing
    PFCOUNT missing
    PFCOUNT missing missing
    EXISTS missing
    PFMERGE d
    GET d
    PFMERGE d missing
    PFMERGE d a b
    GET d
    PFCOUNT d
    PFADD s1 1 2 3 4 5
    PFADD s2 4 5 6 7 8
    PFMERGE s3 s1 s2
    GET s3
    PFDEBUG DECODE s3
    PFMERGE s1 s2
    GET s1
    PFMERGE s1 d
    PFDEBUG ENCODING s1
    PFCOUNT s1 s2 s3
    EXPIRE s2 1000
    PFADD s2 9
    TTL s2
    PFMERGE s2 s3
    TTL s2
    PFSELFTEST
    # limits of the sparse form
    CONFIG SET hll-sparse-max-bytes 0
    PFADD l0
    GET l0
    PFADD l0 a
    PFDEBUG ENCODING l0
    CONFIG SET hll-sparse-max-bytes 21
    PFADD l1 a
    PFADD l1 b
    PFDEBUG ENCODING l1
    GET l1
    CONFIG SET hll-sparse-max-bytes 3000
    # copies from strings, that are not raw
    PFADD c1 m
    PFCOUNT c1
    SET c2 "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x7f\\xff"
    OBJECT ENCODING c2
    PFCOUNT c2
    OBJECT ENCODING c2
    PFADD c2 m
    GET c2
    # a kept count of any size is believed
    SETRANGE c1 8 "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f"
    PFCOUNT c1
    SETRANGE c1 8 "\\xff\\xff\\xff\\xff\\xff\\xff\\x1f\\x00"
    PFCOUNT c1
    SETRANGE c1 8 "\\x00\\x00\\x00\\x00\\x00\\x00\\x20\\x00"
    PFCOUNT c1
    # damaged values
    PFADD e1 a b c
    APPEND e1 hello
    PFCOUNT e1
    PFCOUNT e1 a
    PFADD e1 zzz
    PFADD e1 a
    PFMERGE e1 a
    PFMERGE a e1
    PFDEBUG TODENSE e1
    PFDEBUG GETREG e1
    PFDEBUG DECODE e1
    PFADD e2 a b c
    SETRANGE e2 0 0123
    PFCOUNT e2
    PFADD e2 x
    PFMERGE e2
    PFDEBUG ENCODING e2
    PFADD e3 a b c
    SETRANGE e3 4 x
    PFCOUNT e3
    PFADD e4 a b c
    SETRANGE e4 4 "\\x00"
    PFCOUNT e4
    SET e5 "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80"
    PFCOUNT e5
    PFADD e5
    PFADD e5 a
    PFMERGE e6 e5
    SET e7 "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f"
    PFCOUNT e7
    PFADD e7 a
    GET e7
    SET e8 "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\\xff\\x83"
    PFCOUNT e8
    PFCOUNT e8 a
    PFADD e8 a
    SET e9 "HYLL"
    PFADD e9 a
    PFCOUNT e9
    SET e10 ""
    PFCOUNT e10
    SET e11 12345
    PFADD e11 a
    PFCOUNT e11 a
    # wrong type
    HSET h f v
    PFADD h
    PFADD h a
    PFCOUNT h
    PFCOUNT a h
    PFMERGE h
    PFMERGE x h
    PFMERGE h a
    PFDEBUG ENCODING h
    PFDEBUG nope h
  `,
};
