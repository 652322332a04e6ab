import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { error } from "../command/errors.ts";
import { encode } from "../lib/bytes.ts";
import type { Reply } from "../resp/reply.ts";

const RESP3_ONLY = error("ERR RESP2 is not supported by this command");
const ATTRIBUTE = encode("|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n");

/** A reply of each type, for tests of client libraries: Redis's own, which they compare with. */
const SAMPLES: Readonly<Record<string, (reply: Reply) => void>> = {
  string: (reply) => reply.bulkText("Hello World"),
  integer: (reply) => reply.integer(12345),
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: the sample is not pi but this text
  double: (reply) => reply.double(3.141),
  bignum: (reply) => reply.bigNumber("1234567999999999999999999999999999999"),
  null: (reply) => reply.nil(),
  array(reply) {
    reply.array(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  set(reply) {
    reply.set(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  map(reply) {
    reply.map(3);
    for (let i = 0; i < 3; i++) {
      reply.integer(i);
      reply.boolean(i === 1);
    }
  },
  attrib(reply) {
    if (reply.resp3) reply.raw(ATTRIBUTE);
    reply.bulkText("Some real reply following the attribute");
  },
  push(reply) {
    if (!reply.resp3) return reply.error(RESP3_ONLY);
    reply.push(2);
    reply.bulkText("server-cpu-usage");
    reply.integer(42);
    reply.bulkText("Some real reply following the push reply");
  },
  verbatim: (reply) => reply.verbatim("txt", "This is a verbatim\nstring"),
  true: (reply) => reply.boolean(true),
  false: (reply) => reply.boolean(false),
};

export const debugProtocol = command({
  name: "protocol",
  arity: 3,
  group: "server",
  since: "6.0.0",
  summary: `Replies with a sample of a type: ${Object.keys(SAMPLES).join(", ")}.`,
  run(c: Call) {
    const write = SAMPLES[c.args.text(2).toLowerCase()];
    if (write !== undefined) return write(c.reply);
    c.failText(`ERR Wrong protocol type name. Please use one of the following: ${Object.keys(SAMPLES).join("|")}`);
  },
});
