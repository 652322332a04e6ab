import { type Family, key, maybe, none, oneOf, seq, value, word } from "../generate.ts";

/** Every command is slow enough for the log, and none takes long enough for the latency monitor. */
export const observation: Family = {
  name: "observation",
  commands: {
    "SLOWLOG GET": maybe(word("0", "1", "5", "-1", "200", "-2", "abc", "9223372036854775808", "")),
    "SLOWLOG LEN": none,
    "SLOWLOG RESET": none,
    "LATENCY LATEST": none,
    "LATENCY HISTORY": word("command", "fork", "nope"),
    "LATENCY RESET": maybe(word("command", "nope")),
    "LATENCY GRAPH": word("command", "nope", ""),
    "LATENCY HISTOGRAM": word("nope", "monitor"),
    "CONFIG SET": oneOf(
      seq(word("masterauth", "masteruser"), value),
      seq(word("slowlog-max-len"), word("0", "1", "5", "128")),
      seq(word("slowlog-log-slower-than"), word("0", "-1")),
      seq(word("latency-monitor-threshold"), word("0", "100000")),
    ),
    AUTH: oneOf(value, seq(word("default", "nope"), value)),
    HELLO: seq(word("2"), maybe(oneOf(seq(word("AUTH"), word("nope"), value), seq(word("SETNAME"), word("me", ""))))),
    "CLIENT SETNAME": word("me", "you", ""),
    GET: key,
    SET: seq(key, value),
    "FUNCTION FLUSH": maybe(word("SYNC", "async", "nope")),
    "FUNCTION LIST": maybe(oneOf(seq(word("LIBRARYNAME"), maybe(word("*"))), word("WITHCODE", "nope"))),
  },
  // As in the family server: settings above 2^53 are refused here.
  avoid: ([name, ...rest]) =>
    name!.toUpperCase() === "CONFIG" && rest.some((text) => /^922337203685477580[78]$/.test(text)),
  prepare: `
    CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 128 latency-monitor-threshold 0
    SLOWLOG RESET
  `,
  cases: `
    SLOWLOG
    SLOWLOG NOPE
    SLOWLOG GET 1 2
    SLOWLOG GET -2
    SLOWLOG GET x
    SLOWLOG LEN x
    SLOWLOG RESET x
    SLOWLOG HELP x
    DEL 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
    DEL 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
    DEL 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
    DEL 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40
    ECHO ${"x".repeat(128)}
    ECHO ${"x".repeat(129)}
    ECHO ${"x".repeat(5000)}
    ECHO "a\\x00\\xff\\r\\n"
    SET k v EX 100
    GETEX k PERSIST
    INCRBYFLOAT f 1.5
    AUTH secret
    AUTH nope secret
    HELLO 3 AUTH nope secret
    HELLO 2 SETNAME AUTH AUTH nope secret
    HELLO 2 AUTH nope
    CONFIG SET masterauth secret
    CONFIG SET MASTERAUTH ""
    CONFIG SET maxmemory 0 masteruser me
    CONFIG GET masterauth
    CLIENT SETNAME me
    GET
    NOSUCH
    SLOWLOG GET -1
    CONFIG SET slowlog-max-len 2
    SLOWLOG GET
    SLOWLOG LEN
    CONFIG SET slowlog-log-slower-than -1
    SLOWLOG RESET
    SLOWLOG LEN
    LATENCY
    LATENCY NOPE
    LATENCY LATEST x
    LATENCY HISTORY
    LATENCY HISTORY a b
    LATENCY GRAPH
    LATENCY GRAPH nope
    LATENCY RESET
    LATENCY RESET nope nope
    LATENCY DOCTOR x
    LATENCY HELP x
    LATENCY HISTOGRAM nope nope
    FUNCTION
    FUNCTION NOPE
    FUNCTION FLUSH x
    FUNCTION FLUSH SYNC ASYNC
    FUNCTION LIST LIBRARYNAME
    FUNCTION LIST LIBRARYNAME x WITHCODE
    FUNCTION LIST WITHCODE WITHCODE
    FUNCTION LIST nope
    MONITOR x
  `,
};
