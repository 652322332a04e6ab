import { dlopen, FFIType, ptr } from "bun:ffi";
import { OUTPUT_KEEP_BYTES_MAX } from "../limits.ts";

/** Linux's MSG_DONTWAIT, and MSG_NOSIGNAL: an error is returned, and no signal sent, when the other side is gone. */
const FLAGS = 0x40 | 0x4000;

type Send = (descriptor: number, address: number, bytes: number, flags: number) => number | bigint;

/** The system call, or nothing where the C library is another one. */
function loadSend(): Send | undefined {
  try {
    const library = dlopen("libc.so.6", {
      send: { args: ["i32", "ptr", FFIType.u64_fast, "i32"], returns: FFIType.i64_fast },
    });
    return library.symbols.send as unknown as Send;
  } catch {
    // Not glibc.
    return undefined;
  }
}

/**
 * Sends from one buffer after the other without the runtime's way to it, which costs 0.2 us more than the system call itself: as much as all
 * that a short command needs to be found and its arguments read. What the kernel does not take is for the runtime to send: only so does it
 * look out for when there is room, or for what is wrong.
 */
export class DirectSender {
  private buf: Uint8Array | undefined;
  private address = 0;

  /** `call`: send(2), undefined where there is none. */
  constructor(private readonly call = loadSend()) {}

  /** Bytes that the kernel took, 0 when there was an error. The descriptor is that of an open socket, or negative when it is not known. */
  send(descriptor: number, buf: Uint8Array, start: number, len: number): number {
    // Longer buffers are given back soon, and not to be held on to.
    if (this.call === undefined || descriptor < 0 || buf.length > OUTPUT_KEEP_BYTES_MAX) return 0;
    if (this.buf !== buf) {
      this.buf = buf;
      this.address = ptr(buf);
    }
    const sent = this.call(descriptor, this.address + start, len, FLAGS);
    return sent > 0 ? Number(sent) : 0;
  }
}
