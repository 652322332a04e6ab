// The thread that makes memory resident before it is needed (see memory/page-toucher.ts).
import { dlopen } from "bun:ffi";
import type { PageRange } from "./memory/page-toucher.ts";

/** Advice of Linux's madvise(2), since 5.14; where it is unknown nothing happens, and pages become resident when they are first used. */
const MADV_POPULATE_WRITE = 23;

declare const self: Worker;

const { symbols } = dlopen("libc.so.6", { madvise: { args: ["u64", "u64", "i32"], returns: "i32" } });

self.onmessage = ({ data: [address, bytes] }: MessageEvent<PageRange>) => {
  symbols.madvise(address, bytes, MADV_POPULATE_WRITE);
};
