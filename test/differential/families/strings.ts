import {
  anyOrder,
  type Family,
  float,
  index,
  int,
  key,
  many,
  maybe,
  milliseconds,
  none,
  oneOf,
  seconds,
  seq,
  unixMilliseconds,
  unixSeconds,
  value,
  word,
} from "../generate.ts";

// A deadline that has passed leaves SET's key in place until it is noticed, which is not the same instant on both
// servers: SET takes future deadlines only, the cases look at past ones.
const futureExpiry = oneOf(
  seq(word("EX", "ex"), seconds),
  seq(word("PX"), milliseconds),
  seq(word("EXAT"), word("4000000000", "0", "-1", "abc")),
  seq(word("PXAT", "pxat"), word("4000000000000", "0", "-1", "9223372036854775808")),
  word("KEEPTTL"),
);
const offset = oneOf(
  word("0", "1", "3", "10", "100", "-1", "1048575", "1048576", "536870911", "abc", "9223372036854775807"),
);
const lcsOption = anyOrder(word("LEN"), word("IDX"), seq(word("MINMATCHLEN"), index), word("WITHMATCHLEN"));

export const strings: Family = {
  name: "strings",
  commands: {
    GET: key,
    SET: seq(key, value, anyOrder(word("NX", "XX", "nx"), word("GET"), futureExpiry)),
    GETEX: seq(
      key,
      oneOf(
        none,
        seq(word("EX"), seconds),
        seq(word("PX"), milliseconds),
        seq(word("EXAT"), unixSeconds),
        seq(word("PXAT"), unixMilliseconds),
        word("PERSIST"),
      ),
    ),
    GETDEL: key,
    GETSET: seq(key, value),
    GETRANGE: seq(key, index, index),
    SUBSTR: seq(key, index, index),
    SETRANGE: seq(key, offset, value),
    SETEX: seq(key, seconds, value),
    PSETEX: seq(key, milliseconds, value),
    SETNX: seq(key, value),
    MSET: many(seq(key, value)),
    MSETNX: many(seq(key, value), 1, 2),
    MGET: many(key),
    APPEND: seq(key, value),
    STRLEN: key,
    INCR: key,
    DECR: key,
    INCRBY: seq(key, int),
    DECRBY: seq(key, int),
    INCRBYFLOAT: seq(key, float),
    LCS: seq(key, key, lcsOption),
    TTL: key,
    "OBJECT ENCODING": key,
    DEL: maybe(key),
  },
  cases: `
    # options of SET that exclude each other, or come twice
    SET k v NX XX
    SET k v XX NX
    SET k v EX 100 PX 100
    SET k v EX 100 KEEPTTL
    SET k v KEEPTTL PX 100
    SET k v PERSIST
    SET k v EX
    SET k v EX abc
    SET k v EX 1.5
    SET k v EX 0
    SET k v EX -5
    SET k v PX 0
    SET k v EXAT 0
    SET k v PXAT -1
    SET k v EX 9223372036854775807
    SET k v EX 9223372036854775
    SET k v PX 9223372036854775807
    SET k v EX 9223372036854775808
    SET k v GET GET
    SET k v NX NX
    SET k v EX 100 EX 100
    SET k v NOPE
    SET k v "NX "
    GET k
    SET k v NX GET
    SET k v2 NX GET
    SET k v3 XX GET
    SET k v4 GET EX 1000
    SET k v5 KEEPTTL
    TTL k
    SET k v6
    TTL k
    SET missing v XX
    SET missing v XX GET
    # a past deadline
    SET past v PXAT 1
    GET past
    EXISTS past
    SET past v EXAT 1
    STRLEN past
    SET gone v
    GETEX gone EXAT 1
    GET gone
    # GETEX
    SET g v
    GETEX g
    GETEX g EX 100 PX 100
    GETEX g EX
    GETEX g EX abc
    GETEX g EX 0
    GETEX g PX -1
    GETEX g PERSIST EX 100
    GETEX g KEEPTTL
    GETEX g EX 1000
    TTL g
    GETEX g PERSIST
    TTL g
    GETEX missing EX 0
    GETEX missing EX 10
    # SETEX and PSETEX
    SETEX s 0 v
    SETEX s -1 v
    SETEX s abc v
    SETEX s 9223372036854775807 v
    PSETEX s 0 v
    PSETEX s 9223372036854775807 v
    SETEX s 1000 v
    TTL s
    # counters
    SET n 9223372036854775807
    INCR n
    INCRBY n 1
    INCRBY n -1
    SET n -9223372036854775808
    DECR n
    DECRBY n 1
    DECRBY n -9223372036854775808
    DECRBY n 9223372036854775807
    INCRBY n 9223372036854775808
    INCRBY n abc
    INCRBY n ""
    INCRBY n 1.0
    INCRBY n +1
    INCRBY n " 1"
    INCRBY n 01
    SET n 007
    INCR n
    SET n "12 "
    INCR n
    SET n ""
    INCR n
    SET n -0
    INCR n
    SET n 10
    OBJECT ENCODING n
    APPEND n 5
    OBJECT ENCODING n
    INCR n
    OBJECT ENCODING n
    # floats
    SET f 10.50
    INCRBYFLOAT f 0.1
    INCRBYFLOAT f -5
    INCRBYFLOAT f 5.0e3
    INCRBYFLOAT f 200
    INCRBYFLOAT f abc
    INCRBYFLOAT f ""
    INCRBYFLOAT f " 1"
    INCRBYFLOAT f "1 "
    INCRBYFLOAT f nan
    INCRBYFLOAT f inf
    INCRBYFLOAT f -inf
    INCRBYFLOAT f 1e5000
    INCRBYFLOAT f 0x1p4
    SET f 3.0e3
    INCRBYFLOAT f 0
    SET f 0.1
    INCRBYFLOAT f 0.2
    SET f 1e20
    INCRBYFLOAT f 1
    SET f 9223372036854775807
    INCRBYFLOAT f 1
    SET f 12345678901234567890
    INCRBYFLOAT f 0.5
    SET f 0.000000000001
    INCRBYFLOAT f 0.0000000000000001
    INCRBYFLOAT fresh 1.5
    INCRBYFLOAT fresh -1.5
    SET f abc
    INCRBYFLOAT f 1
    SET f "1 "
    INCRBYFLOAT f 1
    SET f 1e4000
    INCRBYFLOAT f 1
    SET f 1e17
    INCRBYFLOAT f 0.1
    # ranges
    SET r "Hello, World"
    GETRANGE r 0 -1
    GETRANGE r -5 -1
    GETRANGE r 5 2
    GETRANGE r -100 4
    GETRANGE r 4 100
    GETRANGE r 100 200
    GETRANGE r -1 -5
    GETRANGE r abc 1
    GETRANGE r 0 abc
    GETRANGE r 0 9223372036854775808
    GETRANGE r -9223372036854775808 9223372036854775807
    GETRANGE missing 0 -1
    SET r 12345
    GETRANGE r 1 3
    SETRANGE r 0 ""
    SETRANGE missing 5 ""
    EXISTS missing
    SETRANGE missing 3 x
    GET missing
    SETRANGE r -1 x
    SETRANGE r abc x
    SETRANGE r 536870912 x
    SETRANGE r 1048576 x
    SETRANGE r 1048575 x
    STRLEN r
    SETRANGE r 9223372036854775807 x
    SETRANGE r 9223372036854775807 ""
    DEL r
    # many keys
    MSET a 1 b
    MSET a 1 b 2 c
    MSET a 1 a 2
    GET a
    MSETNX a 1 z 2
    EXISTS z
    MSETNX y 1 z 2
    MSETNX p 1 p 2
    GET p
    MGET a b c missing a
    # LCS
    MSET l1 ohmytext l2 mynewtext
    LCS l1 l2
    LCS l1 l2 LEN
    LCS l1 l2 IDX
    LCS l1 l2 IDX LEN
    LCS l1 l2 IDX MINMATCHLEN 4
    LCS l1 l2 IDX MINMATCHLEN 4 WITHMATCHLEN
    LCS l1 l2 IDX MINMATCHLEN -1
    LCS l1 l2 MINMATCHLEN
    LCS l1 l2 MINMATCHLEN x
    LCS l1 l2 NOPE
    LCS l1 missing
    LCS missing missing2 IDX
    # wrong type
    HSET h f v
    GET h
    SET h v GET
    SET h v NX
    GETEX h
    GETEX h EX 0
    GETDEL h
    GETSET h v
    GETRANGE h 0 1
    GETRANGE h abc 1
    SUBSTR h 0 1
    SETRANGE h 0 x
    SETRANGE h -1 x
    SETRANGE h 0 ""
    MGET h a
    APPEND h x
    STRLEN h
    INCR h
    DECR h
    INCRBY h 1
    INCRBY h abc
    DECRBY h 1
    INCRBYFLOAT h 1
    INCRBYFLOAT h abc
    LCS h l1
    LCS l1 h LEN
    SETNX h v
    SETEX h 100 v
    TYPE h
    # encodings
    SET e 12345678901234567890
    OBJECT ENCODING e
    SET e 9223372036854775807
    OBJECT ENCODING e
    SET e -9223372036854775808
    OBJECT ENCODING e
    SET e 00
    OBJECT ENCODING e
    SET e -0
    OBJECT ENCODING e
    SET e +1
    OBJECT ENCODING e
    SET e 12345678901234567890123456789012345678901234
    OBJECT ENCODING e
    SET e 123456789012345678901234567890123456789012345
    OBJECT ENCODING e
    SET e abc
    APPEND e d
    OBJECT ENCODING e
    GETSET e 5
    OBJECT ENCODING e
    SETRANGE e 0 6
    OBJECT ENCODING e
    SETRANGE new 0 6
    OBJECT ENCODING new
    APPEND new2 6
    OBJECT ENCODING new2
    MSET m1 5 m2 abc
    OBJECT ENCODING m1
    OBJECT ENCODING m2
    INCRBYFLOAT m1 0
    OBJECT ENCODING m1
  `,
};
