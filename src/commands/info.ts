import { command } from "../command/command.ts";
import { infoText } from "../info/info.ts";

export const info = command({
  name: "info",
  arity: -1,
  flags: ["loading", "stale"],
  categories: ["dangerous"],
  group: "server",
  since: "1.0.0",
  summary: "Tells how the server is doing.",
  complexity: "O(N) where N is the number of connections and databases",
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  syntax: "[section...]",
  run(c) {
    const sections: string[] = [];
    for (let i = 1; i < c.argc; i++) sections.push(c.args.text(i));
    c.reply.verbatim("txt", infoText(c.server, sections));
  },
});
