import type { Chunk } from "./chunk.ts";
import type { RdbFileOptions } from "./rdb-file.ts";

/** What the thread that writes a snapshot's file is told. First `open`, then chunks, then `finish` or `abort`. */
export type WriterRequest =
  | { readonly kind: "open"; readonly options: RdbFileOptions }
  | { readonly kind: "chunk"; readonly chunk: Chunk }
  | { readonly kind: "finish" }
  | { readonly kind: "abort" };

/** What it tells: that a chunk was written, and may be used again; the end; or what went wrong, for the log, and then nothing more. */
export type WriterReport =
  | { readonly kind: "written"; readonly chunk: Chunk }
  | { readonly kind: "finished"; readonly bytes: number }
  | { readonly kind: "aborted" }
  | { readonly kind: "failed"; readonly message: string };
