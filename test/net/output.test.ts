import { describe, expect, test } from "bun:test";
import { OUTPUT_KEEP_BYTES_MAX } from "../../src/limits.ts";
import { GatheredOutput } from "../../src/net/output.ts";

/** Gathers a reply of so many bytes, of which the kernel takes the first `taken`; what is kept of it, and whether that is a copy. */
function keep(bytes: number, taken: number): { kept: Uint8Array; isCopy: boolean; output: GatheredOutput } {
  const output = new GatheredOutput((error) => {
    throw error;
  });
  output.reply.raw(new Uint8Array(bytes).fill(1));
  let kept: Uint8Array = new Uint8Array();
  let isCopy = false;
  output.add({
    flush() {
      kept = output.keep(taken, bytes - taken);
      isCopy = kept.buffer !== output.reply.buf.buffer;
    },
  });
  output.flush();
  return { kept, isCopy, output };
}

describe("replies that the kernel does not take", () => {
  test("are copied from the buffer that all replies are gathered in", () => {
    const { kept, isCopy, output } = keep(1000, 100);
    expect(isCopy).toBe(true);
    output.reply.raw(new Uint8Array(1000).fill(2));
    expect(kept).toEqual(new Uint8Array(900).fill(1));
  });

  test("stay where they are if they are long: the next ones are gathered elsewhere", () => {
    const { kept, isCopy, output } = keep(OUTPUT_KEEP_BYTES_MAX * 2, 100);
    expect(isCopy).toBe(false);
    output.reply.raw(new Uint8Array(1000).fill(2));
    expect(kept.length).toBe(OUTPUT_KEEP_BYTES_MAX * 2 - 100);
    expect(kept.every((byte) => byte === 1)).toBe(true);
  });

  test("are copied from a buffer of which they are a small part", () => {
    expect(keep(OUTPUT_KEEP_BYTES_MAX * 2, OUTPUT_KEEP_BYTES_MAX * 2 - 100).isCopy).toBe(true);
  });
});
