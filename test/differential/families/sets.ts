import { anyOrder, count, type Family, key, many, maybe, pattern, seq, value, word } from "../generate.ts";

const member = word(
  ...["0", "1", "2", "3", "-1", "4", "5", "6", "7", "100", "-40000", "70000", "5000000000"],
  ...["9223372036854775807", "-9223372036854775808", "9223372036854775808", "007", "a", "b", "c", "", "\xff\x00"],
  "x".repeat(40),
);
const integerMember = word("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10");
const scanOptions = anyOrder(seq(word("MATCH"), pattern), seq(word("COUNT"), word("100", "1000", "0", "-1", "abc")));
const keyCount = word("1", "2", "2", "3", "0", "-1", "abc");

export const sets: Family = {
  name: "sets",
  commands: {
    SADD: seq(key, many(member, 1, 8)),
    sadd: seq(key, many(integerMember, 1, 12)),
    SREM: seq(key, many(member)),
    SISMEMBER: seq(key, member),
    SMISMEMBER: seq(key, many(member)),
    SCARD: key,
    SMEMBERS: key,
    SMOVE: seq(key, key, member),
    SPOP: seq(key, word("1000", "100", "0", "-1", "abc")),
    SRANDMEMBER: seq(key, maybe(count)),
    SINTER: many(key),
    SINTERSTORE: seq(key, many(key, 1, 3)),
    SINTERCARD: seq(keyCount, many(key, 1, 3), maybe(word("LIMIT"), word("0", "1", "2", "-1", "abc"))),
    SUNION: many(key),
    SUNIONSTORE: seq(key, many(key, 1, 3)),
    SDIFF: many(key),
    SDIFFSTORE: seq(key, many(key, 1, 3)),
    SSCAN: seq(key, word("0", "0", "0", "abc", "-1"), scanOptions),
    "OBJECT ENCODING": key,
    SET: seq(key, value),
    DEL: key,
    COPY: seq(key, key, maybe(word("REPLACE"))),
  },
  // What chance leaves in a set cannot be compared: only pops of everything or of nothing.
  avoid: ([name = "", ...args]) => name.toUpperCase() === "SPOP" && (args.length === 1 || isPart(args[1])),
  cases: `
    SADD s
    SADD s a
    SADD s a b a c
    SCARD s
    SMEMBERS s
    SCARD missing
    SMEMBERS missing
    SISMEMBER s a
    SISMEMBER s z
    SISMEMBER missing a
    SMISMEMBER s a z b
    SMISMEMBER missing a b
    SMISMEMBER s
    SREM s z
    SREM s a a z
    SREM missing a
    SREM s b c d
    EXISTS s
    # encodings: 8 integers are the limit of the test servers
    SADD i 1 2 3
    OBJECT ENCODING i
    SADD i 1 2 3 4 5 6 7 8
    OBJECT ENCODING i
    SADD i 1
    OBJECT ENCODING i
    SADD i 9
    OBJECT ENCODING i
    SREM i 9
    OBJECT ENCODING i
    SADD j 1 2
    SADD j a
    OBJECT ENCODING j
    SADD k -9223372036854775808 9223372036854775807 0 -32768 32767 -32769 32768 2147483648
    OBJECT ENCODING k
    SMEMBERS k
    SISMEMBER k 9223372036854775807
    SISMEMBER k 9223372036854775806
    SREM k 9223372036854775807
    SMEMBERS k
    SADD l 9223372036854775808
    OBJECT ENCODING l
    SADD m 007
    OBJECT ENCODING m
    SADD n a b
    OBJECT ENCODING n
    SADD o 1 1 1 1 1 1 1 1 1 1 1 1
    OBJECT ENCODING o
    # moves
    SADD from a b
    SMOVE from to z
    SMOVE from to a
    SMOVE missing to a
    SMOVE from from b
    SMOVE from from z
    SADD to b
    SMOVE from to b
    EXISTS from
    SMEMBERS to
    # algebra
    SADD a 1 2 3 4 5
    SADD b 4 5 6
    SADD c 5 x
    SINTER a
    SINTER a b
    SINTER a b c
    SINTER a missing
    SINTER a a
    SINTER
    SUNION a b c
    SUNION a
    SUNION missing
    SUNION missing a
    SUNION a a
    SDIFF a b
    SDIFF a b c
    SDIFF c a
    SDIFF a a
    SDIFF a missing
    SDIFF missing a
    SDIFF a
    SINTERSTORE d a b
    OBJECT ENCODING d
    SINTERSTORE d a missing
    EXISTS d
    SINTERSTORE d a missing
    SINTERSTORE a a b
    SMEMBERS a
    SUNIONSTORE d a b
    OBJECT ENCODING d
    SUNIONSTORE d a b c
    OBJECT ENCODING d
    SMEMBERS d
    SUNIONSTORE d missing
    EXISTS d
    SDIFFSTORE d b c
    SMEMBERS d
    SDIFFSTORE d c b
    OBJECT ENCODING d
    SDIFFSTORE d c c
    EXISTS d
    SADD p 1 2 3 a b c d e f
    SADD q a b c d e f g
    SDIFFSTORE d p q
    OBJECT ENCODING d
    SINTERSTORE d p p
    OBJECT ENCODING d
    SET str v
    SUNIONSTORE str a b
    TYPE str
    EXPIRE str 5000
    SUNIONSTORE str a b
    TTL str
    SINTERCARD 2 a b
    SINTERCARD 2 a b LIMIT 1
    SINTERCARD 2 a b LIMIT 0
    SINTERCARD 2 a b LIMIT -1
    SINTERCARD 2 a b LIMIT abc
    SINTERCARD 2 a b LIMIT
    SINTERCARD 2 a b NOPE 1
    SINTERCARD 2 a b LIMIT 1 LIMIT 2
    SINTERCARD 3 a b
    SINTERCARD 0 a b
    SINTERCARD -1 a b
    SINTERCARD abc a b
    SINTERCARD 9223372036854775807 a b
    SINTERCARD 9223372036854775808 a b
    SINTERCARD 1 a b
    SINTERCARD 2 a missing
    SINTERCARD 1 a
    # chance
    SADD r one
    SRANDMEMBER r
    SRANDMEMBER r 1
    SRANDMEMBER r -3
    SRANDMEMBER r 5
    SRANDMEMBER r 0
    SRANDMEMBER r abc
    SRANDMEMBER r 9223372036854775808
    SRANDMEMBER r -9223372036854775808
    SRANDMEMBER r 9223372036854775807
    SRANDMEMBER r 1 x
    SRANDMEMBER missing
    SRANDMEMBER missing 3
    SRANDMEMBER missing -3
    SADD r two three
    SRANDMEMBER r 2
    SRANDMEMBER r -10
    SPOP r abc
    SPOP r -1
    SPOP r 9223372036854775808
    SPOP r 1 x
    SPOP r 0
    SPOP r 3
    EXISTS r
    SADD r 1
    SPOP r
    EXISTS r
    SADD r 1 2 3
    SPOP r 1000
    SADD r a
    SPOP r 1
    SPOP missing
    SPOP missing 3
    SPOP missing 0
    # SSCAN
    SADD t 1 2 a b
    SSCAN t 0
    SSCAN t 0 MATCH [12]
    SSCAN t 0 COUNT 100 MATCH a*
    SSCAN t 0 COUNT 0
    SSCAN t 0 COUNT abc
    SSCAN t 0 MATCH
    SSCAN t 0 NOPE
    SSCAN t abc
    SSCAN missing 0
    SSCAN missing 0 COUNT 0
    # wrong type
    SET w v
    SADD w a
    SREM w a
    SISMEMBER w a
    SMISMEMBER w a
    SCARD w
    SMEMBERS w
    SMOVE w a x
    SMOVE a w x
    SMOVE missing w x
    SPOP w
    SPOP w 1
    SPOP w abc
    SRANDMEMBER w
    SRANDMEMBER w 1
    SRANDMEMBER w abc
    SINTER a w
    SINTER missing w
    SINTER w missing
    SINTERSTORE d a w
    SINTERCARD 2 a w
    SINTERCARD 2 missing w LIMIT -1
    SUNION a w
    SUNIONSTORE d w
    SDIFF a w
    SDIFF missing w
    SDIFFSTORE d a w
    SSCAN w 0
    SSCAN w 0 COUNT 0
    SADD sub a
    HSET h f v
    SMOVE sub h a
    GET sub
    HGET sub a
  `,
};

/** Whether the count, if it is one, may leave something in a set. */
function isPart(count = ""): boolean {
  const value = Number(count);
  return value > 0 && value < 100;
}
