// Libraries and functions, and scripts around EVAL itself, answer as in redis-server; FUNCTION DUMP goes from one server to the other.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { requireRedisServer } from "../support/oracle.ts";
import type { Arg, RawConnection } from "../support/raw.ts";
import { Pair } from "./pair.ts";

const lib = (name: string, ...lines: string[]) => `#!lua name=${name}\n${lines.join("\n")}`;
const fn = (name: string, body: string, flags = "") =>
  `redis.register_function{function_name='${name}', callback=function(KEYS, ARGV) ${body} end${flags && `, flags={${flags}}`}}`;
const one = (name: string, body: string) => `redis.register_function('${name}', function(KEYS, ARGV) ${body} end)`;

/** Code that FUNCTION LOAD refuses, or takes. */
const CODES = [
  "return 1",
  "#!lua",
  "#!lua\n",
  "#!lua name=\n",
  "#!lua name=a-b\nx",
  "#!lua name=a name=b\n",
  "#!lua foo=1\n",
  "#!perl name=a\n",
  "#!LUA name=upper\nredis.register_function('u', function() return 1 end)",
  "#! name=a\n",
  '#!lua name="quoted"\nredis.register_function("q", function() return 1 end)',
  '#!lua "unbalanced\n',
  lib("empty"),
  lib("syntax", "x ="),
  lib("fails", "error('at load')"),
  lib("fails2", "redis.call('GET', 'x')"),
  lib("fails3", "return redis.pcall('GET', 'x')"),
  lib("global", "x = 1"),
  lib("global2", "return y"),
  lib("noargs", "redis.register_function()"),
  lib("three", "redis.register_function('a', function() end, 1)"),
  lib("notname", "redis.register_function(1, function() end)"),
  lib("nottable", "redis.register_function('a')"),
  lib("notfn", "redis.register_function('a', 'b')"),
  lib("badname", "redis.register_function('a b', function() end)"),
  lib("twice", one("t", "return 1"), one("t", "return 2")),
  lib("named", "redis.register_function{function_name='a'}"),
  lib("named2", "redis.register_function{callback=function() end}"),
  lib("named3", "redis.register_function{function_name='a', callback=function() end, other=1}"),
  lib("named4", "redis.register_function{function_name=1, callback=function() end}"),
  lib("named5", "redis.register_function{function_name='a', callback=1}"),
  lib("named6", "redis.register_function{function_name='a', callback=function() end, flags={'nosuch'}}"),
  lib("named7", "redis.register_function{function_name='a', callback=function() end, flags='no-writes'}"),
  lib("named8", "redis.register_function{function_name='a', callback=function() end, flags={1}}"),
  lib("named9", "redis.register_function{function_name='a', callback=function() end, description=1}"),
  lib("named10", "redis.register_function{function_name='a', callback=function() end, description={}}"),
  lib("named11", "redis.register_function{1, 2}"),
  lib("ok", one("f1", "return 1"), one("f2", "return {KEYS, ARGV}")),
  lib("ok2", one("F1", "return 'other'")),
  lib("other", one("f1", "return 'collides'")),
  lib(
    "described",
    "redis.register_function{function_name='d', callback=function() return 'd' end, description='what it\\r\\ndoes', flags={'no-writes', 'allow-oom', 'allow-stale', 'no-cluster', 'allow-cross-slot-keys'}}",
  ),
  lib("locals", "local n = 0", one("count", "n = n + 1 return n")),
  lib("version", `local v = redis.REDIS_VERSION_NUM ${one("v", "return type(v)")}`),
  lib("logs", "redis.log(redis.LOG_DEBUG, 'x')", one("l", "return 1")),
  lib("setresp", "redis.setresp(3)", one("s", "return 1")),
  lib("random", "math.random()", one("r", "return 1")),
  lib("endless", "while true do end"),
  lib("pcalls", "while true do pcall(function() while true do end end) end"),
  lib("keys", "return KEYS"),
  lib("late", one("late", "redis.register_function('x', function() end)")),
  lib("apis", one("apis", "local k = {} for n in pairs(redis) do k[#k+1] = n end table.sort(k) return k")),
]; // prettier-ignore

/** Calls of functions of one library. */
const BODIES = [
  "return KEYS",
  "return ARGV",
  "return redis.call('SET', KEYS[1], ARGV[1])",
  "return redis.call('GET', KEYS[1])",
  "return x",
  "x = 1",
  "error('no')",
  "error({err='MY no'})",
  "return redis.call('NOSUCH')",
  "return redis.pcall('GET')",
  "redis.setresp(3) return redis.call('GET', 'none')",
  "return redis.status_reply('FINE')",
  "return redis.error_reply('BAD one')",
  "return redis.call('FCALL', 'f', 0)",
  "return redis.call('EVAL', 'return 1', 0)",
  "return redis.sha1hex('x')",
  "return redis.breakpoint()",
  "return redis.acl_check_cmd('GET', 'x')",
  "return math.random() < 1",
  "return cjson.encode({1})",
  "return redis.register_function",
  "return _G.x",
  "return redis.call('SELECT', 4)",
  "local t = {} t.t = t return t",
  "return 3.99",
  "return {1, 2, nil, 4}",
  "\n\nerror('third line')",
  "return getmetatable('').__name",
  "return nil",
  "return true",
  "return tostring(KEYS) == nil",
  "KEYS = nil return 1",
  "return cmsgpack.pack(1)",
  "return bit.band(7, 3)",
  "return struct.pack('b', 1)",
]; // prettier-ignore

const FLAGGED: [flags: string, body: string][] = [
  ["", "return redis.call('SET', 'x', 1)"],
  ["'no-writes'", "return redis.call('SET', 'x', 1)"],
  ["'no-writes'", "return redis.call('GET', 'x')"],
  ["'allow-oom'", "return redis.call('SET', 'x', 1)"],
  ["'allow-oom', 'no-writes'", "return redis.call('PUBLISH', 'x', 1)"],
  ["'no-cluster', 'allow-stale'", "return redis.call('GET', 'x')"],
]; // prettier-ignore

/** What EVAL and EVALSHA take, and refuse. */
const REQUESTS: Arg[][] = [
  ["EVAL", "return 1", "x"],
  ["EVAL", "return 1", "-1"],
  ["EVAL", "return 1", "1"],
  ["EVAL", "return 1", "99999999999999999999"],
  ["EVAL", "return KEYS", "2", "a", "b", "c"],
  ["EVAL", "return ARGV", "1", "a", "b", "c"],
  ["EVALSHA", "short", "0"],
  ["EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "0"],
  ["EVALSHA", "short", "x"],
  ["EVAL", "return 2", "0"],
  ["EVALSHA", "7f923f79fe76194c868d7e1d0820de36700eb649", "0"],
  ["EVALSHA", "7F923F79FE76194C868D7E1D0820DE36700EB649", "0"],
  ["EVALSHA", "7f923f79fe76194c868d7e1d0820de36700eb649", "x"],
  ["EVALSHA_RO", "7f923f79fe76194c868d7e1d0820de36700eb649", "0"],
  ["EVAL_RO", "return redis.call('SET', 'x', 1)", "0"],
  ["EVAL_RO", "return redis.call('GET', 'x')", "0"],
  ["EVAL_RO", "return redis.call('PUBLISH', 'x', 'y')", "0"],
  ["EVAL_RO", "#!lua\nreturn 1", "0"],
  ["EVAL_RO", "#!lua flags=no-writes\nreturn redis.call('GET', 'x')", "0"],
  ["EVAL", "#!lua flags=no-writes\nreturn redis.call('SET', 'x', 1)", "0"],
  ["EVAL", "#!lua flags=no-writes\n\nx()", "0"],
  ["EVAL", "#!lua", "0"],
  ["EVAL", "#!lua ", "0"],
  ["EVAL", "#!lua\n", "0"],
  ["EVAL", "#!js\nreturn 1", "0"],
  ["EVAL", "#!lua flags=nosuch\nreturn 1", "0"],
  ["EVAL", "#!lua flags=allow-oom,no-cluster\nreturn 1", "0"],
  ["EVAL", "#!lua flags=\nreturn 1", "0"],
  ["EVAL", "#!lua name=x\nreturn 1", "0"],
  ["EVAL", "#!lua 'x\nreturn 1", "0"],
  ["EVAL", "#!lua flags=allow-oom,\nreturn 1", "0"],
  ["EVAL", "", "0"],
  ["EVAL", "return '\0'", "0"],
  ["EVAL", "--comment", "0"],
  ["EVAL", "x = ", "0"],
  ["SCRIPT", "LOAD", "x = "],
  ["SCRIPT", "LOAD", "return 3"],
  ["SCRIPT", "LOAD", "#!lua flags=bad\n"],
  ["SCRIPT", "EXISTS", "x", "7f923f79fe76194c868d7e1d0820de36700eb649"],
  ["SCRIPT", "EXISTS"],
  ["SCRIPT", "FLUSH", "x"],
  ["SCRIPT", "FLUSH", "SYNC"],
  ["SCRIPT", "FLUSH", "ASYNC", "x"],
  ["SCRIPT", "EXISTS", "7f923f79fe76194c868d7e1d0820de36700eb649"],
  ["SCRIPT", "KILL"],
  ["SCRIPT", "DEBUG", "NO"],
  ["SCRIPT", "DEBUG", "x"],
  ["SCRIPT", "NOSUCH"],
  ["SCRIPT"],
  ["FUNCTION"],
  ["FUNCTION", "NOSUCH"],
  ["FUNCTION", "KILL"],
  ["FUNCTION", "STATS"],
  ["FUNCTION", "DELETE", "none"],
  ["FUNCTION", "LIST", "x"],
  ["FUNCTION", "LIST", "LIBRARYNAME"],
  ["FUNCTION", "LIST", "WITHCODE", "WITHCODE"],
  ["FUNCTION", "LOAD"],
  ["FUNCTION", "LOAD", "x", "y"],
  ["FUNCTION", "LOAD", "REPLACE", "x"],
  ["FUNCTION", "FLUSH", "x"],
  ["FUNCTION", "FLUSH", "SYNC", "x"],
  ["FUNCTION", "RESTORE", "x"],
  ["FUNCTION", "RESTORE", "x", "y"],
  ["FUNCTION", "RESTORE", "x", "FLUSH", "z"],
  ["FUNCTION", "RESTORE", ""],
  ["FUNCTION", "DUMP"],
  ["FUNCTION", "DUMP", "x"],
  ["FCALL", "none", "0"],
  ["FCALL", "none", "x"],
  ["FCALL_RO", "none", "0"],
  ["COMMAND", "GETKEYS", "EVAL", "return 1", "2", "a", "b", "c"],
  ["COMMAND", "GETKEYS", "EVAL", "return 1", "0"],
  ["COMMAND", "GETKEYS", "EVAL", "return 1", "5", "a"],
  ["COMMAND", "GETKEYS", "EVALSHA", "x", "1", "a"],
  ["COMMAND", "GETKEYS", "FCALL", "f", "1", "a", "b"],
  ["COMMAND", "GETKEYSANDFLAGS", "EVAL_RO", "x", "1", "a"],
]; // prettier-ignore

describe.skipIf(requireRedisServer() === undefined)("functions answer as in redis-server", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await Pair.start([]);
  });
  beforeEach(async () => {
    await pair.flush();
    await both("FUNCTION", "FLUSH");
    await both("SCRIPT", "FLUSH");
  });
  afterAll(() => pair.stop());

  /** Sends a command to both; the replies must be the same. */
  async function both(...args: Arg[]): Promise<void> {
    const [theirs, ours] = await Promise.all([pair.redisAdmin.text(...args), pair.oursAdmin.text(...args)]);
    expect({ args, reply: ours }).toEqual({ args, reply: theirs });
  }

  async function protocol(version: 2 | 3): Promise<void> {
    await Promise.all([pair.redisAdmin.text("HELLO", version), pair.oursAdmin.text("HELLO", version)]);
  }

  for (const version of [2, 3] as const) {
    test(`when libraries are loaded, described and deleted, over RESP${version}`, async () => {
      await protocol(version);
      for (const code of CODES) {
        await both("FUNCTION", "LOAD", code);
        await both("FUNCTION", "LOAD", "REPLACE", code);
        const name = /name=(\w+)/.exec(code)?.[1] ?? "x";
        // Several functions come in no particular order.
        if (!name.startsWith("ok")) await both("FUNCTION", "LIST", "LIBRARYNAME", `${name}*`);
        await both("FUNCTION", "STATS");
      }
      for (const name of ["f1", "F1", "f2", "u", "q", "d", "count", "count", "v", "late", "apis"]) {
        await both("FCALL", name, 1, "key", "argument");
        await both("FCALL_RO", name, 0);
      }
      await both("FUNCTION", "LIST", "LIBRARYNAME", "described", "WITHCODE");
      await both("FUNCTION", "DELETE", "ok");
      await both("FCALL", "f2", 0);
      await protocol(2);
    });

    test(`when functions are called, over RESP${version}`, async () => {
      await protocol(version);
      for (const [i, body] of BODIES.entries()) {
        await both("FUNCTION", "LOAD", "REPLACE", lib("calls", one(`f${i}`, body)));
        await both("FCALL", `f${i}`, 1, "key", "first", "second");
        await both("FCALL", `f${i}`, 0);
        await both("FCALL_RO", `f${i}`, 0);
        await both("FCALL", `f${i}`, "x");
        await both("FCALL", `f${i}`, -1);
        await both("FCALL", `f${i}`, 9);
      }
      await protocol(2);
    });
  }

  test("when they have flags, and memory is short", async () => {
    for (const maxmemory of [0, 1]) {
      for (const [flags, body] of FLAGGED) {
        await both("CONFIG", "SET", "maxmemory", 0);
        await both("FUNCTION", "LOAD", "REPLACE", lib("flags", fn("f", body, flags)));
        await both("CONFIG", "SET", "maxmemory", maxmemory);
        await both("FCALL", "f", 0);
        await both("FCALL_RO", "f", 0);
        const shebang = flags === "" ? "#!lua" : `#!lua flags=${flags.replaceAll(/['\s]/g, "")}`;
        await both("EVAL", `${shebang}\n${body}`, 0);
        await both("EVAL", body, 0);
        await both("EVAL_RO", body, 0);
        await both("MULTI");
        await both("EVAL", `${shebang}\n${body}`, 0);
        await both("EXEC");
      }
    }
    await both("CONFIG", "SET", "maxmemory", 0);
  });

  test("when requests are wrong", async () => {
    for (const request of REQUESTS) await both(...request);
  });

  test("when libraries go from one server to the other", async () => {
    const codes = [
      lib("small", one("s", "return 1")),
      lib("long", one("l", `return '${"compressible ".repeat(500)}'`)),
      lib(
        "wide",
        one(
          "w",
          `return #'${Array.from({ length: 20_000 }, (_, i) => String.fromCharCode(97 + ((i * i * 7) % 23))).join("")}'`,
        ),
      ),
    ];
    for (const code of codes) await both("FUNCTION", "LOAD", code);
    const theirs = await payload(pair.redisAdmin);
    const ours = await payload(pair.oursAdmin);
    for (const policy of ["REPLACE", "FLUSH"]) {
      await both("FUNCTION", "RESTORE", theirs, policy);
      await both("FUNCTION", "RESTORE", ours, policy);
      for (const name of ["s", "l", "w"]) await both("FCALL", name, 0);
    }
    await both("FUNCTION", "FLUSH");
    await both("FUNCTION", "LOAD", lib("other", one("s", "return 'collides'")));
    await both("FUNCTION", "RESTORE", theirs, "REPLACE");
    await both("FUNCTION", "RESTORE", theirs.subarray(0, -1));
    const other = await payload(pair.redisAdmin);
    await both("FUNCTION", "RESTORE", other);
    await both("FUNCTION", "RESTORE", other, "REPLACE");
    await both("FUNCTION", "FLUSH");
    await both("FUNCTION", "RESTORE", other);
    await both("FUNCTION", "LIST", "WITHCODE");
    await both("FUNCTION", "STATS");
  });

  async function payload(connection: RawConnection): Promise<Uint8Array> {
    const reply = await connection.command("FUNCTION", "DUMP");
    return reply.subarray(reply.indexOf(10) + 1, -2);
  }
});
