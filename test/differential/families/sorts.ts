import { anyOrder, type Family, key, many, maybe, oneOf, seq, value, word } from "../generate.ts";

const number = word("0", "1", "2", "3", "10", "-1", "1.5", "1e2", "0x10", "inf", "-inf", "abc");
const element = word("1", "2", "3", "10", "-1", "1.5", "a", "b", "B", "ab", "", "\xff");
const weight = word("1", "2", "3", "10", "-1", "1.5", "0", "2", "a", "b");
const weightKey = word("w_1", "w_2", "w_3", "w_10", "w_a", "w_b", "w_");
const weightHash = word("h_1", "h_2", "h_3", "h_a");
const sources = word("w_*", "h_*->f", "h_*->", "*", "w_*x", "nosort", "#", "h_*->missing");
const limit = oneOf(
  seq(word("0", "1", "2", "-1", "100", "abc"), word("0", "1", "3", "-1", "100", "9223372036854775807")),
  word("1"),
);
const options = anyOrder(
  word("ASC", "DESC", "desc"),
  word("ALPHA"),
  seq(word("BY"), sources),
  seq(word("GET"), sources),
  seq(word("GET"), sources),
  seq(word("LIMIT"), limit),
);

export const sorts: Family = {
  name: "sorts",
  commands: {
    SORT: seq(key, options, maybe(word("STORE"), key)),
    SORT_RO: seq(key, options),
    SADD: seq(key, many(number, 1, 6)),
    RPUSH: seq(key, many(number, 1, 6)),
    rpush: seq(key, many(element, 1, 6)),
    ZADD: seq(
      key,
      many(
        seq(
          weight.filter(([w]) => w !== "a" && w !== "b"),
          element,
        ),
        1,
        4,
      ),
    ),
    SET: seq(weightKey, weight),
    HSET: seq(weightHash, word("f"), weight),
    set: seq(key, value),
    DEL: key,
  },
  // Redis makes a table of a packed sorted set that it sorts. This setting stays, so the family is the last.
  prepare: "CONFIG SET zset-max-listpack-entries 0",
  // Where Redis goes by the order in its hash table, or by an unstable algorithm.
  avoid: ([name = "", ...args]) => /^sort/i.test(name) && keepsSetOrder(args),
  cases: `
    SADD s 3 1 2 10 -5 1.5
    SORT s
    SORT s DESC
    SORT s ALPHA
    SORT s ALPHA DESC
    SORT s LIMIT 1 2
    SORT s LIMIT -10 100
    SORT s LIMIT 0 0
    SORT s LIMIT 100 1
    SORT s LIMIT 1 -1
    SORT s LIMIT 2 9223372036854775807
    SORT s LIMIT 2 9223372036854775808
    SORT s LIMIT 1
    SORT s LIMIT a 1
    SORT s LIMIT 1 b
    SORT s LIMIT
    SORT s BY
    SORT s GET
    SORT s STORE
    SORT s NOPE
    SORT s ASC DESC
    SORT missing
    SORT missing ALPHA GET #
    SORT missing NOPE
    SORT_RO s
    SORT_RO s DESC LIMIT 0 2
    SORT_RO s STORE d
    SORT s GET #
    SORT s GET nothing
    SORT s GET # GET w_* GET #
    # weights
    MSET w_3 1 w_1 2 w_2 3 w_10 4 w_-5 5 w_1.5 6
    SORT s BY w_*
    SORT s BY w_* DESC
    SORT s BY w_* GET # GET w_*
    SORT s BY w_* ALPHA
    SORT s BY w_* LIMIT 1 3
    SORT s BY w_* GET w_*x
    DEL w_2
    SORT s BY w_*
    SORT s BY w_* GET w_*
    SET w_1 abc
    SORT s BY w_*
    SORT s BY w_* ALPHA
    SET w_1 inf
    SET w_3 -inf
    SORT s BY w_*
    SET w_3 " 7"
    SORT s BY w_*
    SET w_3 "7 "
    SORT s BY w_*
    SET w_3 ""
    SORT s BY w_*
    SET w_3 " "
    SORT s BY w_*
    SET w_3 nan
    SORT s BY w_*
    SET w_3 0x1A
    SORT s BY w_*
    SET w_3 "1\\x00abc"
    SORT s BY w_*
    DEL w_3
    HSET w_3 f 1
    SORT s BY w_*
    # fields of hashes
    HSET h_1 f 5 g x
    HSET h_2 f 4
    HSET h_3 f 3
    SORT s BY h_*->f
    SORT s BY h_*->f GET h_*->g GET h_*->f
    SORT s BY h_*->missing
    SORT s BY h_*->
    SET h_10-> 9
    SORT s GET h_*->
    SORT s BY nosort GET h_1->f LIMIT 0 1
    SADD t a b c
    SORT t
    SORT t ALPHA
    SORT t BY missing_*
    SORT t BY missing_* DESC
    SORT t BY w_* BY nosort LIMIT 0 0
    # STORE
    SORT s STORE d
    LRANGE d 0 -1
    TYPE d
    OBJECT ENCODING d
    SORT s BY nosort STORE d
    LRANGE d 0 -1
    SORT s BY nosort DESC STORE d
    LRANGE d 0 -1
    SORT s GET w_* GET # STORE d
    LRANGE d 0 -1
    SORT t STORE d
    LRANGE d 0 -1
    SORT s LIMIT 5 0 STORE d
    EXISTS d
    SORT s STORE s
    LRANGE s 0 -1
    EXPIRE s 1000
    SORT t ALPHA STORE s
    TTL s
    SORT missing STORE s
    EXISTS s
    SORT missing STORE s
    SORT t ALPHA STORE e STORE f
    LRANGE f 0 -1
    EXISTS e
    # lists keep their order
    RPUSH l 2 3 1 5 4 1
    SORT l
    SORT l BY nosort
    SORT l BY nosort DESC
    SORT l BY nosort LIMIT 1 2
    SORT l BY nosort DESC LIMIT 1 2
    SORT l BY nosort LIMIT 4 100
    SORT l BY nosort LIMIT 100 1
    SORT l BY nosort GET # GET w_*
    SORT l BY nosort LIMIT 0 3 STORE m
    LRANGE m 0 -1
    RPUSH n b B a A "" ab
    SORT n ALPHA
    SORT n ALPHA DESC
    SORT n
    SORT n BY same_* ALPHA
    # sorted sets
    ZADD z 1 e 2 c 3 a 10 d
    SORT z ALPHA
    SORT z
    SORT z BY nosort
    SORT z BY nosort DESC
    SORT z BY nosort LIMIT 1 2
    SORT z BY nosort DESC LIMIT 0 2
    SORT z BY nosort STORE d
    LRANGE d 0 -1
    # wrong type
    SET str v
    SORT str
    SORT str NOPE
    SORT str ALPHA STORE d
    SORT h_1
    # keys
    COMMAND GETKEYS SORT a BY b_* GET c_* LIMIT 0 1 STORE d
    COMMAND GETKEYS SORT a STORE b STORE c
    COMMAND GETKEYS SORT a
    COMMAND GETKEYS SORT_RO a
    COMMAND GETKEYSANDFLAGS SORT a STORE b
  `,
};

/** Without STORE, BY nosort leaves a set as it is, and BY with ALPHA elements of equal texts. */
function keepsSetOrder(args: readonly string[]): boolean {
  const words = args.map((arg) => arg.toUpperCase());
  const by = words.lastIndexOf("BY");
  return by > 0 && (words.includes("ALPHA") || !args[by + 1]?.includes("*"));
}
