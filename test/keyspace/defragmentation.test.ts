import { describe, expect, test } from "bun:test";
import { UNBOUNDED } from "../../src/observe/job.ts";
import { type LocalClient, LocalServer } from "../commands/local-server.ts";

const MB = 2 ** 20;

/** A server that moves data together when 4 MB or more are wasted. */
function rig() {
  const server = new LocalServer();
  const job = server.keyspace.defragmentation;
  job.activedefrag = true;
  job.ignoreBytes = 4 * MB;
  job.thresholdLower = 10;
  job.thresholdUpper = 100;
  job.cycleMin = 1;
  job.cycleMax = 25;
  return { server, job, c: server.connect() };
}

/** Lets seconds pass until no round is going on. A slice ends after so many looks at the clock. */
function settle({ server, job }: ReturnType<typeof rig>, looks: number, between: () => void = () => {}): number {
  let slices = 0;
  for (let idle = 0; idle < 3; ) {
    server.pass(1000);
    server.keyspace.reclaimer.run(UNBOUNDED);
    let left = looks;
    if (job.isDue(server.keyspace.nowMs)) job.run({ us: 1000, isSpent: () => --left < 0 });
    idle = job.effort === 0 ? idle + 1 : 0;
    slices++;
    between();
  }
  return slices;
}

/** Fills the keys `from` to `to` with one value of every shape in turn; `size` of text each. */
function fill(c: LocalClient, from: number, to: number, size: number): void {
  const text = "x".repeat(size);
  for (let i = from; i < to; i++) {
    const key = `key:${i}`;
    const many = Array.from({ length: 12 }, (_, n) => `${n}:${i}`);
    if (i % 10 === 0) c.say(`SET ${key} ${text}${i}`, `PEXPIRE ${key} ${1e6 + i}`);
    else if (i % 10 === 1) c.say(`SET ${key} ${text.repeat(60)}${i}`);
    else if (i % 10 === 2) c.say(`HSET ${key} ${many.map((m) => `${m} ${text}`).join(" ")}`);
    else if (i % 10 === 3) c.say(`SADD ${key} ${many.join(" ")}`);
    else if (i % 10 === 4) c.say(`SADD ${key} ${many.map((_, n) => n * i).join(" ")}`);
    else if (i % 10 === 5) c.say(`ZADD ${key} ${many.map((m, n) => `${(n * 7) % 5} ${m}`).join(" ")}`);
    else if (i % 10 === 6) c.say(`RPUSH ${key} ${many.map((m) => m + text).join(" ")}`);
    else if (i % 10 === 7) c.say(`HSET ${key} a 1 b ${text}`, `HPEXPIRE ${key} ${1e6 + i} FIELDS 1 a`);
    else if (i % 10 === 8) c.say(`XADD ${key} 1-${i} f ${text}`);
    else c.say(`SET ${key} ${text}${i}`);
  }
}

/** One large value of each type, whose moving takes many steps. */
function fillLarge(c: LocalClient, count: number): void {
  for (let i = 0; i < count; i++) {
    c.say(`HSET large:hash f${i} ${"v".repeat(i % 50)}${i}`, `SADD large:set m${i}`, `ZADD large:zset ${i % 97} m${i}`);
    c.say(`RPUSH large:list element:${i}`, `HSET large:timed f${i} v${i}`);
    if (i % 3 === 0) c.say(`HPEXPIRE large:timed ${1e6 + i} FIELDS 1 f${i}`);
  }
  c.say(`HSET large:hash huge ${"h".repeat(30_000)}`);
}

/** A stream with groups that have read all of it, in many leaves; `between` is called after each entry. */
function fillStream(c: LocalClient, count: number, between: (i: number) => void): void {
  c.say("XADD large:stream 1-1 f v", "XGROUP CREATE large:stream g 0", "XGROUP CREATE large:stream h 0");
  for (let i = 0; i < count; i++) {
    c.say(`XADD large:stream 2-${i} field ${"v".repeat(40)}${i}`);
    c.say(`XREADGROUP GROUP g c${i % 3} COUNT 1 STREAMS large:stream >`);
    c.say("XREADGROUP GROUP h d COUNT 1 STREAMS large:stream >");
    between(i);
  }
}

describe("moving data together", () => {
  test("gives back most of the memory after most keys are gone, and changes nothing", () => {
    const r = rig();
    const { c, job, server } = r;
    fill(c, 0, 20_000, 40);
    fillLarge(c, 3000);
    for (let i = 0; i < 20_000; i++) if (i % 25 !== 0 && (i * 7) % 25 !== 1) c.say(`DEL key:${i}`);
    server.keyspace.reclaimer.run(UNBOUNDED);
    const digest = c.say("DEBUG DIGEST");
    const usages = ["hash", "set", "zset", "list", "timed"].map((type) => `MEMORY USAGE large:${type}`);
    const told = c.say(...usages);
    const { usedBytes } = server.keyspace.arena;
    const before = job.space();
    settle(r, 20);
    const after = job.space();
    expect(server.keyspace.arena.usedBytes).toBe(usedBytes);
    expect(before.resident).toBeGreaterThan(before.used * 2);
    expect(after.resident).toBeLessThan(after.used * 1.1 + 8 * MB);
    expect(c.say("DEBUG DIGEST")).toBe(digest);
    expect(c.say(...usages)).toBe(told);
    expect(job.keysMoved).toBeGreaterThan(1000);
  });

  test("leaves structures that work: everything can be changed and deleted, and all memory comes back", () => {
    const r = rig();
    const { c, server } = r;
    const empty = server.keyspace.arena.usedBytes;
    fill(c, 0, 20_000, 40);
    fillLarge(c, 3000);
    for (let i = 0; i < 20_000; i++) if (i % 10 > 0 && i % 16 !== 0) c.say(`DEL key:${i}`);
    settle(r, 5, () => {
      // Clients go on meanwhile.
      const i = server.random.below(3000);
      c.say(
        `HSET large:hash f${i} changed`,
        `SREM large:set m${i}`,
        `ZADD large:zset 5 m${i}`,
        `LSET large:list ${i} y`,
      );
      c.say(`HDEL large:timed f${i}`, `SET key:${i} other`, `DEL key:${i + 1}`, `PEXPIRE key:${i} 2000000`);
    });
    const twin = new LocalServer();
    const other = twin.connect();
    for (let i = 0; i < 3000; i++) {
      for (const read of [`HGET large:hash f${i}`, `SISMEMBER large:set m${i}`, `ZSCORE large:zset m${i}`]) c.say(read);
      const rank = c.say(`ZRANK large:zset m${i}`);
      expect(c.say(`ZRANGE large:zset ${rank.slice(1).trim()} ${rank.slice(1).trim()}`)).toContain(`m${i}\r\n`);
      other.say(`SADD s m${i}`);
    }
    c.say("DEL large:hash large:set large:zset large:list large:timed");
    server.pass(3e6);
    for (let i = 0; i < 20_000; i++) c.say(`DEL key:${i}`);
    server.keyspace.reclaimer.run(UNBOUNDED);
    expect(c.say("DBSIZE")).toBe(":0\r\n");
    for (const db of server.keyspace.databases) db.dropIdleWheel();
    // A table that was large may keep one more bucket and a longer directory.
    expect(server.keyspace.arena.usedBytes).toBeWithin(empty, empty + 200);
  });

  test("moves all of large values, so that hardly more than they need is left", () => {
    const r = rig();
    const { c, job, server } = r;
    job.thresholdLower = 5;
    job.ignoreBytes = MB;
    const filler = "x".repeat(2000);
    let fillers = 0;
    const addFiller = () => void c.say(`SET filler:${fillers++} ${filler}`);
    fillStream(c, 4000, addFiller);
    for (let i = 0; i < 12_000; i++) {
      c.say(`RPUSH list ${"e".repeat(100)}${i}`, `ZADD zset ${i % 97} m${i}`, `HSET timed f${i} v`);
      c.say(`HPEXPIRE timed ${1e6 + i} FIELDS 1 f${i}`);
      addFiller();
    }
    for (let i = 0; i < fillers; i++) c.say(`DEL filler:${i}`);
    server.keyspace.reclaimer.run(UNBOUNDED);
    const reads = ["DEBUG DIGEST", "XPENDING large:stream g", "XINFO STREAM large:stream FULL COUNT 0"];
    const told = reads.map((read) => c.say(read));
    expect(job.space().resident).toBeGreaterThan(job.space().used * 3);
    settle(r, 20);
    // Some chunks are kept for what comes, and a slab that is filled in part for each size.
    expect(job.space().resident).toBeLessThan(job.space().used * 1.05 + 6 * MB);
    expect(server.keyspace.arena.takenPages * 4096).toBeLessThan(server.keyspace.arena.usedBytes * 1.05 + 4 * MB);
    expect(reads.map((read) => c.say(read))).toEqual(told);
    expect(c.say("XADD large:stream 3-1 f v", "XACK large:stream g 2-7 2-8 2-9")).toBe("$3\r\n3-1\r\n:3\r\n");
    expect(c.say("XTRIM large:stream MAXLEN 10", "XGROUP DESTROY large:stream h")).toEndWith(":1\r\n");
    c.say("LTRIM list 5 9", "ZREMRANGEBYRANK zset 0 -3", "DEL list zset timed large:stream");
    server.keyspace.reclaimer.run(UNBOUNDED);
    expect(server.keyspace.arena.usedBytes).toBeLessThan(MB);
  });

  test("rests while somebody reads the data, and stops when it is switched off", () => {
    const r = rig();
    const { c, job, server } = r;
    fill(c, 0, 10_000, 200);
    for (let i = 0; i < 10_000; i++) if (i % 20 !== 0) c.say(`DEL key:${i}`);
    server.keyspace.reclaimer.run(UNBOUNDED);
    server.pass(1000);
    job.run(UNBOUNDED);
    expect(job.effort).toBeGreaterThan(0);
    server.keyspace.arena.guard = { homeChanging: () => {}, blockChanging: () => {} };
    expect(job.isDue(server.keyspace.nowMs)).toBeFalse();
    expect(job.nextMs).toBe(Number.POSITIVE_INFINITY);
    server.keyspace.arena.guard = undefined;
    job.activedefrag = false;
    job.run(UNBOUNDED);
    expect([job.effort, job.keysSeen]).toEqual([0, 0]);
  });

  test("leaves alone what wastes little", () => {
    const r = rig();
    fill(r.c, 0, 5000, 100);
    r.job.ignoreBytes = 16 * MB;
    settle(r, 100);
    expect(r.job.keysSeen).toBe(0);
  });
});

describe("MEMORY PURGE", () => {
  test("gives back all that nothing is in", () => {
    const { c, job, server } = rig();
    fill(c, 0, 10_000, 100);
    c.say("FLUSHALL");
    server.keyspace.reclaimer.run(UNBOUNDED);
    const before = job.space().resident;
    c.say("MEMORY PURGE");
    expect(job.space().resident).toBeLessThan(before - 4 * MB);
    expect(job.returnedBytes).toBeGreaterThan(4 * MB);
  });
});
