import { describe, expect, test } from "bun:test";
import { infoFields } from "./ask.ts";
import {
  type Argument,
  encode,
  encodeBatch,
  every,
  filler,
  Patcher,
  random,
  randomNumber,
  risingNumber,
  sameNumber,
  sequence,
} from "./encode.ts";
import { Histogram, jackknifeError, median } from "./histogram.ts";
import { lagOf } from "./modes/expiry.ts";
import { readCollections } from "./modes/gc.ts";
import { connectionsFor } from "./modes/throughput.ts";
import { cpuRatio } from "./modes/throughput-report.ts";
import { parseOptions } from "./options.ts";
import { recordLate } from "./probe.ts";
import { cpuBetween, parseFamilyNs, parseRssBytes, parseSchedstat, parseStatNs } from "./proc.ts";
import { ReplyCounter } from "./replies.ts";
import { count, fixed, markdown } from "./report.ts";
import { workloads } from "./workloads.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

describe("the histogram", () => {
  test("gives small values exactly and large ones at most 1.6% too high", () => {
    for (const value of [0, 1, 63, 64, 127, 128, 1000, 65_535, 123_456_789]) {
      const histogram = new Histogram();
      histogram.record(value);
      histogram.record(2 ** 31 - 1);
      const seen = histogram.quantile(0.5);
      expect(seen).toBeGreaterThanOrEqual(value);
      expect(seen).toBeLessThanOrEqual(value * 1.016);
    }
  });

  test("counts ranks the way percentiles are defined", () => {
    const histogram = new Histogram();
    for (let value = 1; value <= 100; value++) histogram.record(value);
    expect([0.01, 0.5, 0.99, 1].map((share) => histogram.quantile(share))).toEqual([1, 50, 99, 100]);
  });

  test("survives the way between processes and adds up", () => {
    const one = new Histogram();
    const other = new Histogram();
    one.record(10);
    other.record(5000);
    one.add(JSON.parse(JSON.stringify(other.toData())));
    expect(one.total).toBe(2);
    expect(one.max).toBe(5000);
    expect(Histogram.of(one.toData()).quantile(0.5)).toBe(10);
  });

  test("keeps what is too large or negative within its bounds", () => {
    const histogram = new Histogram();
    histogram.record(1e12);
    histogram.record(-5);
    expect(histogram.max).toBe(2 ** 31 - 1);
    expect(histogram.quantile(0.5)).toBe(0);
  });

  test("counts a long stall once for every ping that was due", () => {
    const histogram = new Histogram();
    recordLate(histogram, 3500);
    expect(histogram.total).toBe(4);
    expect(histogram.max).toBe(3500);
  });
});

describe("statistics", () => {
  test("take the middle value", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test("give the mean's standard error when the jackknife is fed with means", () => {
    const values = [1, 2, 3, 4];
    const means = values.map((left) => (10 - left) / 3);
    expect(jackknifeError(means)).toBeCloseTo(Math.sqrt(5 / 3 / 4), 10);
    expect(jackknifeError([1])).toBeNaN();
  });

  test("weigh rounds by their commands in the ratio of two servers", () => {
    const round = (commands: number, serverCpuNs: number) => ({
      commands,
      serverCpuNs,
      seconds: 1,
      clientCpuNs: 0,
      latency: { pairs: [], max: 0 },
      nils: 0,
      sent: commands,
      probe: null,
    });
    const { ratio, error } = cpuRatio([
      [round(100, 100), round(300, 300)],
      [round(100, 200), round(300, 600)],
    ]);
    expect(ratio).toBeCloseTo(0.5, 10);
    expect(error).toBeCloseTo(0, 10);
    expect(cpuRatio([[round(1, 1)]]).ratio).toBeNaN();
  });
});

describe("/proc", () => {
  const stat = "4242 (redis (x) y) S 1 4242 4242 0 -1 4194560 2511 0 0 0 731 269 40 7 20 0 6 0 100 0 0";

  test("finds user and system time behind a name with blanks and brackets", () => {
    expect(parseStatNs(stat)).toBe((731 + 269) * 10_000_000);
    expect(parseFamilyNs(stat)).toBe((731 + 269 + 40 + 7) * 10_000_000);
  });

  test("reads the resident size and the run-queue figures", () => {
    expect(parseRssBytes("VmSize:\t  10 kB\nVmRSS:\t   12345 kB\nThreads: 4\n")).toBe(12_345 * 1024);
    expect(parseRssBytes("State:\tZ (zombie)\n")).toBe(0);
    expect(parseSchedstat("99537 75751 2\n")).toEqual({ runNs: 99_537, waitNs: 75_751 });
  });

  test("sums the threads in nanoseconds, new ones too", () => {
    const before = { threadsNs: new Map([["1", 1000]]), processNs: 0 };
    const after = {
      threadsNs: new Map([
        ["1", 5000],
        ["2", 300],
      ]),
      processNs: 10_000_000,
    };
    expect(cpuBetween(before, after)).toBe(4300);
  });

  test("falls back on the process's ticks when a thread has taken its time with it", () => {
    const before = { threadsNs: new Map([["2", 900]]), processNs: 0 };
    const after = { threadsNs: new Map([["1", 5000]]), processNs: 500_000_000 };
    expect(cpuBetween(before, after)).toBe(500_000_000);
  });
});

describe("requests", () => {
  test("are encoded in RESP with zeros where slots are", () => {
    const { bytes } = encode(["SET", random("key:", 10), filler(3)]);
    expect(text(bytes)).toBe("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000000\r\n$3\r\nabc\r\n");
  });

  test("count upwards in slots drawn by sequence, across batches", () => {
    const template = encode(["DEL", sequence("k")]);
    const batch = encodeBatch(template, 2);
    const patcher = new Patcher(template, 1, 998);
    patcher.patch(batch, 2);
    expect(text(batch).match(/k\d+/g)).toEqual(["k000000000998", "k000000000999"]);
    patcher.patch(batch, 1);
    expect(text(batch).match(/k\d+/g)).toEqual(["k000000001000", "k000000000999"]);
  });

  test("draw from the whole range of a random slot and from nothing else", () => {
    const template = encode(["GET", random("k", 12)]);
    const batch = encodeBatch(template, 500);
    new Patcher(template, 7, 0).patch(batch, 500);
    const drawn = text(batch)
      .match(/k\d+/g)!
      .map((key) => Number(key.slice(1)));
    expect([...new Set(drawn)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test("write numbers without leading zeros, up to those of milliseconds since 1970", () => {
    const template = encode(["X", risingNumber(1_763_000_000_123, 0.5), randomNumber(100, 1)]);
    const batch = encodeBatch(template, 3);
    new Patcher(template, 1, 0).patch(batch, 3);
    expect(text(batch).match(/\d{13}/g)).toEqual(["1763000000123", "1763000000123", "1763000000124"]);
    expect(text(batch).match(/\r\n100\r\n/g)).toHaveLength(3);
  });
});

describe("slots", () => {
  const drawn = (args: readonly Argument[], first: number, commands: number): string[] => {
    const template = encode(args);
    const batch = encodeBatch(template, commands);
    new Patcher(template, 3, first).patch(batch, commands);
    return text(batch).match(/\d{6,}/g)!;
  };

  test("can repeat what the one before was given", () => {
    for (let i = 0; i < 50; i++) {
      const [start, stop] = drawn(["ZRANGE", "z", randomNumber(100_000, 899_990), sameNumber(100_009)], i, 1);
      expect(Number(stop) - Number(start)).toBe(9);
    }
  });

  test("can stay the same for some commands", () => {
    const keys = drawn(["SADD", every(100, "set:")], 99, 3);
    expect(keys).toEqual(["000000000000", "000000000001", "000000000001"]);
  });
});

describe("the reply counter", () => {
  const stream =
    "+OK\r\n:12\r\n$5\r\nhe\r\no\r\n*2\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n*0\r\n*-1\r\n-ERR no\r\n$0\r\n\r\n";

  test("counts top-level replies of every kind", () => {
    const counter = new ReplyCounter();
    expect(counter.feed(Buffer.from(stream))).toBe(8);
    expect(counter.nils).toBe(2);
    expect(counter.firstError).toBe("ERR no");
  });

  test("counts the same wherever the stream is split", () => {
    const bytes = Buffer.from(stream);
    for (let split = 0; split <= bytes.length; split++) {
      const counter = new ReplyCounter();
      expect(counter.feed(bytes.subarray(0, split)) + counter.feed(bytes.subarray(split))).toBe(8);
      expect(counter.nils).toBe(2);
      expect(counter.firstError).toBe("ERR no");
    }
  });
});

describe("the workloads", () => {
  const table = workloads({ small: 1_000_000, large: 10_000, deep: 3_000_000 });

  test("have names of their own and a batch size at least", () => {
    expect(new Set(table.map((one) => one.name)).size).toBe(table.length);
    for (const one of table) expect(one.pipelines.length).toBeGreaterThan(0);
  });

  test("fill exactly the keys that are read", () => {
    const get = table.find((one) => one.name === "GET 16 B")!;
    const fill = get.fill!;
    const template = encode(fill.args);
    const batch = encodeBatch(template, 1);
    new Patcher(template, 1, fill.count - 1).patch(batch, 1);
    expect(text(batch)).toContain("\r\nkey:000000999999\r\n");
    expect(text(encode(get.args).bytes)).toBe("*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000000\r\n");
  });

  test("take away no more than was filled in before or is restored", () => {
    for (const one of table.filter(({ name }) => /POP|REM/.test(name))) {
      expect(one.fill!.count).toBeGreaterThanOrEqual(1_000_000);
      expect(one.restore!.run).not.toBe("once");
    }
  });

  test("use fewer connections only where large values pile up", () => {
    const connections = (name: string, pipeline: number): number =>
      connectionsFor(table.find((one) => one.name === name)!, pipeline);
    expect(connections("SET 1 KB", 64)).toBe(50);
    expect(connections("GET 64 KB", 1)).toBe(50);
    expect(connections("GET 64 KB", 64)).toBe(3);
    expect(connections("PUBLISH to 100", 1)).toBe(50);
    expect(connections("LINSERT in 1M", 1)).toBe(2);
  });
});

describe("the lag of expiry", () => {
  test("is the distance between the deadlines and the removals", () => {
    const lag = lagOf(
      [
        { ms: -100, left: 4 },
        { ms: 10, left: 3 },
        { ms: 75, left: 0 },
      ],
      4,
      100,
    );
    expect(lag).toEqual({ p50: 25, p99: 50, max: 50 });
  });
});

describe("the command line", () => {
  test("takes two servers and tells them apart when they are the same", () => {
    const options = parseOptions(["--ours", "redis-server", "--theirs", "redis-server  --io-threads 2"], "/nowhere")!;
    expect(options.contenders).toEqual([
      { name: "redis-server A", command: ["redis-server"] },
      { name: "redis-server B", command: ["redis-server", "--io-threads", "2"] },
    ]);
  });

  test("measures ours alone when there is nothing to compare with", () => {
    const options = parseOptions(["--ours", "dist/go-redis", "--theirs", "none", "--aof", "off", "--rss"], "/nowhere")!;
    expect(options.contenders).toEqual([{ name: "go-redis", command: ["dist/go-redis"] }]);
    expect(options.aof).toEqual(["off"]);
    expect(options.modes).toEqual(["rss"]);
  });

  test("takes an earlier executable as a third server", () => {
    const options = parseOptions(["--ours", "new", "--theirs", "redis-server", "--before", "old"], "/nowhere")!;
    expect(options.contenders.map(({ name }) => name)).toEqual(["go-redis", "redis-server", "before"]);
  });

  test("refuses what it does not understand", () => {
    expect(() => parseOptions(["--fast"], "/nowhere")).toThrow("--fast");
    expect(() => parseOptions(["--rounds", "0"], "/nowhere")).toThrow("--rounds");
    expect(() => parseOptions(["--aof", "yes"], "/nowhere")).toThrow("--aof");
  });
});

describe("the report", () => {
  test("is Markdown with figures on the right", () => {
    const section = { title: "T", head: ["Name", "n"], rows: [["a", "1"]], notes: ["so"], data: null };
    expect(markdown(section)).toBe("### T\n\n| Name | n |\n| --- | ---: |\n| a | 1 |\n\n- so\n");
  });

  test("shows a dash where there is no figure", () => {
    expect(count(1_234_567.4)).toBe("1,234,567");
    expect(count(Number.NaN)).toBe("-");
    expect(fixed(Number.NaN, 2)).toBe("-");
  });

  test("picks INFO's fields by name and keeps colons in values", () => {
    expect(infoFields("# Stats\r\nexpired_keys:3\r\nurl:a:b\r\n", /expired|url/)).toEqual([
      ["expired_keys", "3"],
      ["url", "a:b"],
    ]);
  });
});

describe("the log of collections", () => {
  test("is read for the largest heap alone, with every pause", () => {
    const log = [
      "12:M * Ready to accept connections",
      "[GC<0xa118>: starting 0.039ms]",
      "[GC<0xa118>: START M 612kb => EdenCollection, a=0kb i#1:N 0+1 => 162kb, p=7.400406ms (max 13.882303), cycle 0.36ms END]",
      "[GC<0xb118>: START M 81439kb => EdenCollection, a=0kb o=0 b=0 i#1:N 4548+0 p=3.093792ms (max 3.093792)...]",
      "[GC<0xb118>: M a=4097kb 0+0 => 80071kb, p=0.500000ms (max 3.1), cycle 2.1ms END]",
      "[GC<0xb118>: START M 90000kb => FullCollection, a=0kb => 80071kb, p=4.250000ms (max 4.25), cycle 4.3ms END]",
    ].join("\n");
    expect(readCollections(log)).toEqual({ eden: 1, full: 1, pausesMs: [3.093792, 0.5, 4.25] });
  });
});
