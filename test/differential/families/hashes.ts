import {
  anyOrder,
  count,
  type Family,
  field,
  float,
  int,
  key,
  many,
  maybe,
  oneOf,
  pattern,
  seq,
  value,
  word,
} from "../generate.ts";

const scanOptions = anyOrder(seq(word("MATCH"), pattern), seq(word("COUNT"), word("100", "1000", "0", "-1", "abc")));

export const hashes: Family = {
  name: "hashes",
  commands: {
    HSET: seq(key, many(seq(field, value), 1, 6)),
    HMSET: seq(key, many(seq(field, value), 1, 3)),
    HSETNX: seq(key, field, value),
    HGET: seq(key, field),
    HMGET: seq(key, many(field)),
    HGETALL: key,
    HDEL: seq(key, many(field)),
    HLEN: key,
    HEXISTS: seq(key, field),
    HKEYS: key,
    HVALS: key,
    HINCRBY: seq(key, field, int),
    HINCRBYFLOAT: seq(key, field, float),
    HSTRLEN: seq(key, field),
    HRANDFIELD: seq(key, oneOf(maybe(count), seq(count, word("WITHVALUES", "withvalues", "nope")))),
    HSCAN: seq(key, word("0", "0", "0", "abc", "-1"), scanOptions),
    "OBJECT ENCODING": key,
    SET: seq(key, value),
    DEL: key,
    COPY: seq(key, key, maybe(word("REPLACE"))),
  },
  cases: `
    HSET h
    HSET h f
    HSET h f v g
    HSET h a 1 b 2 a 3
    HGETALL h
    HSET h a 4 c 5
    HGETALL h
    HMSET h a 1 b
    HMSET h d 1
    HSETNX h d 2
    HSETNX h e 2
    HGET h missing
    HGET missing f
    HMGET h a missing b
    HMGET missing a b
    HGETALL missing
    HKEYS missing
    HVALS missing
    HLEN missing
    HEXISTS h a
    HEXISTS h missing
    HEXISTS missing a
    HSTRLEN h a
    HSTRLEN h missing
    HDEL h a a missing
    HDEL missing a
    HKEYS h
    HVALS h
    HDEL h b c d e
    EXISTS h
    # counters
    HINCRBY n f 5
    HINCRBY n f -7
    HINCRBY n f abc
    HINCRBY n f 9223372036854775808
    HSET n max 9223372036854775807 min -9223372036854775808 text abc spaced "1 " zero 007
    HINCRBY n max 1
    HINCRBY n min -1
    HINCRBY n text 1
    HINCRBY n spaced 1
    HINCRBY n zero 1
    HINCRBYFLOAT n f 1.5
    HINCRBYFLOAT n f abc
    HINCRBYFLOAT n f nan
    HINCRBYFLOAT n f inf
    HINCRBYFLOAT n f 1e5000
    HINCRBYFLOAT n text 1
    HINCRBYFLOAT n spaced 1
    HINCRBYFLOAT n max 1
    HINCRBYFLOAT n fresh 5.0e3
    HINCRBYFLOAT n fresh 0.1
    HINCRBYFLOAT n fresh -5000.1
    HINCRBY n fresh 1
    # encodings: 8 entries and 32 bytes are the limits of the test servers
    HSET e 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h
    OBJECT ENCODING e
    HSET e 8 i
    OBJECT ENCODING e
    HSET e 9 j
    OBJECT ENCODING e
    HDEL e 9
    OBJECT ENCODING e
    HSET v f 12345678901234567890123456789012
    OBJECT ENCODING v
    HSET v f 123456789012345678901234567890123
    OBJECT ENCODING v
    HSET w 123456789012345678901234567890123 v
    OBJECT ENCODING w
    HSETNX w2 f 123456789012345678901234567890123
    OBJECT ENCODING w2
    HMSET e2 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h 9 i
    OBJECT ENCODING e2
    HLEN e2
    # HRANDFIELD
    HSET r a 1 b 2 c 3
    HRANDFIELD r
    HRANDFIELD r 0
    HRANDFIELD r 2
    HRANDFIELD r 100
    HRANDFIELD r -5
    HRANDFIELD r -5 WITHVALUES
    HRANDFIELD r 100 WITHVALUES
    HRANDFIELD r 1 NOPE
    HRANDFIELD r 1 WITHVALUES x
    HRANDFIELD r abc
    HRANDFIELD r 9223372036854775808
    HRANDFIELD r -9223372036854775808
    HRANDFIELD r -4611686018427387905 WITHVALUES
    HRANDFIELD r 9223372036854775807
    HRANDFIELD missing
    HRANDFIELD missing 5
    HRANDFIELD missing -5 WITHVALUES
    # HSCAN
    HSCAN r 0
    HSCAN r 0 MATCH a*
    HSCAN r 0 COUNT 100 MATCH [bc]
    HSCAN r 0 COUNT 0
    HSCAN r 0 COUNT -1
    HSCAN r 0 COUNT abc
    HSCAN r 0 COUNT
    HSCAN r 0 MATCH
    HSCAN r 0 NOPE 1
    HSCAN r abc
    HSCAN r -1
    HSCAN r ""
    HSCAN r 0 COUNT 100 COUNT 50
    HSCAN missing 0
    HSCAN missing abc
    HSCAN missing 0 COUNT 0
    HSCAN e2 0 COUNT 1000
    HSCAN e2 0 MATCH [1-3] COUNT 1000
    # wrong type
    SET s v
    HSET s f v
    HSET s f
    HMSET s f v
    HSETNX s f v
    HGET s f
    HMGET s f
    HGETALL s
    HDEL s f
    HLEN s
    HEXISTS s f
    HKEYS s
    HVALS s
    HINCRBY s f 1
    HINCRBY s f abc
    HINCRBYFLOAT s f 1
    HINCRBYFLOAT s f abc
    HSTRLEN s f
    HRANDFIELD s
    HRANDFIELD s 1
    HRANDFIELD s abc
    HSCAN s 0
    HSCAN s 0 COUNT 0
    HSCAN s abc
  `,
};
