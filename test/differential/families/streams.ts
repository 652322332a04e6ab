import { anyOrder, type Family, many, maybe, oneOf, seq, value, word } from "../generate.ts";

// IDs that XADD makes up differ between two servers; these are few, so that commands meet each other's entries.
/** Few keys, so that groups are read from which have been made. */
const key = word("k1", "k1", "k1", "k2", "k2", "{t}a");
const newId = word("1-1", "1-2", "2-0", "2-*", "3", "3-5", "4-*", "5-1", "5-7", "9-9", "12-0", "0-0", "x", "1-", "-1");
const id = word(
  "0",
  "1",
  "1-1",
  "1-2",
  "2-0",
  "2-1",
  "3",
  "3-0",
  "3-5",
  "4-0",
  "5-1",
  "5-7",
  "9-9",
  "12-0",
  "77",
  "abc",
);
const lastIds = word("18446744073709551615-18446744073709551615", "18446744073709551616", "1-18446744073709551615");
const edge = oneOf(
  word("-", "+", "(1-1", "(3", "(5-1", "(-", "(", "(0-0", "(18446744073709551615-18446744073709551615"),
  id,
  lastIds,
);
const fields = many(seq(word("f", "g", "name", ""), value), 1, 3);
const count = word("1", "2", "10", "0", "-1", "abc", "9223372036854775808");
const group = word("g1", "g2", "g3");
const consumer = word("alice", "bob", "");
/** Nothing is idle for that long, and everything for no time: the servers' clocks do not matter. */
const idle = word("0", "0", "0", "99999999999", "-1", "abc");
const threshold = oneOf(
  seq(word("MAXLEN"), maybe(word("=", "~")), word("0", "1", "3", "5", "8", "-1", "x")),
  seq(word("MINID"), maybe(word("=", "~")), id),
);
const limit = seq(word("LIMIT"), word("0", "1", "4", "8", "-1", "x"));
const trim = seq(threshold, maybe(limit));
const streamsOf = (ids: ReturnType<typeof word>) =>
  oneOf(seq(word("STREAMS"), key, ids), seq(word("STREAMS"), key, key, ids, ids), seq(word("STREAMS"), key));

const add = seq(key, maybe(word("NOMKSTREAM")), oneOf(seq(newId), seq(newId), seq(trim, newId)), fields);
const create = seq(
  key,
  group,
  oneOf(id, word("$", "0", "0")),
  anyOrder(word("MKSTREAM"), seq(word("ENTRIESREAD"), word("-1", "0", "3", "-2", "x", "9223372036854775807"))),
);
const readGroup = seq(
  word("GROUP"),
  group,
  consumer,
  anyOrder(seq(word("COUNT"), count), word("NOACK")),
  streamsOf(oneOf(word(">", ">", "$"), id)),
);

export const streams: Family = {
  name: "streams",
  prepare: "CONFIG SET stream-node-max-entries 4",
  commands: {
    XADD: add,
    // The same again, so that they come more often.
    xadd: add,
    Xadd: seq(key, newId, fields),
    xAdd: seq(word("k1"), newId, fields),
    "XGROUP CREATE": create,
    "xgroup create": create,
    "Xgroup create": seq(word("k1"), group, word("0"), word("MKSTREAM")),
    XREADGROUP: readGroup,
    xreadgroup: readGroup,
    Xreadgroup: seq(word("GROUP"), group, consumer, word("STREAMS"), word("k1"), word(">")),
    XLEN: key,
    XRANGE: seq(key, edge, edge, maybe(word("COUNT"), count)),
    XREVRANGE: seq(key, edge, edge, maybe(word("COUNT"), count)),
    XDEL: seq(key, many(id)),
    XTRIM: seq(key, trim),
    XREAD: seq(maybe(word("COUNT"), count), streamsOf(oneOf(id, word("$", ">")))),
    "XGROUP SETID": seq(key, group, oneOf(id, word("$", "-", "+")), maybe(word("ENTRIESREAD"), word("-1", "0", "3"))),
    "XGROUP DESTROY": seq(key, group),
    "XGROUP CREATECONSUMER": seq(key, group, consumer),
    "XGROUP DELCONSUMER": seq(key, group, consumer),
    XACK: seq(key, group, many(id)),
    XPENDING: seq(
      key,
      group,
      maybe(seq(maybe(word("IDLE"), idle), edge, edge, word("10", "2", "0", "-1", "x"), maybe(consumer))),
    ),
    XCLAIM: seq(
      key,
      group,
      consumer,
      idle,
      many(id),
      anyOrder(
        seq(word("IDLE"), word("0", "5000", "-1", "x")),
        seq(word("TIME"), word("0", "5000", "99999999999999", "-1", "x")),
        seq(word("RETRYCOUNT"), word("0", "7", "-1", "x")),
        word("FORCE"),
        word("JUSTID"),
        seq(word("LASTID"), id),
      ),
    ),
    XAUTOCLAIM: seq(key, group, consumer, idle, edge, anyOrder(seq(word("COUNT"), count), word("JUSTID"))),
    XSETID: seq(
      key,
      id,
      anyOrder(seq(word("ENTRIESADDED"), word("0", "3", "100", "-1", "x")), seq(word("MAXDELETEDID"), id)),
    ),
    "XINFO STREAM": seq(key, maybe(word("FULL"), maybe(word("COUNT"), word("0", "1", "2", "-1", "x")))),
    "XINFO GROUPS": key,
    "XINFO CONSUMERS": seq(key, group),
    "OBJECT ENCODING": key,
    TYPE: key,
    COPY: seq(key, key, maybe(word("REPLACE"))),
    RENAME: seq(key, key),
  },
  cases: `
    XADD s
    XADD s 1-1
    XADD s 1-1 f
    XADD s 1-1 f v g
    XADD s 0-0 f v
    XADD s 0-* f v
    XADD s 0-1 f v
    XADD s 1-1 f v
    XADD s 1-1 f w
    XADD s 1 f w
    XADD s 2 f w g x
    XADD s 2-* g 1 f 2
    XADD s 1-* f v
    XADD s 2-x f v
    XADD s - f v
    XADD s + f v
    XADD s "2- 5" f v
    XADD s "2-+5" f v
    XADD s 2--5 f v
    XADD s 2-007 f v
    XADD s " 3-0" f v
    XADD s 18446744073709551616-0 f v
    XADD s 99999999999999999999999999999-0 f v
    XADD s NOMKSTREAM 4-0 f v
    XADD missing NOMKSTREAM 4-0 f v
    EXISTS missing
    XADD s MAXLEN 2 5-0 f v
    XADD s MAXLEN = 2 6-0 f v
    XADD s MAXLEN ~ 2 LIMIT 10 7-0 f v
    XADD s MAXLEN 2 LIMIT 10 8-0 f v
    XADD s LIMIT 10 8-0 f v
    XADD s LIMIT 0 8-0 f v
    XADD s MAXLEN 2 MINID 3 8-1 f v
    XADD s MAXLEN 2 MAXLEN 2 8-1 f v
    XADD s MAXLEN -1 8-1 f v
    XADD s MAXLEN x 8-1 f v
    XADD s MINID x 8-1 f v
    XADD s MINID - 8-1 f v
    XADD s MINID 7-0 8-1 f v
    XADD s MAXLEN
    XADD s MAXLEN ~ 8-2 f v
    XADD s 18446744073709551615-18446744073709551615 f v
    XADD s 18446744073709551615-* f v
    XADD s * f v
    XRANGE s - +
    XREVRANGE s + -
    XLEN s
    OBJECT ENCODING s
    TYPE s
    XADD long 1-1 f 123456789 g "10.20.30.40" h 5 i "2022-11-22T10:20:30Z" "" ""
    XADD long 1-2 f -12 g "a.b" h "" i " " "" "x"
    XADD long 1-3 ${Array.from({ length: 300 }, (_, i) => `field${i} ${i}`).join(" ")}
    XADD long 500-70000 f 1 g 2 h 3 i 4 "" 5
    XADD long 500-18446744073709551615 f 1
    XADD long 18446744073709551615-5 f ${"x".repeat(300)} g ${"y".repeat(70_000)}
    XRANGE long - +
    XREVRANGE long + - COUNT 2
    # ranges
    XADD r 1-0 a 1
    XADD r 1-1 a 2
    XADD r 2-0 b 3
    XADD r 3-0 a 4
    XADD r 3-9 a 5
    XADD r 4-0 a 6
    XRANGE r 1 1
    XRANGE r (1 (3
    XRANGE r (1-1 (3-0
    XRANGE r 3 3
    XREVRANGE r 3 3
    XRANGE r ( +
    XRANGE r (+ -
    XRANGE r (- +
    XRANGE r - (0-0
    XRANGE r (18446744073709551615-18446744073709551615 +
    XRANGE r - + COUNT
    XRANGE r - + COUNT 0
    XRANGE r - + COUNT -5
    XRANGE r - + COUNT 2 COUNT 3
    XRANGE r - + NOPE 2
    XRANGE missing - + COUNT 0
    XRANGE missing - +
    XREVRANGE r - +
    # deletion
    XDEL r 1-1 1-1 77
    XDEL r 1-0 x
    XDEL missing x
    XRANGE r - +
    XDEL r 3-0
    XDEL r 4-0
    XREVRANGE r + -
    XINFO STREAM r
    XDEL r 1-0 2-0 3-9
    XINFO STREAM r
    XRANGE r - +
    XADD r 4-0 f v
    XADD r 4-1 f v
    XTRIM r MAXLEN 0
    XINFO STREAM r FULL
    XTRIM r
    XTRIM r MAXLEN
    XTRIM r NOPE 1
    XTRIM r LIMIT 5
    XTRIM r LIMIT 0
    XTRIM r MAXLEN 5 LIMIT 5
    XTRIM r MAXLEN = 5 LIMIT 0
    XTRIM missing MAXLEN 1
    XTRIM r MAXLEN ~ 1 LIMIT -1
    # groups
    XGROUP CREATE nogroup g1 $
    XGROUP CREATE m g1 $ MKSTREAM
    XGROUP CREATE m g1 $ MKSTREAM
    XGROUP CREATE m g2 0 MKSTREAM ENTRIESREAD 5 NOPE
    XGROUP CREATE m g2 0 ENTRIESREAD
    XGROUP CREATE m g2 0 ENTRIESREAD -2
    XGROUP CREATE m g2 0 ENTRIESREAD 5
    XGROUP CREATE m g3 -
    XGROUP CREATE m g3 x
    XGROUP SETID m g1
    XGROUP SETID m nope 0
    XGROUP SETID missing g1 0
    XGROUP SETID m g2 + ENTRIESREAD -1
    XGROUP SETID m g2 5 ENTRIESREAD 9223372036854775807
    XINFO GROUPS m
    XGROUP SETID m g2 0
    XGROUP NOPE m
    XGROUP
    XGROUP CREATECONSUMER m g2 alice
    XGROUP CREATECONSUMER m g2 alice
    XGROUP CREATECONSUMER m nope alice
    XGROUP CREATECONSUMER missing g2 alice
    XGROUP DELCONSUMER m g2 bob
    XGROUP DELCONSUMER m nope bob
    XGROUP DESTROY missing g1
    XGROUP DESTROY m nope
    XADD m 1-1 a 1
    XADD m 1-2 a 2
    XADD m 2-0 b 3
    XADD m 3-0 c 4
    XREADGROUP GROUP g2 alice COUNT 2 STREAMS m >
    XREADGROUP GROUP g2 bob NOACK COUNT 1 STREAMS m >
    XREADGROUP GROUP g2 carol STREAMS m >
    XREADGROUP GROUP g2 carol STREAMS m >
    XREADGROUP GROUP g2 alice STREAMS m 0
    XREADGROUP GROUP g2 alice STREAMS m 1-1
    XREADGROUP GROUP g2 alice COUNT 1 STREAMS m 0
    XREADGROUP GROUP g2 dave STREAMS m 0
    XREADGROUP GROUP g2 dave STREAMS m 18446744073709551615-18446744073709551615
    XINFO CONSUMERS m g2
    XINFO CONSUMERS m nope
    XINFO CONSUMERS missing g2
    XINFO GROUPS m
    XINFO GROUPS missing
    XINFO STREAM missing
    XINFO STREAM m
    XINFO STREAM m FULL
    XINFO STREAM m FULL COUNT 1
    XINFO STREAM m FULL COUNT
    XINFO STREAM m FULL COUNT x
    XINFO STREAM m NOPE
    XINFO STREAM m FULL NOPE 1
    XINFO NOPE m
    XINFO
    XPENDING m g2
    XPENDING m nope
    XPENDING missing g2
    XPENDING m g2 - +
    XPENDING m g2 - + 10
    XPENDING m g2 - + 10 alice
    XPENDING m g2 - + 10 nobody
    XPENDING m g2 (1-1 + 10
    XPENDING m g2 IDLE 99999999 - + 10
    XPENDING m g2 IDLE 0 - + 10 carol
    XPENDING m g2 IDLE x - + 10
    XPENDING m g2 IDLE 5 - +
    XPENDING m g2 - + x
    XPENDING m g2 x + 10
    XPENDING m g2 - + 10 a b c
    XPENDING m g2 IDLE 5 - + 10 a b
    XDEL m 1-2
    XREADGROUP GROUP g2 alice STREAMS m 0
    XCLAIM m g2 bob 0 1-1 1-2 77
    XCLAIM m g2 bob 99999999 1-1
    XCLAIM m g2 bob x 1-1
    XCLAIM m g2 bob 0 1-1 JUSTID
    XCLAIM m g2 bob 0 1-1 RETRYCOUNT 9 IDLE 1000
    XCLAIM m g2 bob 0 2-0 FORCE
    XCLAIM m g2 bob 0 2-0 FORCE JUSTID TIME 99999999999999
    XCLAIM m g2 bob 0 2-0 NOPE
    XCLAIM m g2 bob 0 2-0 TIME
    XCLAIM m g2 bob 0 2-0 TIME x
    XCLAIM m g2 bob 0 2-0 IDLE x
    XCLAIM m g2 bob 0 2-0 RETRYCOUNT x
    XCLAIM m g2 bob 0 2-0 LASTID x
    XCLAIM m g2 erin 0 2-0 LASTID 8-0
    XCLAIM m nope bob 0 1-1
    XCLAIM missing g2 bob 0 1-1
    XPENDING m g2 - + 10
    XINFO GROUPS m
    XAUTOCLAIM m g2 zoe 0 - COUNT 1
    XAUTOCLAIM m g2 zoe 0 2-0
    XAUTOCLAIM m g2 zoe 99999999 -
    XAUTOCLAIM m g2 zoe 0 - JUSTID
    XAUTOCLAIM m g2 zoe 0 - COUNT 0
    XAUTOCLAIM m g2 zoe 0 - COUNT x
    XAUTOCLAIM m g2 zoe 0 - COUNT 576460752303423487
    XAUTOCLAIM m g2 zoe 0 - COUNT 576460752303423488
    XAUTOCLAIM m g2 zoe 0 - NOPE
    XAUTOCLAIM m g2 zoe x -
    XAUTOCLAIM m g2 zoe 0 x
    XAUTOCLAIM m nope zoe 0 -
    XAUTOCLAIM missing g2 zoe 0 -
    XACK m g2 1-1 1-1 77
    XACK m g2 x
    XACK m nope x
    XACK missing g2 x
    XGROUP DELCONSUMER m g2 zoe
    XPENDING m g2
    XGROUP DESTROY m g2
    # reading
    XREAD
    XREAD STREAMS m
    XREAD STREAMS m r 0
    XREAD COUNT 1 STREAMS m r 0 0
    XREAD COUNT -1 STREAMS m r 0 0
    XREAD COUNT x STREAMS m 0
    XREAD STREAMS m >
    XREAD STREAMS m $
    XREAD STREAMS m 18446744073709551615-18446744073709551615
    XREAD STREAMS m x
    XREAD STREAMS m -
    XREAD STREAMS missing 0
    XREAD STREAMS missing m 0 1-1
    XREAD GROUP g1 alice STREAMS m 0
    XREAD NOACK STREAMS m 0
    XREAD NOPE STREAMS m 0
    XREAD BLOCK x STREAMS m 0
    XREAD BLOCK -1 STREAMS m 0
    XREAD BLOCK 9223372036854775807 STREAMS m 0
    XREAD BLOCK 0 COUNT 1 STREAMS m 0
    XREAD BLOCK 1 STREAMS m $
    XREADGROUP GROUP g1 alice COUNT 1 BLOCK 1 NOACK
    XREADGROUP GROUP g1 alice STREAMS m m >
    XREADGROUP GROUP g1 alice STREAMS m $
    XREADGROUP GROUP nope alice STREAMS m >
    XREADGROUP GROUP g1 alice STREAMS missing >
    XREADGROUP COUNT 1 NOACK NOACK NOACK STREAMS m >
    XREADGROUP GROUP g1 alice BLOCK 1 STREAMS m >
    # the last ID
    XSETID m 2-0
    XSETID m 9-0
    XSETID m 9-0 ENTRIESADDED 1
    XSETID m 9-0 ENTRIESADDED 100 MAXDELETEDID 5-0
    XSETID m 9-0 ENTRIESADDED -1
    XSETID m 9-0 ENTRIESADDED x
    XSETID m 9-0 MAXDELETEDID 10-0
    XSETID m 4-0
    XSETID m x
    XSETID m 9-0 NOPE 1
    XSETID missing 1-0
    XSETID m 9-0 ENTRIESADDED 9223372036854775807 MAXDELETEDID 0-0
    XINFO STREAM m
    COPY m m2
    XINFO STREAM m2 FULL
    XADD m2 10-0 f v
    XINFO STREAM m2 FULL
    XINFO STREAM m FULL
    # other types
    SET str v
    XADD str 1-1 f v
    XADD str 1-1 f
    XADD str x f v
    XLEN str
    XRANGE str - +
    XREVRANGE str + - COUNT 0
    XDEL str x
    XTRIM str MAXLEN 0
    XREAD STREAMS str 0
    XREAD STREAMS m str 0 0
    XREADGROUP GROUP g1 alice STREAMS str >
    XGROUP CREATE str g1 $ MKSTREAM
    XGROUP DESTROY str g1
    XACK str g1 x
    XPENDING str g1
    XCLAIM str g1 alice x 1-1
    XAUTOCLAIM str g1 alice x -
    XSETID str 1-1
    XINFO STREAM str
    XINFO GROUPS str
    XINFO CONSUMERS str g1
  `,
};
