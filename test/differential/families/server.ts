import { type Family, key, many, maybe, none, oneOf, pattern, seq, value, word } from "../generate.ts";

// Not "timeout": the server would end the connections that compare.
const NUMBERS = [
  "slowlog-log-slower-than",
  "slowlog-max-len",
  "hash-max-listpack-entries",
  "maxmemory-samples",
  "tcp-keepalive",
  "hz",
];
const MEMORY = ["hash-max-listpack-value", "client-query-buffer-limit", "auto-aof-rewrite-min-size"];
const SWITCHES = ["lazyfree-lazy-user-del", "aof-load-truncated", "no-appendfsync-on-rewrite", "activerehashing"];
const CHOICES = ["maxmemory-policy", "appendfsync", "loglevel"];
const OTHERS = [
  "save",
  "notify-keyspace-events",
  "client-output-buffer-limit",
  "databases",
  "unixsocket",
  "no-such",
  "",
];

const setting = oneOf(
  seq(word(...NUMBERS), word("1", "10", "300", "0", "-1", "abc", "", "1.5", "99999999999")),
  seq(word(...MEMORY), word("0", "1gb", "200mb", "5000000", "1k", "-1", "abc", "1tb")),
  // No small limit: what happens beyond it is a matter of how much memory each server needs.
  seq(word("maxmemory"), word("0", "1gb", "200mb", "-1", "abc", "1tb", "")),
  seq(word(...SWITCHES), word("yes", "no", "YES", "true", "")),
  seq(word(...CHOICES), word("allkeys-lru", "noeviction", "everysec", "no", "notice", "NOTICE", "nope", "")),
  seq(word("save"), word("", "900 1", "900 1 60 1000", "abc", "900", "-1 1", "0 1")),
  seq(word("notify-keyspace-events"), word("", "KEA", "Kx", "Q", "A", "gE")),
  seq(
    word("client-output-buffer-limit"),
    word("normal 0 0 0", "pubsub 64mb 16mb 90", "normal 1gb 0", "nope 0 0 0", "normal x 0 0", "slave 1gb 1mb 1"),
  ),
  seq(word(...OTHERS), word("1", "x")),
);

export const server: Family = {
  name: "server",
  commands: {
    "CONFIG GET": many(
      word(...NUMBERS, ...MEMORY, ...SWITCHES, ...CHOICES, ...OTHERS, "MAXMEMORY", "slowlog-max-le?"),
      1,
      3,
    ),
    "CONFIG SET": many(setting, 1, 2),
    "CONFIG RESETSTAT": none,
    "COMMAND COUNT": none,
    TIME: none,
    ROLE: none,
    LOLWUT: none,
    "MEMORY USAGE": seq(key, maybe(word("SAMPLES"), word("0", "5", "-1", "abc"))),
    "MEMORY DOCTOR": none,
    "MEMORY PURGE": none,
    INFO: oneOf(
      none,
      many(word("server", "clients", "memory", "keyspace", "all", "everything", "default", "nope", ""), 1, 2),
    ),
    "DEBUG SET-ACTIVE-EXPIRE": word("1"),
    SET: seq(key, value),
    HSET: seq(key, word("f"), value),
    DBSIZE: none,
    KEYS: pattern,
  },
  // Settings above 2^53 are refused here, where Redis goes up to 2^63: nobody sets 8 PiB of memory or 285 years.
  avoid: ([name, , ...settings]) =>
    name!.toUpperCase() === "CONFIG" && settings.some((text) => /^922337203685477580[78]$/.test(text)),
  prepare: `
    CONFIG SET slowlog-log-slower-than 10000 slowlog-max-len 128 hash-max-listpack-entries 8 maxmemory-samples 5 tcp-keepalive 300 hz 10
    CONFIG SET maxmemory 0 hash-max-listpack-value 32 client-query-buffer-limit 1gb auto-aof-rewrite-min-size 64mb
    CONFIG SET lazyfree-lazy-user-del no aof-load-truncated yes no-appendfsync-on-rewrite no activerehashing yes
    CONFIG SET maxmemory-policy noeviction appendfsync everysec loglevel notice save "" notify-keyspace-events ""
    CONFIG SET client-output-buffer-limit "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"
  `,
  cases: `
    # CONFIG
    CONFIG
    CONFIG NOPE
    CONFIG NOPE x
    CONFIG GET
    CONFIG GET no-such
    CONFIG GET maxmemory
    CONFIG GET MAXMEMORY maxmemory
    CONFIG GET timeout hz
    CONFIG SET
    CONFIG SET timeout
    CONFIG SET timeout 1 hz
    CONFIG SET no-such 1
    CONFIG SET timeout abc
    CONFIG SET timeout ""
    CONFIG SET timeout -1
    CONFIG SET timeout 99999999999
    CONFIG SET timeout 1.5
    CONFIG SET timeout 10 no-such 1
    CONFIG GET timeout
    CONFIG SET timeout 10 timeout 20
    CONFIG SET timeout 10 hz abc
    CONFIG GET timeout
    CONFIG SET timeout 10 hz 20
    CONFIG GET timeout
    CONFIG SET maxmemory 1gb
    CONFIG GET maxmemory
    CONFIG SET maxmemory 1g
    CONFIG GET maxmemory
    CONFIG SET maxmemory abc
    CONFIG SET maxmemory -1
    CONFIG SET maxmemory ""
    CONFIG SET maxmemory 0
    CONFIG SET maxmemory-policy nope
    CONFIG SET maxmemory-policy ALLKEYS-LRU
    CONFIG GET maxmemory-policy
    CONFIG SET maxmemory-policy noeviction
    CONFIG SET appendfsync nope
    CONFIG SET appendfsync always
    CONFIG SET loglevel nope
    CONFIG SET activerehashing maybe
    CONFIG SET databases 5
    CONFIG SET unixsocket /nowhere
    CONFIG SET daemonize yes
    CONFIG SET save "900 1 60 1000"
    CONFIG GET save
    CONFIG SET save "900"
    CONFIG SET save "900 x"
    CONFIG SET save ""
    CONFIG GET save
    CONFIG SET notify-keyspace-events KEA
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events Q
    CONFIG SET notify-keyspace-events gxE$
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events ""
    CONFIG SET client-output-buffer-limit "normal 1mb 0 0"
    CONFIG GET client-output-buffer-limit
    CONFIG SET client-output-buffer-limit "normal 1mb 0"
    CONFIG SET client-output-buffer-limit "nope 1mb 0 0"
    CONFIG SET client-output-buffer-limit "normal x 0 0"
    CONFIG SET client-output-buffer-limit "normal 0 0 0 pubsub 1mb 512kb 10"
    CONFIG GET client-output-buffer-limit
    CONFIG SET hash-max-ziplist-entries 9
    CONFIG GET hash-max-listpack-entries
    CONFIG GET hash-max-ziplist-entries
    CONFIG RESETSTAT
    CONFIG RESETSTAT x
    CONFIG REWRITE
    CONFIG REWRITE x
    CONFIG HELP
    CONFIG SET timeout 0 hz 10
    # COMMAND
    COMMAND NOPE
    COMMAND COUNT x
    COMMAND INFO get set mset del expire hset hgetall ping publish bitop
    COMMAND INFO get nope set
    COMMAND INFO nope
    COMMAND INFO client|kill config|set object|encoding
    # (COMMAND GETKEYS and GETKEYSANDFLAGS with three words: Redis 8 takes one word less than 7.0)
    COMMAND GETKEYS GET k
    COMMAND GETKEYS get k x
    COMMAND GETKEYS NOPE k
    COMMAND GETKEYS PING x
    COMMAND GETKEYS SET k
    COMMAND GETKEYS APPEND k v
    COMMAND GETKEYS BITFIELD k GET u8 0
    COMMAND GETKEYS DEL a b a
    COMMAND GETKEYS MGET a b
    COMMAND GETKEYS CONFIG GET x
    COMMAND GETKEYS MSET a 1 b 2
    COMMAND GETKEYS MSET a 1 b
    COMMAND GETKEYS BITOP AND d a b
    COMMAND GETKEYS OBJECT ENCODING k
    COMMAND GETKEYS LCS a b LEN
    COMMAND GETKEYS COPY a b
    COMMAND GETKEYS SUBSCRIBE c
    COMMAND GETKEYSANDFLAGS SET k v
    COMMAND GETKEYSANDFLAGS GET k
    COMMAND GETKEYSANDFLAGS RENAME a b
    COMMAND GETKEYSANDFLAGS BITFIELD k
    COMMAND GETKEYSANDFLAGS DEL a b
    COMMAND LIST FILTERBY NOPE x
    COMMAND LIST FILTERBY ACLCAT
    COMMAND LIST NOPE
    COMMAND DOCS get
    COMMAND DOCS nope
    COMMAND HELP
    # MEMORY
    MEMORY
    MEMORY NOPE
    MEMORY USAGE missing
    MEMORY USAGE missing SAMPLES x
    SET k v
    MEMORY USAGE k
    MEMORY USAGE k SAMPLES
    MEMORY USAGE k SAMPLES 0
    MEMORY USAGE k SAMPLES -1
    MEMORY USAGE k SAMPLES abc
    MEMORY USAGE k NOPE 1
    MEMORY DOCTOR
    MEMORY DOCTOR x
    MEMORY PURGE
    MEMORY STATS
    MEMORY HELP
    # others
    TIME
    TIME x
    ROLE
    ROLE x
    LOLWUT
    LOLWUT VERSION 5 1 1 1
    LOLWUT VERSION abc
    INFO nope
    SHUTDOWN NOPE
    SHUTDOWN SAVE NOSAVE
    SHUTDOWN ABORT
    SHUTDOWN ABORT NOW
    DEBUG
    DEBUG NOPE
    DEBUG SLEEP 0
    DEBUG OBJECT missing
    DEBUG OBJECT k
    DEBUG SET-ACTIVE-EXPIRE 1
    NOPE
    NOPE a b c
  `,
};
