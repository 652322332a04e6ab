import { anyOrder, type Family, int, key, many, maybe, none, oneOf, seq, value, word } from "../generate.ts";

const name = word("me", "a-b_c", "", "with space", "new\nline", "\xff", "x".repeat(100));
const noSuchId = word("999999999", "0", "-1", "abc", "9223372036854775807");
const clientType = word("normal", "pubsub", "replica", "slave", "master", "PUBSUB", "nope");

export const connection: Family = {
  name: "connection",
  commands: {
    PING: maybe(value),
    ECHO: value,
    SELECT: word("0", "1", "15", "16", "-1", "abc"),
    HELLO: oneOf(
      none,
      seq(word("2", "3"), anyOrder(seq(word("SETNAME"), name), seq(word("AUTH"), word("default", "nope"), word("x")))),
      word("1", "4", "abc", ""),
    ),
    AUTH: seq(maybe(word("default", "nope")), word("x", "")),
    RESET: none,
    "CLIENT ID": none,
    "CLIENT INFO": none,
    "CLIENT LIST": oneOf(none, seq(word("TYPE"), clientType), seq(word("ID"), many(noSuchId))),
    "CLIENT GETNAME": none,
    "CLIENT SETNAME": name,
    // Filters that match nobody: a filter that matches would end the connection that compares.
    "CLIENT KILL": oneOf(
      seq(word("ID"), noSuchId),
      seq(word("ADDR", "LADDR"), word("1.2.3.4:5", "nope")),
      seq(word("TYPE"), word("pubsub", "replica", "master", "nope")),
      seq(word("USER"), word("nope")),
      seq(word("ID"), noSuchId, word("SKIPME"), word("yes", "no", "NO", "perhaps")),
      word("1.2.3.4:5", "nope"),
    ),
    "CLIENT NO-EVICT": word("on", "off", "ON", "nope"),
    "CLIENT REPLY": word("ON", "on", "nope"),
    "CLIENT UNPAUSE": none,
    "CLIENT PAUSE": seq(word("abc", "-1", "1.5"), maybe(word("WRITE", "ALL", "nope"))),
    SET: seq(key, value),
    GET: key,
    INCRBY: seq(key, int),
  },
  cases: `
    PING
    PING ""
    PING hello
    PING hello world
    ECHO
    ECHO a b
    HELLO
    HELLO 2
    HELLO 3
    HELLO 1
    HELLO 4
    HELLO abc
    HELLO ""
    HELLO 3.0
    HELLO 3 NOPE
    HELLO 3 SETNAME
    HELLO 3 SETNAME a b
    HELLO 3 SETNAME "a b"
    HELLO 3 SETNAME good
    CLIENT GETNAME
    HELLO 3 AUTH
    HELLO 3 AUTH default
    HELLO 3 AUTH default x
    HELLO 3 AUTH nope x
    HELLO 2 AUTH default x SETNAME better
    CLIENT GETNAME
    HELLO 3 AUTH nope x SETNAME worse
    CLIENT GETNAME
    AUTH
    AUTH x
    AUTH default x
    AUTH nope x
    AUTH a b c
    # names
    CLIENT SETNAME
    CLIENT SETNAME "with space"
    CLIENT SETNAME "new\\nline"
    CLIENT SETNAME "\\xff"
    CLIENT SETNAME a b
    CLIENT SETNAME me
    CLIENT GETNAME
    CLIENT GETNAME x
    CLIENT SETNAME ""
    CLIENT GETNAME
    # CLIENT
    CLIENT
    CLIENT NOPE
    CLIENT NOPE x y
    CLIENT ID x
    CLIENT INFO x
    CLIENT LIST NOPE
    CLIENT LIST TYPE
    CLIENT LIST TYPE nope
    CLIENT LIST TYPE normal x
    CLIENT LIST TYPE pubsub
    CLIENT LIST TYPE replica
    CLIENT LIST TYPE normal
    CLIENT LIST ID
    CLIENT LIST ID abc
    CLIENT LIST ID 0
    CLIENT LIST ID -1
    CLIENT LIST ID 999999999 888888888
    CLIENT LIST
    CLIENT INFO
    CLIENT NO-EVICT
    CLIENT NO-EVICT nope
    CLIENT NO-EVICT on
    CLIENT INFO
    CLIENT NO-EVICT off
    CLIENT REPLY
    CLIENT REPLY nope
    CLIENT REPLY ON
    CLIENT KILL
    CLIENT KILL nope
    CLIENT KILL 1.2.3.4:5
    CLIENT KILL ID
    CLIENT KILL ID abc
    CLIENT KILL ID 0
    CLIENT KILL ID -1
    CLIENT KILL ID 999999999
    CLIENT KILL ID 999999999 ADDR
    CLIENT KILL TYPE nope
    CLIENT KILL TYPE pubsub
    CLIENT KILL USER nope
    CLIENT KILL ADDR nope
    CLIENT KILL LADDR nope
    CLIENT KILL NOPE x
    CLIENT KILL ID 999999999 SKIPME perhaps
    CLIENT KILL ID 999999999 SKIPME no
    CLIENT PAUSE
    CLIENT PAUSE abc
    CLIENT PAUSE -1
    CLIENT PAUSE 100 NOPE
    CLIENT UNPAUSE x
    CLIENT UNPAUSE
    CLIENT HELP
    CLIENT HELP x
    # RESET brings back the protocol, the database and the name
    HELLO 3
    SELECT 5
    CLIENT SETNAME me
    RESET
    CLIENT GETNAME
    CLIENT INFO
    RESET x
    QUIT
  `,
};
