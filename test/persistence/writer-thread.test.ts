import { afterEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CHUNK_BYTES, type Chunk } from "../../src/persistence/snapshot/chunk.ts";
import { type FileEnd, FileThread, ThreadSink } from "../../src/persistence/snapshot/writer-thread.ts";
import { InlineThread } from "./inline-thread.ts";
import { removeScratch, scratch } from "./scratch.ts";

afterEach(removeScratch);

function options(folder: string, name: string) {
  return { path: join(folder, name), temporary: join(folder, `${name}.tmp`), checksum: false, syncsBits: false };
}

/** A thread that writes files, and what became of them. */
class Rig {
  readonly threads: InlineThread[] = [];
  readonly folder = scratch();
  readonly ends: (readonly [name: string, end: FileEnd])[] = [];
  readonly owner = new FileThread(() => {
    const thread = new InlineThread();
    this.threads.push(thread);
    return thread;
  });

  open(name: string): ThreadSink {
    const request = { kind: "open", options: options(this.folder, name) } as const;
    return new ThreadSink(
      this.owner,
      request,
      () => {},
      (end) => this.ends.push([name, end]),
    );
  }

  chunk(): Chunk {
    const chunk = this.owner.pool.take();
    return { ...chunk, length: 10 };
  }
}

describe("the thread that writes files", () => {
  test("writes one after the other", () => {
    const rig = new Rig();
    for (const name of ["a", "b"]) {
      const sink = rig.open(name);
      sink.write(rig.chunk());
      sink.finish();
    }
    rig.threads[0].work();
    expect(rig.ends).toEqual([
      ["a", { bytes: 18 }],
      ["b", { bytes: 18 }],
    ]);
    expect(rig.threads).toHaveLength(1);
  });

  test("tells nothing of a file that was given up, and the next one is written, whenever that was", () => {
    for (let served = 0; served <= 4; served++) {
      const rig = new Rig();
      const given = rig.open("a");
      given.write(rig.chunk());
      given.finish();
      const { threads } = rig;
      // What the thread reports is heard only later.
      const heard: (() => void)[] = [];
      const { onmessage } = threads[0];
      threads[0].onmessage = (event) => heard.push(() => onmessage?.call(threads[0], event));
      threads[0].work(served);
      given.abort();
      const next = rig.open("b");
      next.write(rig.chunk());
      next.finish();
      threads[0].work();
      for (const hear of heard) hear();
      expect(rig.ends).toEqual([["b", { bytes: 18 }]]);
      expect([existsSync(join(rig.folder, "b")), existsSync(join(rig.folder, "a.tmp"))]).toEqual([true, false]);
    }
  });

  test("goes on after a file that can't be written", () => {
    const rig = new Rig();
    const failing = rig.open("missing/a");
    failing.write(rig.chunk());
    failing.finish();
    rig.open("b").finish();
    rig.threads[0].work();
    expect(rig.ends.map(([name, end]) => [name, "error" in end])).toEqual([
      ["missing/a", true],
      ["b", false],
    ]);
  });

  test("is replaced when it fails", () => {
    const rig = new Rig();
    rig.open("a");
    rig.threads[0].onerror?.({ message: "gone" } as ErrorEvent);
    expect(rig.ends).toEqual([["a", { error: "The thread that writes the file failed: gone" }]]);
    rig.open("b").finish();
    rig.threads[1].work();
    expect(rig.ends[1]).toEqual(["b", { bytes: 8 }]);
  });

  test("takes chunks back", () => {
    const rig = new Rig();
    const sink = rig.open("a");
    for (let n = 0; n < 8; n++) sink.write(rig.chunk());
    expect(sink.isFull).toBe(true);
    rig.threads[0].work();
    expect(sink.isFull).toBe(false);
  });

  test("frees its chunks when the last file is over", () => {
    const rig = new Rig();
    const { pool } = rig.owner;
    const [a, b] = [rig.open("a"), rig.open("b")];
    const chunk = pool.take();
    pool.give(chunk);
    a.finish();
    rig.threads[0].work();
    expect(chunk.buf.length).toBeGreaterThan(0);
    b.abort();
    rig.threads[0].work();
    expect([chunk.buf.length, chunk.marks.length]).toEqual([0, 0]);
  });

  test("frees a chunk that is too large to be kept", () => {
    const large = { buf: new Uint8Array(2 * CHUNK_BYTES), length: 0, marks: new Int32Array(1), markCount: 0 };
    new Rig().owner.pool.give(large);
    expect([large.buf.length, large.marks.length]).toEqual([0, 0]);
  });
});
