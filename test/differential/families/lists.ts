import { anyOrder, count, type Family, index, int, key, many, maybe, oneOf, seq, value, word } from "../generate.ts";

const side = word("LEFT", "RIGHT", "left", "Right", "MIDDLE");
/** Short, so that a sequence that waits in vain is not slow; see `waitsLong`. */
const timeout = word("0.001", "0.001", "0.002", "1e-3", "-1", "abc", "", "inf", "9223372036854775807");
const popped = seq(
  oneOf(seq(word("1"), key), seq(word("2"), key, key), seq(word("0", "3", "-1", "abc"), key)),
  side,
  maybe(word("COUNT", "count", "nope"), count),
);
const positions = anyOrder(
  seq(word("RANK"), word("1", "2", "-1", "-2", "0", "5", "-9223372036854775808", "-9223372036854775807", "abc")),
  seq(word("COUNT"), count),
  seq(word("MAXLEN"), count),
);

/** A blocking command that would wait for ever, or too long for a test. */
function waitsLong([name = "", ...args]: readonly string[]): boolean {
  if (!/^b/i.test(name)) return false;
  const seconds = Number(/^blmpop$/i.test(name) ? args[0] : args[/^blmove$/i.test(name) ? 4 : args.length - 1]);
  return seconds === 0 || (seconds > 0.01 && seconds < 1e15);
}

export const lists: Family = {
  name: "lists",
  commands: {
    LPUSH: seq(key, many(value, 1, 6)),
    RPUSH: seq(key, many(value, 1, 6)),
    LPUSHX: seq(key, many(value)),
    RPUSHX: seq(key, many(value)),
    LPOP: seq(key, maybe(count)),
    RPOP: seq(key, maybe(count)),
    LLEN: key,
    LINDEX: seq(key, index),
    LSET: seq(key, index, value),
    LRANGE: seq(key, index, index),
    LTRIM: seq(key, index, index),
    LREM: seq(key, oneOf(count, int), value),
    LINSERT: seq(key, word("BEFORE", "after", "BESIDE"), value, value),
    LPOS: seq(key, value, positions),
    LMOVE: seq(key, key, side, side),
    RPOPLPUSH: seq(key, key),
    LMPOP: popped,
    BLPOP: seq(many(key, 1, 3), timeout),
    BRPOP: seq(many(key, 1, 3), timeout),
    BLMOVE: seq(key, key, side, side, timeout),
    BRPOPLPUSH: seq(key, key, timeout),
    BLMPOP: seq(timeout, popped),
    "OBJECT ENCODING": key,
    COPY: seq(key, key, maybe(word("REPLACE"))),
    RENAME: seq(key, key),
    DEL: key,
  },
  // So that redis-server looks at timeouts every 2 ms, not every 100.
  prepare: "CONFIG SET hz 500",
  avoid: waitsLong,
  cases: `
    LPUSH l a b c
    RPUSH l d e
    LRANGE l 0 -1
    LPUSHX missing a
    RPUSHX missing a
    RPUSHX l f g
    LPUSHX l z y
    LLEN l
    LLEN missing
    TYPE l
    OBJECT ENCODING l
    # ends
    LPOP l
    RPOP l
    LPOP l 2
    RPOP l 2
    LPOP l 0
    RPOP l 0
    LPOP missing
    LPOP missing 0
    LPOP missing 1
    LPOP missing -1
    LPOP missing abc
    LPOP l -1
    LPOP l abc
    LPOP l 9223372036854775807
    EXISTS l
    LPOP l 1 1
    RPOP l 2 2
    # wrong types
    SET s v
    LPUSH s a
    LPUSHX s a
    LPOP s
    LPOP s abc
    RPOP s 1
    LLEN s
    LINDEX s 0
    LINDEX s abc
    LSET s 0 v
    LSET s abc v
    LRANGE s 0 1
    LRANGE s abc 1
    LTRIM s 0 1
    LTRIM s 0 abc
    LREM s 0 v
    LREM s abc v
    LINSERT s BEFORE a b
    LINSERT s nowhere a b
    LPOS s a
    LPOS s a RANK 0
    LMOVE s l LEFT RIGHT
    RPOPLPUSH s l
    LMPOP 1 s LEFT
    BLPOP s 0
    BLPOP s abc
    BLMPOP 0 1 s LEFT
    BLMOVE s l LEFT LEFT 0
    BRPOPLPUSH s l 0
    # indexes
    RPUSH l a b c d e f
    LINDEX l 0
    LINDEX l 5
    LINDEX l 6
    LINDEX l -1
    LINDEX l -6
    LINDEX l -7
    LINDEX l abc
    LINDEX l 9223372036854775808
    LINDEX missing abc
    LSET l 0 A
    LSET l -1 F
    LSET l 6 x
    LSET l -7 x
    LSET l abc x
    LSET missing 0 x
    LSET missing abc x
    LRANGE l 1 3
    LRANGE l -3 100
    LRANGE l -100 1
    LRANGE l 3 1
    LRANGE l 6 7
    LRANGE l 0 9223372036854775807
    LRANGE l -9223372036854775808 -1
    LRANGE l 0 abc
    LRANGE missing 0 -1
    LRANGE missing 0 abc
    # LINSERT
    LINSERT l BEFORE c bb
    LINSERT l after c cc
    LINSERT l AFTER F g
    LINSERT l BEFORE A 0
    LINSERT l BEFORE none x
    LINSERT missing BEFORE a x
    LINSERT missing BESIDE a x
    LRANGE l 0 -1
    # LTRIM
    LTRIM l 1 -2
    LRANGE l 0 -1
    LTRIM l 0 100
    LTRIM l 2 1
    EXISTS l
    LTRIM missing 0 1
    LTRIM missing abc 1
    # LREM
    RPUSH r a b a c a d a
    LREM r 1 a
    LREM r -1 a
    LRANGE r 0 -1
    LREM r 0 a
    LREM r 0 none
    LREM r -9223372036854775808 b
    LREM r 9223372036854775808 b
    LREM r -9223372036854775807 b
    LRANGE r 0 -1
    LREM r 0 c
    LREM r 2 d
    EXISTS r
    LREM missing 0 a
    LREM missing abc a
    # LPOS
    RPUSH p a b c 1 2 3 c c
    LPOS p a
    LPOS p c RANK 2
    LPOS p c RANK 4
    LPOS p c RANK -1
    LPOS p c RANK -2 COUNT 0
    LPOS p c RANK 0
    LPOS p c RANK -9223372036854775808
    LPOS p c RANK 9223372036854775808
    LPOS p c COUNT 0
    LPOS p c COUNT 2 RANK 2
    LPOS p c COUNT -1
    LPOS p c COUNT abc
    LPOS p c COUNT 0 MAXLEN 3
    LPOS p c COUNT 0 MAXLEN 2
    LPOS p c COUNT 0 MAXLEN 3 RANK -1
    LPOS p c MAXLEN -1
    LPOS p c MAXLEN
    LPOS p c NOPE 1
    LPOS p none
    LPOS p none COUNT 1
    LPOS missing a
    LPOS missing a COUNT 1
    LPOS missing a COUNT 1 RANK 0
    # moves
    DEL a b
    RPUSH a 1 2 3 4
    LMOVE a b LEFT RIGHT
    LMOVE a b RIGHT LEFT
    LMOVE a a LEFT RIGHT
    LMOVE a a LEFT LEFT
    RPOPLPUSH a a
    RPOPLPUSH a b
    RPOPLPUSH a b
    RPOPLPUSH a b
    EXISTS a
    LRANGE b 0 -1
    LMOVE b s LEFT LEFT
    LMOVE missing s LEFT LEFT
    LMOVE missing b UP LEFT
    LMOVE missing b LEFT DOWN
    RPOPLPUSH b s
    RPOPLPUSH missing s
    BLMOVE b a LEFT RIGHT 0
    BLMOVE b s LEFT RIGHT 0
    BLMOVE missing a UP RIGHT abc
    BLMOVE missing a LEFT RIGHT abc
    BLMOVE missing a LEFT RIGHT -1
    BLMOVE missing a LEFT RIGHT 0.001
    BRPOPLPUSH b a 0
    BRPOPLPUSH missing a abc
    BRPOPLPUSH missing a 0.001
    # pops of the first list that has elements
    DEL a b
    RPUSH b 1 2 3 4 5 6
    LMPOP 1 missing LEFT
    LMPOP 2 a b LEFT
    LMPOP 2 a b RIGHT COUNT 2
    LMPOP 2 a b RIGHT COUNT 0
    LMPOP 2 a b RIGHT COUNT -1
    LMPOP 2 a b RIGHT COUNT abc
    LMPOP 2 a b RIGHT COUNT
    LMPOP 2 a b RIGHT COUNT 1 COUNT 1
    LMPOP 2 a b RIGHT COUNT 1 x
    LMPOP 2 a b RIGHT LEFT
    LMPOP 2 a b UP
    LMPOP 0 a b LEFT
    LMPOP -1 a b LEFT
    LMPOP abc a b LEFT
    LMPOP 3 a b LEFT
    LMPOP 9223372036854775807 a b LEFT
    LMPOP 2 s b LEFT
    LMPOP 2 b s LEFT
    BLMPOP 0 2 b s RIGHT
    BLMPOP 0.001 1 missing LEFT
    BLMPOP -1 1 missing LEFT
    BLMPOP abc 0 missing LEFT
    BLMPOP 0.001 0 missing LEFT
    BLMPOP 0.001 1 missing LEFT COUNT 0
    LMPOP 1 b LEFT COUNT 100
    EXISTS b
    RPUSH b 1 2 3
    BLPOP a b 0
    BRPOP a b 0
    BLPOP a b 0
    BLPOP a b 0.001
    BRPOP a b 0.001
    BLPOP a -1
    BLPOP a inf
    BLPOP a nan
    BLPOP a 1e300
    # copies
    RPUSH c 1 2 3
    COPY c d
    LRANGE d 0 -1
    RENAME d e
    LRANGE e 0 -1
  `,
};
