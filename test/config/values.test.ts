import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigStore } from "../../src/config/store.ts";
import { readAnswers } from "./fixtures/answers.ts";
import { answerOf, type LineAnswer, type SetAnswer } from "./fixtures/ask.ts";
import { fakeHost } from "./fixtures/host.ts";

/** Where this server means to differ from Redis. */
const OWN_ANSWERS: Record<string, string> = {
  // A folder that the fake machine does not have, and one that is no folder only on a real one.
  "dir=/etc/passwd": "! No such file or directory",
  // Of the fake machine's 8 GB.
  "maxmemory=10%": "= 858993459",
  // LRM policies are Redis 8.6's.
  "maxmemory-policy=lru":
    "! argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, volatile-ttl, volatile-lrm, allkeys-lru, allkeys-lfu, allkeys-random, allkeys-lrm, noeviction",
};
function ourAnswer(name: string, value: string): string {
  const config = new ConfigStore(fakeHost());
  const error = config.set([[name, value]]);
  return answerOf(name, error, error === undefined ? (config.get([name])[0]?.[1] ?? "") : "");
}

function ourReason(line: string): string {
  const result = loadConfig({ argv: ["-"], env: {}, product: "go-redis", host: fakeHost({}, line) });
  return result.action === "fail" ? (result.error.split("\n").at(-1) ?? "") : "";
}

describe("values of directives", () => {
  test("are read, shown and refused as redis-server does, in CONFIG SET", () => {
    for (const [name, value, answer] of readAnswers<SetAnswer>("sets")) {
      const expected = OWN_ANSWERS[`${name}=${value}`] ?? answer;
      expect(`${name} ${value} ${ourAnswer(name, value)}`).toBe(`${name} ${value} ${expected}`);
    }
  });

  test("are read and refused as redis-server does, in a configuration file", () => {
    for (const [line, reason] of readAnswers<LineAnswer>("lines")) {
      expect(`${line}: ${ourReason(line)}`).toBe(`${line}: ${reason}`);
    }
  });
});
