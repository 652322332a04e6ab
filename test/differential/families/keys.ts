import { anyOrder, type Family, field, key, many, none, oneOf, pattern, seq, value, word } from "../generate.ts";

const db = word("0", "0", "1", "2", "15", "16", "-1", "abc", "4294967296");
const scanOptions = anyOrder(
  seq(word("MATCH"), pattern),
  seq(word("COUNT"), word("1000", "5000", "0", "-1", "abc")),
  seq(word("TYPE"), word("string", "hash", "list", "zset", "HASH")),
);

export const keys: Family = {
  name: "keys",
  commands: {
    DEL: many(key),
    UNLINK: many(key),
    EXISTS: many(key),
    TOUCH: many(key),
    TYPE: key,
    KEYS: pattern,
    SCAN: seq(word("0", "0", "0", "abc", "-1", ""), word("COUNT"), word("1000"), scanOptions),
    RANDOMKEY: none,
    RENAME: seq(key, key),
    RENAMENX: seq(key, key),
    COPY: seq(key, key, anyOrder(seq(word("DB"), db), word("REPLACE"))),
    MOVE: seq(key, db),
    DBSIZE: none,
    FLUSHDB: oneOf(none, none, word("ASYNC", "SYNC", "nope")),
    FLUSHALL: oneOf(none, word("ASYNC", "sync", "nope")),
    SELECT: db,
    SWAPDB: seq(db, db),
    "OBJECT ENCODING": key,
    "OBJECT REFCOUNT": key,
    "OBJECT IDLETIME": key,
    "OBJECT FREQ": key,
    TTL: key,
    EXPIRE: seq(key, word("1000", "5000")),
    SET: seq(key, value),
    HSET: seq(key, many(seq(field, value), 1, 3)),
  },
  cases: `
    MSET a 1 b 2 c 3
    HSET h f v
    DEL a a missing
    UNLINK b missing b
    EXISTS c c missing c
    TOUCH c c missing
    TYPE c
    TYPE h
    TYPE missing
    # patterns
    MSET hello 1 hallo 2 hxllo 3 heello 4 "h[llo" 5 "h*llo" 6 "h\\\\llo" 7 hllo 8
    KEYS h?llo
    KEYS h*llo
    KEYS h[ae]llo
    KEYS h[^e]llo
    KEYS h[a-b]llo
    KEYS h[b-a]llo
    KEYS "h\\\\[llo"
    KEYS "h\\\\*llo"
    KEYS "h\\\\\\\\llo"
    KEYS h[]llo
    KEYS "h[\\\\]llo"
    KEYS h[llo
    KEYS "h\\\\"
    KEYS h**llo
    KEYS HELLO
    KEYS ""
    KEYS *
    KEYS ********************************************a
    # SCAN
    SCAN 0 COUNT 1000
    SCAN 0 MATCH h* COUNT 1000
    SCAN 0 TYPE hash COUNT 1000
    SCAN 0 TYPE HASH COUNT 1000
    SCAN 0 TYPE list COUNT 1000
    SCAN 0 COUNT 1000 TYPE string MATCH *a*
    SCAN abc
    SCAN -1
    SCAN 1.5
    SCAN " 0"
    SCAN "0 "
    SCAN ""
    SCAN 18446744073709551616
    SCAN 0 COUNT
    SCAN 0 COUNT 0
    SCAN 0 COUNT -5
    SCAN 0 COUNT abc
    SCAN 0 MATCH
    SCAN 0 TYPE
    SCAN 0 NOPE x
    SCAN 0 COUNT 1000 COUNT 1000
    # RENAME
    RENAME missing x
    RENAME missing missing
    RENAME c c
    RENAME c d
    RENAME d h
    TYPE h
    RENAMENX missing x
    RENAMENX h h
    RENAMENX h hello
    RENAMENX h h2
    SET t v EX 1000
    RENAME t t2
    TTL t2
    SET t3 v
    RENAME t3 t2
    TTL t2
    # COPY
    COPY missing x
    COPY h2 h2
    COPY h2 h2 DB 0
    COPY h2 h2 DB 0 REPLACE
    COPY h2 h3
    COPY h2 h3
    COPY h2 h3 REPLACE
    COPY h2 h3 DB 1
    COPY h2 h3 DB 16
    COPY h2 h3 DB -1
    COPY h2 h3 DB abc
    COPY h2 h3 DB
    COPY h2 h3 NOPE
    COPY h2 h3 REPLACE REPLACE
    COPY h2 h3 DB 1 DB 2
    SET t v EX 1000
    COPY t t4
    TTL t4
    # MOVE
    MOVE missing 1
    MOVE t 0
    MOVE t 16
    MOVE t -1
    MOVE t abc
    MOVE t 1
    EXISTS t
    SET t new
    MOVE t 1
    SELECT 1
    GET t
    TTL t
    DBSIZE
    # SELECT and SWAPDB
    SELECT 16
    SELECT -1
    SELECT abc
    SELECT ""
    SELECT 1.5
    SELECT 15
    DBSIZE
    SWAPDB 1 15
    DBSIZE
    SWAPDB 0 16
    SWAPDB 16 0
    SWAPDB abc 0
    SWAPDB 0 abc
    SWAPDB 15 15
    SELECT 0
    # OBJECT
    OBJECT
    OBJECT NOPE
    OBJECT NOPE x
    OBJECT ENCODING
    OBJECT ENCODING missing
    OBJECT ENCODING a b
    OBJECT REFCOUNT missing
    OBJECT IDLETIME missing
    OBJECT FREQ missing
    OBJECT FREQ hello
    OBJECT IDLETIME hello
    OBJECT REFCOUNT h2
    OBJECT HELP
    # flushing
    FLUSHDB NOPE
    FLUSHDB ASYNC SYNC
    FLUSHALL NOPE
    FLUSHDB SYNC
    DBSIZE
    RANDOMKEY
    SELECT 15
    DBSIZE
    FLUSHALL ASYNC
    DBSIZE
    KEYS *
    SCAN 0
  `,
};
