import { isDefaultUser } from "../command/authentication.ts";
import type { Call } from "../command/call.ts";
import type { Client } from "../command/client.ts";
import { type ClientType, readClientType } from "../command/client-type.ts";
import { command } from "../command/command.ts";
import { ERRORS, error } from "../command/errors.ts";
import type { EncodedReply } from "../resp/reply.ts";

const NO_SUCH_CLIENT = error("ERR No such client");
const BAD_ID = error("ERR client-id should be greater than 0");
const MAXAGE_NOT_INTEGER = error("ERR maxage is not an integer or out of range");
const MAXAGE_TOO_SMALL = error("ERR maxage should be greater than 0");

/** Which clients are meant; what is undefined does not matter. */
interface Filters {
  id?: number;
  type?: ClientType;
  address?: string;
  localAddress?: string;
  maxAgeMs?: number;
  skipSelf: boolean;
}

export const clientKill = command({
  name: "kill",
  arity: -3,
  flags: ["admin", "noscript", "loading", "stale"],
  categories: ["connection"],
  group: "connection",
  since: "2.4.0",
  summary: "Ends connections.",
  complexity: "O(N) where N is the number of client connections",
  syntax:
    "filter<old-format | new-format<[client-id:integer=ID@2.8.12] | " +
    "[client-type<normal=NORMAL | master=MASTER@3.2.0 | slave=SLAVE | replica=REPLICA@5.0.0 | pubsub=PUBSUB>=TYPE@2.8.12] | " +
    "[username:string=USER] | [addr:string=ADDR] | [laddr:string=LADDR@6.2.0] | [skipme<yes=YES | no=NO>=SKIPME] | " +
    "[maxage:integer=MAXAGE@7.4.0]>...>",
  run(c) {
    // With a single argument it is an address, and only then may it be the client's own without SKIPME.
    if (c.argc === 3) {
      if (killMatching(c, { address: c.args.text(2), skipSelf: false }) === 0) c.fail(NO_SUCH_CLIENT);
      else c.reply.ok();
      return;
    }
    const filters = readFilters(c);
    if (!c.failed) c.reply.integer(killMatching(c, filters));
  },
});

function readFilters(c: Call): Filters {
  const filters: Filters = { skipSelf: true };
  for (let i = 2; i < c.argc && !c.failed; i += 2) readFilter(c, i, filters);
  return filters;
}

/** Reads the filter at argument i and its value. The last one of a kind counts. */
function readFilter(c: Call, i: number, filters: Filters): void {
  const { args } = c;
  if (i + 1 === c.argc) c.fail(ERRORS.syntax);
  else if (args.is(i, "ID")) filters.id = readPositive(c, i + 1, BAD_ID, BAD_ID);
  else if (args.is(i, "MAXAGE")) filters.maxAgeMs = 1000 * readPositive(c, i + 1, MAXAGE_NOT_INTEGER, MAXAGE_TOO_SMALL);
  else if (args.is(i, "TYPE")) filters.type = readClientType(c, i + 1);
  else if (args.is(i, "ADDR")) filters.address = args.text(i + 1);
  else if (args.is(i, "LADDR")) filters.localAddress = args.text(i + 1);
  else if (args.is(i, "USER")) checkUser(c, i + 1);
  else if (args.is(i, "SKIPME") && args.is(i + 1, "YES")) filters.skipSelf = true;
  else if (args.is(i, "SKIPME") && args.is(i + 1, "NO")) filters.skipSelf = false;
  else c.fail(ERRORS.syntax);
}

function readPositive(c: Call, i: number, notInteger: EncodedReply, tooSmall: EncodedReply): number {
  const value = c.integer(i, notInteger);
  if (value <= 0) c.fail(tooSmall);
  return value;
}

/** Every client is the default user: it is enough that the user exists. */
function checkUser(c: Call, i: number): void {
  const { buf, start, len } = c.args;
  if (!isDefaultUser(buf, start[i], len[i])) c.failText(`ERR No such user '${c.args.quoted(i)}'`);
}

/** Ends all connections that pass the filters, the caller's own after its reply. Returns how many. */
function killMatching(c: Call, filters: Filters): number {
  let killed = 0;
  for (const client of c.server.clients) {
    if (client.closing || !matches(client, filters, c)) continue;
    killed++;
    client.link.close(client === c.client ? "flushed" : "now");
  }
  return killed;
}

function matches(client: Client, filters: Filters, c: Call): boolean {
  const { id, type, address, localAddress, maxAgeMs } = filters;
  if (filters.skipSelf && client === c.client) return false;
  if (id !== undefined && client.id !== id) return false;
  if (type !== undefined && client.class !== type) return false;
  if (address !== undefined && client.link.address !== address) return false;
  if (localAddress !== undefined && client.link.localAddress !== localAddress) return false;
  return maxAgeMs === undefined || c.nowMs - client.createdMs >= maxAgeMs;
}
