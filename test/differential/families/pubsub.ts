import { type Family, key, many, maybe, none, oneOf, seq, value, word } from "../generate.ts";

const channel = word("c1", "c2", "c3", "", "\xff\r\n", "c1x");
const pattern = word("c*", "c?", "c[12]", "*", "nope*", "");

export const pubsub: Family = {
  name: "pubsub",
  commands: {
    SUBSCRIBE: many(channel, 1, 3),
    UNSUBSCRIBE: oneOf(none, many(channel, 1, 3)),
    PSUBSCRIBE: many(pattern, 1, 2),
    PUNSUBSCRIBE: oneOf(none, many(pattern, 1, 2)),
    SSUBSCRIBE: many(channel, 1, 2),
    SUNSUBSCRIBE: oneOf(none, many(channel, 1, 2)),
    PUBLISH: seq(channel, value),
    SPUBLISH: seq(channel, value),
    "PUBSUB CHANNELS": maybe(pattern),
    "PUBSUB NUMSUB": maybe(many(channel)),
    "PUBSUB NUMPAT": none,
    "PUBSUB SHARDCHANNELS": maybe(pattern),
    "PUBSUB SHARDNUMSUB": maybe(many(channel)),
    PING: maybe(value),
    RESET: none,
    GET: key,
    HELLO: word("2", "3"),
  },
  cases: `
    PUBLISH c m
    SPUBLISH c m
    PUBSUB
    PUBSUB NOPE
    PUBSUB CHANNELS a b
    PUBSUB NUMPAT x
    PUBSUB NUMSUB
    PUBSUB NUMSUB a b
    PUBSUB SHARDNUMSUB
    PUBSUB HELP
    UNSUBSCRIBE
    UNSUBSCRIBE a b
    PUNSUBSCRIBE
    PUNSUBSCRIBE a
    SUNSUBSCRIBE
    SUNSUBSCRIBE a
    SUBSCRIBE c1 c2 c1
    PSUBSCRIBE c* c?
    SSUBSCRIBE c1
    PING
    PING hello
    PING hello world
    GET k
    SET k
    SET k v
    NOPE
    CLIENT INFO
    ECHO x
    SUBSCRIBE
    UNSUBSCRIBE c1 nope
    SUNSUBSCRIBE
    PUNSUBSCRIBE c*
    UNSUBSCRIBE
    PUNSUBSCRIBE
    PING
    GET k
    SUBSCRIBE again
    RESET
    GET k
    PUBSUB CHANNELS
  `,
};
