import { command, keysAt } from "../command/command.ts";
import { NULL } from "../memory/arena.ts";

export const dump = command({
  name: "dump",
  arity: 2,
  flags: ["readonly"],
  categories: ["keyspace"],
  keys: [keysAt(1, "RO access")],
  group: "generic",
  since: "2.6.0",
  summary: "Gives the value of a key in the form of RDB files, with version and checksum, for RESTORE.",
  complexity: "O(N) for a collection of N elements; O(N) for a string of N bytes",
  syntax: "key:key",
  tips: ["nondeterministic_output"],
  run(c) {
    const e = c.read(1);
    if (e === NULL) return c.reply.nil();
    const { buf, start, len } = c.server.payloads.dump(e);
    c.reply.bulk(buf, start, len);
    c.server.payloads.forget();
  },
});
