// What two correct servers may answer differently, and nothing else. Replies are equal when their bytes are; only for a
// command named in RULES does a difference get a second look. A rule must be as narrow as the freedom that it grants.
import { parseReplies, type Reply } from "../support/reply.ts";
import type { Words } from "./words.ts";

/** The two replies differ in their bytes: is it a difference that this rule permits? */
type FrameRule = (theirs: Reply, ours: Reply, command: Words) => boolean;

/** The same for all that one command brought to one connection: usually one frame, more with pub/sub. */
type Rule = (theirs: readonly Reply[], ours: readonly Reply[], command: Words) => boolean;

/** Whether the raw replies (any number of frames each) are the same under the rule of the command, if it has one. */
export function sameReply(command: Words, theirs: Uint8Array, ours: Uint8Array): boolean {
  if (Buffer.compare(theirs, ours) === 0) return true;
  const rule = ruleOf(command);
  if (rule === undefined) return false;
  const [a, b] = [parseReplies(theirs), parseReplies(ours)];
  return a.length === b.length && rule(a, b, command);
}

/** Frame by frame: equal, or permitted by the rule. Never forgives an error or another type. */
function each(rule: FrameRule): Rule {
  const same = (a: Reply, b: Reply, command: Words): boolean => {
    if (Bun.deepEquals(a, b)) return true;
    return a.type === b.type && a.type !== "-" && rule(a, b, command);
  };
  return (theirs, ours, command) => theirs.every((reply, i) => same(reply, ours[i]!, command));
}

function ruleOf(command: Words): Rule | undefined {
  const [name = "", sub = ""] = command.map((word) => word.toUpperCase());
  return RULES[`${name} ${sub}`] ?? RULES[name];
}

// ---- the rules

/** The order of elements is the hash table's. */
const unordered: FrameRule = (theirs, ours) => sameItems(items(theirs), items(ours));

/** The order of field-value pairs is the hash table's; RESP2 sends the pairs flat, RESP3 as a map. */
const unorderedPairs: FrameRule = (theirs, ours) => sameItems(pairs(items(theirs)), pairs(items(ours)));

/** A page of SCAN that covers everything at once, in any order; what another page holds is the hash table's affair. */
const scanPage: FrameRule = (theirs, ours, command) => sameScan(theirs, ours, command[1]!, (page) => [...page]);

/** The same for SSCAN, whose cursor stands behind a key. */
const memberScanPage: FrameRule = (theirs, ours, command) => sameScan(theirs, ours, command[2]!, (page) => [...page]);

/** The same for HSCAN, whose pages hold fields and values in turn. */
const hashScanPage: FrameRule = (theirs, ours, command) => sameScan(theirs, ours, command[2]!, pairs);

function sameScan(theirs: Reply, ours: Reply, from: string, split: (page: readonly Reply[]) => unknown[]): boolean {
  const [theirCursor, theirPage] = items(theirs);
  const [ourCursor, ourPage] = items(ours);
  const whole = Number(from) === 0 && theirCursor?.value === "0" && ourCursor?.value === "0";
  if (!whole) return theirCursor?.type === ourCursor?.type && theirPage?.type === ourPage?.type;
  return sameItems(split(items(theirPage!)), split(items(ourPage!)));
}

/** Chance picks: as many of them, of the same types. */
const randomPicks: FrameRule = (theirs, ours) => sameShape(theirs, ours);

/** A text that is the server's own: wording, figures, addresses. */
const ownText: FrameRule = (theirs, ours) => theirs.value !== null && ours.value !== null;

/**
 * A moment or a remaining time: the commands did not run at the same instant. `unitMs` is the reply's unit. We keep deadlines as doubles,
 * so that those from the year 287396 on are all the last one that a double holds exactly.
 */
function near(unitMs: number): FrameRule {
  const tolerance = 2000 / unitMs;
  const far = (Number.MAX_SAFE_INTEGER - 2 ** 42) / unitMs;
  return (theirs, ours) => {
    const [a, b] = [Number(theirs.value), Number(ours.value)];
    if (a > far && b > far) return true;
    return Math.sign(a) === Math.sign(b) && a > 0 && Math.abs(a - b) <= tolerance;
  };
}

/**
 * Seconds since the last access, rounded at another instant; 0 is as good as 1. Theirs may be any number greater: redis-server shares small
 * whole numbers between keys, and such a value was last accessed when the server started.
 */
const idleSeconds: FrameRule = (theirs, ours) => Number(ours.value) - Number(theirs.value) <= 2;

/** A number that the server makes up: an id, a size. Both are positive, or equal. */
const ownNumber: FrameRule = (theirs, ours) => Number(theirs.value) > 0 && Number(ours.value) > 0;

/** HELLO: the version and the connection's id are the server's own. */
const greeting: FrameRule = (theirs, ours) => {
  const own = new Set<unknown>(["version", "id"]);
  const told = (reply: Reply): string => {
    const flat = items(reply);
    return JSON.stringify(flat.filter((_item, i) => !own.has(flat[i - (i % 2)]!.value)));
  };
  return told(theirs) === told(ours);
};

/** CLIENT LIST and INFO: the fields that do not depend on the machine, the moment or the allocator. */
const clientFields: FrameRule = (theirs, ours) => {
  const told = /(?<![\w-])(name|flags|db|sub|psub|ssub|multi|events|cmd|user|redir|resp)=(\S*)/g;
  // Since Redis 7.2 RESET turns CLIENT NO-EVICT off.
  const plain = (text: string): string =>
    text.replace(/ flags=(\w*)e/g, " flags=$1").replaceAll(" flags= ", " flags=N ");
  const pick = (reply: Reply): string => [...plain(String(reply.value)).matchAll(told)].map((hit) => hit[0]).join(" ");
  return pick(theirs) === pick(ours);
};

/** COMMAND INFO of given names: name, arity, flags, key positions and categories; tips and key specifications grow with versions. */
const commandInfo: FrameRule = (theirs, ours, command) => {
  if (command.length === 2) return true;
  const told = (reply: Reply): unknown[] =>
    items(reply)
      .slice(0, 7)
      .map((item) => sortedTexts(item));
  const [a, b] = [items(theirs), items(ours)];
  return a.length === b.length && a.every((info, i) => Bun.deepEquals(told(info), told(b[i]!)));
};

/** Unsubscribing from everything names the channels in hash table order; kind and count of every frame are equal. */
const anyChannel: FrameRule = (theirs, ours, command) => {
  const told = (reply: Reply): unknown[] => items(reply).map((item, i) => (i === 1 ? item.type : item));
  return command.length === 1 && Bun.deepEquals(told(theirs), told(ours));
};

/**
 * A subscriber with several matching patterns gets the message once for each, in hash table order. Who publishes to itself gets the message
 * before the reply in 7.0, after it since 7.2.
 */
const messagesInAnyOrder: Rule = (theirs, ours) => sameItems(theirs, ours);

/** Redis 7.0 adds a timeout near 2^63 to the time and so pauses for less than nothing; later versions refuse it. */
const hugePause: Rule = (_theirs, ours, command) => {
  return Number(command[2]) > Number.MAX_SAFE_INTEGER && ours[0]?.value === "ERR timeout is out of range";
};

/** Nothing but moments and the time since then is told in other figures: times of delivery, and when a consumer was last seen. */
const streamTimes: FrameRule = (theirs, ours) => sameButTimes(theirs, ours, "");

const TIME_FIELDS = new Set<unknown>(["idle", "seen-time"]);

function sameButTimes(theirs: Reply, ours: Reply, field: unknown): boolean {
  if (theirs.type !== ours.type) return false;
  if (!Array.isArray(theirs.value)) {
    // How many nodes an index has is the server's own affair.
    if (field === "radix-tree-nodes") return true;
    if (!TIME_FIELDS.has(field)) return Bun.deepEquals(theirs, ours);
    return Math.abs(Number(theirs.value) - Number(ours.value)) <= 5000;
  }
  const [a, b] = [items(theirs), items(ours)];
  // A pending entry: ID, perhaps its consumer, then time and number of deliveries.
  const time = a.length >= 3 && a.length <= 4 && a.at(-1)!.type === ":" && a.at(-2)!.type === ":" ? a.length - 2 : -1;
  return a.length === b.length && a.every((x, i) => sameButTimes(x, b[i]!, i === time ? "idle" : a[i - 1]?.value));
}

/**
 * Of the slow log everything but ids, times and addresses: arguments and the client's name. Of a request that is not well-formed Redis logs
 * the password, too.
 */
const slowCalls: FrameRule = (theirs, ours) => {
  const told = (reply: Reply): Reply[] =>
    items(reply).flatMap((entry) => [...items(items(entry)[3]!), items(entry)[5]!]);
  const [a, b] = [told(theirs), told(ours)];
  return a.length === b.length && a.every(({ value }, i) => value === b[i]!.value || b[i]!.value === "(redacted)");
};

/**
 * Which commands were called and how often; the times are each server's own. Of all commands together nothing is compared: what the
 * tests themselves called is different.
 */
const callCounts: FrameRule = (theirs, ours, command) => {
  if (command.length === 2) return theirs.type === ours.type;
  const told = (reply: Reply): string[] => {
    const flat = items(reply);
    return pairs(flat.map((item, i) => (i % 2 === 0 ? item : items(item)[1]!)));
  };
  return sameItems(told(theirs), told(ours));
};

/** ZRANK and ZREVRANK take WITHSCORE since Redis 7.2; 7.0 refuses a fourth argument whatever it is. */
const fourthArgument: Rule = (theirs, _ours, command) => {
  return command.length === 4 && String(theirs[0]?.value).startsWith("ERR wrong number of arguments");
};

/** Errors that name the policies for maxmemory: Redis has more of them since 8.6, which ours has too. */
const laterPolicies: Rule = (theirs, ours) =>
  theirs.every(({ value }, i) => value === String(ours[i]!.value).replace(/, (volatile|allkeys)-lrm/g, ""));

const RULES: Readonly<Record<string, Rule>> = {
  KEYS: each(unordered),
  HKEYS: each(unordered),
  HVALS: each(unordered),
  HGETALL: each(unorderedPairs),
  SMEMBERS: each(unordered),
  SINTER: each(unordered),
  SUNION: each(unordered),
  SDIFF: each(unordered),
  SPOP: each(randomPicks),
  SRANDMEMBER: each(randomPicks),
  SCAN: each(scanPage),
  SSCAN: each(memberScanPage),
  HSCAN: each(hashScanPage),
  RANDOMKEY: each(randomPicks),
  HRANDFIELD: each(randomPicks),
  ZSCAN: each(hashScanPage),
  ZRANDMEMBER: each(randomPicks),
  ZRANK: fourthArgument,
  ZREVRANK: fourthArgument,
  TTL: each(near(1000)),
  EXPIRETIME: each(near(1000)),
  PTTL: each(near(1)),
  PEXPIRETIME: each(near(1)),
  "OBJECT IDLETIME": each(idleSeconds),
  XPENDING: each(streamTimes),
  "XINFO STREAM": each(streamTimes),
  "XINFO CONSUMERS": each(streamTimes),
  "XGROUP HELP": each(ownText),
  "XINFO HELP": each(ownText),
  TIME: each(randomPicks),
  "SLOWLOG GET": each(slowCalls),
  "LATENCY HISTOGRAM": each(callCounts),
  HELLO: each(greeting),
  LOLWUT: each(ownText),
  INFO: each(ownText),
  "CLIENT ID": each(ownNumber),
  "CLIENT INFO": each(clientFields),
  "CLIENT LIST": each(clientFields),
  "CLIENT PAUSE": hugePause,
  "CONFIG GET": each(unorderedPairs),
  "CONFIG SET": laterPolicies,
  "MEMORY USAGE": each(ownNumber),
  "MEMORY DOCTOR": each(ownText),
  "MEMORY STATS": each(ownText),
  "MEMORY MALLOC-STATS": each(ownText),
  COMMAND: each(ownText),
  "COMMAND COUNT": each(ownNumber),
  "COMMAND INFO": each(commandInfo),
  "COMMAND DOCS": each(ownText),
  "COMMAND LIST": each(ownText),
  "DEBUG OBJECT": each(ownText),
  UNSUBSCRIBE: each(anyChannel),
  PUNSUBSCRIBE: each(anyChannel),
  SUNSUBSCRIBE: each(anyChannel),
  PUBLISH: messagesInAnyOrder,
  SPUBLISH: messagesInAnyOrder,
  "PUBSUB CHANNELS": each(unordered),
  "PUBSUB SHARDCHANNELS": each(unordered),
  "CLIENT HELP": each(ownText),
  "COMMAND HELP": each(ownText),
  "CONFIG HELP": each(ownText),
  "DEBUG HELP": each(ownText),
  "MEMORY HELP": each(ownText),
  "OBJECT HELP": each(ownText),
  "PUBSUB HELP": each(ownText),
};

// ---- helpers

function items(reply: Reply): readonly Reply[] {
  return Array.isArray(reply.value) ? (reply.value as readonly Reply[]) : [];
}

function pairs(flat: readonly Reply[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < flat.length; i += 2) found.push(JSON.stringify([flat[i]!.value, flat[i + 1]?.value]));
  return found;
}

function sameItems(theirs: readonly unknown[], ours: readonly unknown[]): boolean {
  const sorted = (list: readonly unknown[]): string => JSON.stringify(list.map((item) => JSON.stringify(item)).sort());
  return sorted(theirs) === sorted(ours);
}

/** A text as it is; of an aggregate its direct texts, sorted. */
function sortedTexts(reply: Reply): unknown {
  return Array.isArray(reply.value)
    ? items(reply)
        .map((item) => String(item.value))
        .sort()
    : reply.value;
}

/** Same types and element counts all the way down; texts and numbers may differ, null may not. */
function sameShape(theirs: Reply, ours: Reply): boolean {
  if (theirs.type !== ours.type || (theirs.value === null) !== (ours.value === null)) return false;
  const [a, b] = [items(theirs), items(ours)];
  return a.length === b.length && a.every((item, i) => sameShape(item, b[i]!));
}
