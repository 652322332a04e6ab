import {
  type Family,
  field,
  key,
  many,
  maybe,
  milliseconds,
  seconds,
  seq,
  unixMilliseconds,
  unixSeconds,
  value,
  word,
} from "../generate.ts";

const condition = maybe(many(word("NX", "XX", "GT", "LT", "gt", "nope"), 1, 2));

export const expiry: Family = {
  name: "expiry",
  commands: {
    EXPIRE: seq(key, seconds, condition),
    PEXPIRE: seq(key, milliseconds, condition),
    EXPIREAT: seq(key, unixSeconds, condition),
    PEXPIREAT: seq(key, unixMilliseconds, condition),
    TTL: key,
    PTTL: key,
    EXPIRETIME: key,
    PEXPIRETIME: key,
    PERSIST: key,
    SET: seq(key, value, maybe(word("KEEPTTL"))),
    SETEX: seq(key, seconds, value),
    GETEX: seq(key, maybe(word("PERSIST"))),
    HSET: seq(key, field, value),
    APPEND: seq(key, value),
    RENAME: seq(key, key),
    COPY: seq(key, key, maybe(word("REPLACE"))),
    EXISTS: many(key),
    DEL: key,
  },
  cases: `
    SET k v
    TTL k
    PTTL k
    EXPIRETIME k
    PEXPIRETIME k
    PERSIST k
    TTL missing
    PTTL missing
    EXPIRETIME missing
    PEXPIRETIME missing
    PERSIST missing
    EXPIRE missing 100
    EXPIRE k 1000
    TTL k
    PTTL k
    EXPIRETIME k
    PEXPIRETIME k
    PERSIST k
    PERSIST k
    # conditions
    EXPIRE k 1000 XX
    EXPIRE k 1000 GT
    EXPIRE k 1000 LT
    EXPIRE k 2000 LT
    EXPIRE k 500 GT
    EXPIRE k 5000 GT
    EXPIRE k 5000 NX
    EXPIRE k 500 XX LT
    EXPIRE k 9000 XX GT
    PERSIST k
    EXPIRE k 100 NX
    EXPIRE k 100 NX XX
    EXPIRE k 100 NX GT
    EXPIRE k 100 LT NX
    EXPIRE k 100 GT LT
    EXPIRE k 100 NOPE
    EXPIRE k 100 XX XX
    EXPIRE missing 100 NOPE
    # numbers
    EXPIRE k abc
    EXPIRE k ""
    EXPIRE k 1.5
    EXPIRE k 9223372036854775808
    EXPIRE k 9223372036854775807
    EXPIRE k -9223372036854775808
    EXPIRE k 9223372036854775
    EXPIRE k -9223372036854776
    EXPIRE missing 9223372036854775807
    PEXPIRE k abc
    PEXPIRE k 9223372036854775807
    PEXPIRE k 9223372036854775000
    PEXPIRE k -9223372036854775808
    SET k v
    EXPIREAT k 9223372036854775807
    EXPIREAT k 9223372036854775
    EXPIRETIME k
    EXPIREAT k 33177117420
    EXPIRETIME k
    PEXPIRETIME k
    TTL k
    PEXPIREAT k 9223372036854775807
    PEXPIRETIME k
    EXPIRETIME k
    TTL k
    PTTL k
    # deadlines in the past delete at once
    SET p v
    EXPIRE p 0
    EXISTS p
    SET p v
    EXPIRE p -1
    EXISTS p
    SET p v
    EXPIREAT p 1
    EXISTS p
    SET p v
    PEXPIREAT p 0
    EXISTS p
    SET p v
    PEXPIRE p -1000 GT
    EXISTS p
    PEXPIRE p -1000 LT
    EXISTS p
    DBSIZE
    # what keeps a deadline and what drops it
    SET d 1 EX 1000
    INCR d
    TTL d
    APPEND d 1
    TTL d
    SETRANGE d 0 9
    TTL d
    GETSET d x
    TTL d
    SET d 1 EX 1000
    SETNX d 5
    TTL d
    MSET d 1
    TTL d
    EXPIRE d 1000
    SET d 2 KEEPTTL
    TTL d
    SET d 2
    TTL d
    HSET hh f v
    EXPIRE hh 1000
    HSET hh g v
    TTL hh
    HDEL hh f g
    HSET hh f v
    TTL hh
  `,
};
