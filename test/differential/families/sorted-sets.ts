import fc from "fast-check";
import {
  anyOrder,
  count,
  type Family,
  field,
  index,
  int,
  key,
  many,
  maybe,
  oneOf,
  type Part,
  pattern,
  seq,
  word,
} from "../generate.ts";

const SCORES = ["0", "1", "1", "2", "2", "-1", "3.5", "-0", "10", "100000", "1e17", "0.1", "inf", "-inf", "+inf"];
const BAD_SCORES = ["", "abc", "nan", "1.5x", " 1", "1 ", "(1", "1e400", "0x10"];
const BOUNDS = ["-inf", "+inf", "0", "1", "(1", "2", "(2", "(0", "-1", "(-inf", "(inf", "3.5", " 1", "", "(", "1e400"];
const BAD_BOUNDS = ["abc", "nan", "1 ", "((1", "1x", "-", "+", "(nan"];
const LEX_BOUNDS = ["-", "+", "[f1", "(f1", "[f5", "(f5", "[", "(", "[f10", "[\xfe\x00", "[1", "[z"];
const BAD_LEX_BOUNDS = ["f1", "", "0", "++", "-x", "1"];

function pool(choices: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...choices);
}

function mostly(good: readonly string[], bad: readonly string[]): Part {
  return fc.oneof({ weight: 15, arbitrary: pool(good) }, { weight: 1, arbitrary: pool(bad) }).map((chosen) => [chosen]);
}

const score = mostly(SCORES, BAD_SCORES);
const bound = mostly(BOUNDS, BAD_BOUNDS);
const lexBound = mostly(LEX_BOUNDS, BAD_LEX_BOUNDS);
const member = field;
const limit = seq(word("LIMIT", "limit"), word("0", "1", "2", "-1", "5", "x"), word("0", "1", "3", "-1", "10", "x"));
const withScores = word("WITHSCORES", "withscores");
const anyRange = oneOf(
  seq(index, index, anyOrder(withScores, word("REV"), limit)),
  seq(bound, bound, anyOrder(word("BYSCORE"), withScores, word("REV"), limit)),
  seq(bound, bound, anyOrder(word("BYSCORE"), withScores, word("REV"), limit)),
  seq(lexBound, lexBound, anyOrder(word("BYLEX"), withScores, word("REV"), limit)),
);
const numbered = (keys: number): Part => seq(word(String(keys)), many(key, keys, keys));
const inputs = oneOf(numbered(1), numbered(2), numbered(2), numbered(3), seq(word("0", "-1", "5", "x"), key));
const aggregate = seq(word("AGGREGATE"), word("SUM", "MIN", "MAX", "sum", "nope"));
const weights = seq(word("WEIGHTS"), many(mostly(["1", "2", "0.5", "-1", "0", "inf"], ["x", "nan"]), 1, 3));
const end = word("MIN", "MAX", "min", "nope");

/** Short, so that a sequence that waits in vain is not slow; see `waitsLong`. */
const timeout = word("0.001", "0.001", "0.002", "1e-3", "-1", "x", "", "inf");

/** A blocking command that would wait for ever, or too long for a test. */
function waitsLong([name = "", ...args]: readonly string[]): boolean {
  if (!/^bz/i.test(name)) return false;
  const seconds = Number(/^bzmpop$/i.test(name) ? args[0] : args.at(-1));
  return seconds === 0 || (seconds > 0.01 && seconds < 1e15);
}

/** All scores are equal: only then do ranges of members mean something. */
const equal: Part = seq(word("lex"), many(seq(word("7"), member), 1, 6));

export const sortedSets: Family = {
  name: "sorted sets",
  commands: {
    ZADD: seq(
      key,
      anyOrder(word("NX", "XX"), word("GT", "LT"), word("CH"), word("INCR", "ch", "CH")),
      many(seq(score, member), 1, 6),
    ),
    "ZADD lex": equal,
    ZINCRBY: seq(key, score, member),
    ZREM: seq(key, many(member)),
    ZCARD: key,
    ZSCORE: seq(key, member),
    ZMSCORE: seq(key, many(member)),
    ZRANK: seq(key, member),
    ZREVRANK: seq(key, member),
    ZCOUNT: seq(key, bound, bound),
    ZLEXCOUNT: seq(word("lex"), lexBound, lexBound),
    ZRANGE: seq(key, anyRange),
    "ZRANGE lex": seq(lexBound, lexBound, word("BYLEX"), anyOrder(word("REV"), limit)),
    ZREVRANGE: seq(key, index, index, maybe(withScores)),
    ZRANGEBYSCORE: seq(key, bound, bound, anyOrder(withScores, limit)),
    ZREVRANGEBYSCORE: seq(key, bound, bound, anyOrder(withScores, limit)),
    "ZRANGEBYLEX lex": seq(lexBound, lexBound, maybe(limit)),
    "ZREVRANGEBYLEX lex": seq(lexBound, lexBound, maybe(limit)),
    ZRANGESTORE: seq(key, key, anyRange),
    ZREMRANGEBYRANK: seq(key, index, index),
    ZREMRANGEBYSCORE: seq(key, bound, bound),
    "ZREMRANGEBYLEX lex": seq(lexBound, lexBound),
    ZPOPMIN: seq(key, maybe(count)),
    ZPOPMAX: seq(key, maybe(count)),
    ZMPOP: seq(inputs, end, maybe(word("COUNT", "count"), count)),
    BZMPOP: seq(timeout, inputs, end, maybe(word("COUNT"), count)),
    BZPOPMIN: seq(many(key, 1, 3), timeout),
    BZPOPMAX: seq(many(key, 1, 3), timeout),
    ZUNION: seq(inputs, anyOrder(weights, aggregate, withScores)),
    ZINTER: seq(inputs, anyOrder(weights, aggregate, withScores)),
    ZDIFF: seq(inputs, maybe(withScores)),
    ZUNIONSTORE: seq(key, inputs, anyOrder(weights, aggregate)),
    ZINTERSTORE: seq(key, inputs, anyOrder(weights, aggregate)),
    ZDIFFSTORE: seq(key, inputs),
    ZINTERCARD: seq(inputs, maybe(word("LIMIT"), int)),
    ZRANDMEMBER: seq(key, oneOf(maybe(count), seq(count, word("WITHSCORES", "nope")))),
    ZSCAN: seq(
      key,
      word("0", "0", "0", "abc", "-1"),
      anyOrder(seq(word("MATCH"), pattern), seq(word("COUNT"), word("1000", "0", "x"))),
    ),
    SADD: seq(key, many(member)),
    SET: seq(key, word("v")),
    DEL: key,
    COPY: seq(key, key, maybe(word("REPLACE"))),
    "OBJECT ENCODING": key,
  },
  avoid: waitsLong,
  cases: `
    ZADD z 1 a 2 b 3 c
    ZADD z 1 a 5 d
    ZADD z
    ZADD z 1
    ZADD z 1 a 2
    ZADD z NX
    ZADD z NX XX 1 a
    ZADD z GT LT 1 a
    ZADD z GT NX 1 a
    ZADD z LT NX 1 a
    ZADD z NX XX GT 1 a
    ZADD z INCR 1 a 2 b
    ZADD z XX INCR 1 missing
    ZADD z NX INCR 1 a
    ZADD z INCR 1 a
    ZADD z GT INCR -5 a
    ZADD z LT INCR -5 a
    ZADD z CH 9 a 9 b 3 c 7 e
    ZADD z GT CH 1 a 10 b
    ZADD z XX CH 1 missing 4 c
    ZADD z XX 1 new
    ZADD new XX 1 a
    ZADD new XX INCR 1 a
    EXISTS new
    ZADD z abc a
    ZADD z nan a
    ZADD z 1 a nan b
    ZADD z inf top -inf bottom
    ZINCRBY z -inf top
    ZINCRBY z inf bottom
    ZINCRBY z nan a
    ZINCRBY z 1.5 a
    ZINCRBY z 1e308 huge
    ZINCRBY z 1e308 huge
    ZINCRBY z 0 a
    ZRANGE z 0 -1 WITHSCORES
    ZREVRANGE z 0 -1 WITHSCORES
    ZRANGE z 0 -1 REV WITHSCORES
    ZADD zero -0 a
    ZSCORE zero a
    ZADD zero CH 0 a
    ZSCORE zero a
    ZADD zero 0 b
    ZADD zero CH -0 b
    ZRANGE zero 0 -1 WITHSCORES
    ZRANGEBYSCORE zero -0 0
    ZADD f 0.1 a 1e-7 b 123456789012345680 c 1e21 d 3.0 e 9007199254740993 f
    ZRANGE f 0 -1 WITHSCORES
    ZSCORE z missing
    ZSCORE missing a
    ZMSCORE z a missing b
    ZMSCORE missing a
    ZCARD missing
    ZRANK z a
    ZRANK z missing
    ZRANK missing a
    ZREVRANK z a
    ZREVRANK z missing
    ZREM z missing
    ZREM z a a missing
    ZREM missing a
    # ranges
    DEL z
    ZADD z 1 a 2 b 2 c 3 d 4 e
    ZRANGE z 0
    ZRANGE z 1 2
    ZRANGE z -2 -1
    ZRANGE z -100 -90
    ZRANGE z 5 10
    ZRANGE z -1 0
    ZRANGE z x 1
    ZRANGE z 1 x
    ZRANGE z 0 -1 LIMIT 0 1
    ZRANGE z 0 -1 LIMIT 0 -1
    ZRANGE z 0 -1 LIMIT 0
    ZRANGE z 0 -1 LIMIT x 1
    ZRANGE z 0 -1 REV REV
    ZRANGE z 0 -1 BYSCORE BYSCORE
    ZRANGE z 0 -1 BYSCORE BYLEX
    ZRANGE z - + BYLEX WITHSCORES
    ZRANGE z (1 3 BYSCORE
    ZRANGE z 3 (1 BYSCORE REV
    ZRANGE z 1 3 BYSCORE REV
    ZRANGE z -inf +inf BYSCORE LIMIT 1 2
    ZRANGE z -inf +inf BYSCORE LIMIT -1 2
    ZRANGE z -inf +inf BYSCORE LIMIT 1 -5
    ZRANGE z +inf -inf BYSCORE REV LIMIT 1 2 WITHSCORES
    ZRANGE z abc 1 BYSCORE
    ZRANGE z 1 2 BYLEX
    ZRANGE z 1 nan BYSCORE
    ZRANGE z "" "" BYSCORE
    ZRANGE z ( 2 BYSCORE
    ZRANGE z " 1" 2 BYSCORE
    ZRANGE z 0x1 0x2 BYSCORE
    ZRANGE z 1e400 2 BYSCORE
    ZRANGE z -1e400 1e400 BYSCORE
    ZRANGE z 0 -1 NOPE
    ZRANGE missing 0 -1
    ZRANGE missing 0 -1 NOPE
    ZREVRANGE z 0 1 REV
    ZREVRANGE z 0 1 LIMIT 0 -1
    ZREVRANGE z 0 1 LIMIT 0 1
    ZREVRANGE z 0 1 BYSCORE
    ZRANGEBYSCORE z 1 3 REV
    ZRANGEBYSCORE z 1 3 WITHSCORES LIMIT 0 2
    ZRANGEBYSCORE z 1 3 LIMIT 0 2 WITHSCORES
    ZRANGEBYSCORE z 3 1
    ZRANGEBYSCORE z (2 (2
    ZRANGEBYSCORE z 2 2
    ZRANGEBYSCORE z (1 (3
    ZREVRANGEBYSCORE z 3 1 WITHSCORES
    ZREVRANGEBYSCORE z +inf -inf LIMIT 1 1
    ZCOUNT z -inf +inf
    ZCOUNT z (1 (3
    ZCOUNT z 3 1
    ZCOUNT z x 1
    ZCOUNT missing 1 2
    ZADD lex 0 a 0 b 0 c 0 d 0 ba 0 ""
    ZRANGEBYLEX lex - +
    ZRANGEBYLEX lex + -
    ZRANGEBYLEX lex [b (c
    ZRANGEBYLEX lex (b [c
    ZRANGEBYLEX lex [ (a
    ZRANGEBYLEX lex - [b LIMIT 1 2
    ZRANGEBYLEX lex b c
    ZRANGEBYLEX lex "" c
    ZRANGEBYLEX lex - + WITHSCORES
    ZREVRANGEBYLEX lex + -
    ZREVRANGEBYLEX lex (c [b
    ZREVRANGEBYLEX lex + - LIMIT 1 2
    ZLEXCOUNT lex - +
    ZLEXCOUNT lex + -
    ZLEXCOUNT lex - -
    ZLEXCOUNT lex + +
    ZLEXCOUNT lex [b [c
    ZLEXCOUNT lex (b (b
    ZLEXCOUNT lex b c
    ZLEXCOUNT z [b [d
    ZRANGEBYLEX z [b [d
    ZREVRANGEBYLEX z [d [b
    # stores and removals
    ZRANGESTORE t z 0 -1
    ZRANGE t 0 -1 WITHSCORES
    ZRANGESTORE t z 1 2 REV
    ZRANGE t 0 -1 WITHSCORES
    ZRANGESTORE t z (1 3 BYSCORE LIMIT 1 1
    ZRANGE t 0 -1 WITHSCORES
    ZRANGESTORE t z 3 (1 BYSCORE REV LIMIT 0 1
    ZRANGE t 0 -1 WITHSCORES
    ZRANGESTORE t lex [a [b BYLEX
    ZRANGE t 0 -1 WITHSCORES
    ZRANGESTORE t z 0 -1 WITHSCORES
    ZRANGESTORE t z 0 -1 LIMIT 0 1
    ZRANGESTORE t z 10 20
    EXISTS t
    ZRANGESTORE t missing 0 -1
    ZRANGESTORE z z 0 2
    ZRANGE z 0 -1
    ZREMRANGEBYRANK z 0 0
    ZREMRANGEBYRANK z -1 -1
    ZREMRANGEBYRANK z -9 -8
    ZREMRANGEBYRANK z x 0
    ZREMRANGEBYRANK missing 0 0
    ZREMRANGEBYSCORE z 2 2
    EXISTS z
    ZADD z 1 a 2 b 3 c
    ZREMRANGEBYSCORE z (1 (3
    ZREMRANGEBYSCORE z x 3
    ZREMRANGEBYSCORE z -inf inf
    EXISTS z
    ZREMRANGEBYLEX lex [b (c
    ZREMRANGEBYLEX lex b c
    ZREMRANGEBYLEX lex - +
    EXISTS lex
    # pops
    ZADD z 1 a 2 b 3 c 4 d
    ZPOPMIN z
    ZPOPMAX z
    ZPOPMIN z 0
    ZPOPMIN z -1
    ZPOPMIN z x
    ZPOPMIN z 1 2
    ZPOPMIN z 1
    ZPOPMAX z 10
    EXISTS z
    ZPOPMIN missing
    ZPOPMIN missing 2
    ZADD z 1 a 2 b 3 c 4 d
    ZMPOP 1 z MIN
    ZMPOP 2 missing z MAX COUNT 2
    ZMPOP 1 missing MIN
    ZMPOP 0 z MIN
    ZMPOP x z MIN
    ZMPOP 1 z
    ZMPOP 1 z NOPE
    ZMPOP 5 z MIN
    ZMPOP 1 z MIN COUNT
    ZMPOP 1 z MIN COUNT 0
    ZMPOP 1 z MIN COUNT x
    ZMPOP 1 z MIN COUNT 1 COUNT 1
    ZMPOP 1 z MIN COUNT 0 COUNT 1
    BZMPOP 0.01 1 z MIN
    BZMPOP 0.01 1 z MIN
    BZMPOP x 1 z MIN
    BZMPOP -1 1 z MIN
    BZMPOP x 0 z MIN
    ZADD z 1 a 2 b 3 c 4 d
    BZPOPMIN missing z 0
    BZPOPMAX z 0
    BZPOPMAX missing 0.01
    BZPOPMIN z x
    BZPOPMIN z -1
    # algebra
    DEL z
    ZADD z1 1 a 2 b 3 c
    ZADD z2 10 b 20 c 30 d
    SADD s a c e
    ZUNION 2 z1 z2 WITHSCORES
    ZUNION 3 z1 z2 s WITHSCORES WEIGHTS 2 3 0.5
    ZUNION 2 z1 z2 AGGREGATE MIN WITHSCORES
    ZUNION 2 z1 z2 AGGREGATE MAX
    ZUNION 2 z1 z2 AGGREGATE NOPE
    ZUNION 2 z1 z2 AGGREGATE
    ZUNION 2 z1 z2 WEIGHTS 1
    ZUNION 2 z1 z2 WEIGHTS 1 x
    ZUNION 2 z1 z2 WEIGHTS 1 nan
    ZUNION 0 z1
    ZUNION -1 z1
    ZUNION x z1
    ZUNION 3 z1 z2
    ZUNION 1 missing
    ZUNION 2 z1 z1 WITHSCORES
    ZINTER 2 z1 z2 WITHSCORES
    ZINTER 3 z1 z2 s WITHSCORES
    ZINTER 2 z1 s WITHSCORES WEIGHTS 1 10
    ZINTER 2 z1 z1 WITHSCORES WEIGHTS 1 10
    ZINTER 2 z1 missing
    ZINTER 2 z1 z2 NOPE
    ZDIFF 2 z1 z2 WITHSCORES
    ZDIFF 2 z1 s WITHSCORES
    ZDIFF 2 s z1 WITHSCORES
    ZDIFF 2 z1 z1
    ZDIFF 2 missing z1
    ZDIFF 2 z1 missing WITHSCORES
    ZDIFF 2 z1 z2 WEIGHTS 1 1
    ZDIFF 0 z1
    ZUNIONSTORE t 2 z1 z2
    ZRANGE t 0 -1 WITHSCORES
    ZUNIONSTORE t 2 z1 z2 WITHSCORES
    ZUNIONSTORE t 0 z1
    ZINTERSTORE t 2 z1 z2 AGGREGATE MIN
    ZRANGE t 0 -1 WITHSCORES
    ZINTERSTORE t 2 z1 missing
    EXISTS t
    ZDIFFSTORE t 2 z1 z2
    ZRANGE t 0 -1 WITHSCORES
    ZDIFFSTORE t 2 missing z2
    ZDIFFSTORE t 1 z1 WEIGHTS 1
    ZUNIONSTORE z1 2 z1 z2
    ZRANGE z1 0 -1 WITHSCORES
    ZINTERCARD 2 z1 z2
    ZINTERCARD 2 z1 z2 LIMIT 1
    ZINTERCARD 2 z1 z2 LIMIT 0
    ZINTERCARD 2 z1 z2 LIMIT -1
    ZINTERCARD 2 z1 z2 LIMIT x
    ZINTERCARD 2 z1 z2 LIMIT
    ZINTERCARD 2 z1 z2 WEIGHTS 1 1
    ZINTERCARD 0 z1
    ZADD i1 inf a -inf b
    ZADD i2 -inf a 1 b
    ZUNION 2 i1 i2 WITHSCORES
    ZUNION 2 i1 i2 WEIGHTS 0 1 WITHSCORES
    ZINTER 2 i1 i2 WEIGHTS 0 1 WITHSCORES
    # encodings: 8 entries and 32 bytes are the limits of the test servers
    ZADD e 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h
    OBJECT ENCODING e
    ZADD e 9 a
    OBJECT ENCODING e
    ZADD e 9 i
    OBJECT ENCODING e
    ZREM e i h g
    OBJECT ENCODING e
    ZUNIONSTORE e3 1 e
    OBJECT ENCODING e3
    ZRANGESTORE e4 e 0 -1
    OBJECT ENCODING e4
    ZADD v 1 12345678901234567890123456789012
    OBJECT ENCODING v
    ZADD v 1 123456789012345678901234567890123
    OBJECT ENCODING v
    ZADD w 1 123456789012345678901234567890123
    OBJECT ENCODING w
    ZRANGE e 0 -1 WITHSCORES
    ZRANGEBYSCORE e 2 4
    ZREVRANGE e 0 1 WITHSCORES
    # ZRANDMEMBER
    ZADD r 1 a
    ZRANDMEMBER r
    ZRANDMEMBER r 0
    ZRANDMEMBER r 5
    ZRANDMEMBER r -3
    ZRANDMEMBER r -3 WITHSCORES
    ZRANDMEMBER r 5 WITHSCORES
    ZRANDMEMBER r 1 NOPE
    ZRANDMEMBER r 1 WITHSCORES x
    ZRANDMEMBER r abc
    ZRANDMEMBER r 9223372036854775808
    ZRANDMEMBER r -9223372036854775808
    ZRANDMEMBER r -4611686018427387905 WITHSCORES
    ZRANDMEMBER missing
    ZRANDMEMBER missing 5
    ZRANDMEMBER missing -5 WITHSCORES
    # ZSCAN
    ZSCAN r 0
    ZSCAN e 0 COUNT 1000
    ZSCAN f 0
    ZSCAN r 0 MATCH b*
    ZSCAN r 0 COUNT 0
    ZSCAN r abc
    ZSCAN missing 0
    # wrong type
    SET str v
    ZADD str 1 a
    ZADD str x a
    ZINCRBY str 1 a
    ZREM str a
    ZCARD str
    ZSCORE str a
    ZMSCORE str a
    ZRANK str a
    ZREVRANK str a
    ZCOUNT str 1 2
    ZCOUNT str x 2
    ZLEXCOUNT str - +
    ZLEXCOUNT str x +
    ZRANGE str 0 -1
    ZRANGE str x -1
    ZREVRANGE str 0 -1
    ZRANGEBYSCORE str 0 1
    ZRANGEBYLEX str - +
    ZRANGESTORE t str 0 -1
    ZRANGESTORE str r 0 -1
    SET str v
    ZREMRANGEBYRANK str 0 -1
    ZREMRANGEBYSCORE str 0 1
    ZREMRANGEBYLEX str - +
    ZPOPMIN str
    ZPOPMAX str 0
    ZMPOP 2 missing str MIN
    BZPOPMIN str r 0
    BZPOPMIN r str 0
    BZMPOP 0 1 str MIN
    ZUNION 2 e str
    ZUNION 2 e str WEIGHTS x
    ZINTER 2 missing str
    ZDIFF 2 missing str
    ZUNIONSTORE str 1 e
    ZCARD str
    SET str v
    ZINTERCARD 1 str
    ZRANDMEMBER str
    ZRANDMEMBER str 1
    ZSCAN str 0
    ZSCAN str 0 COUNT 0
  `,
};
