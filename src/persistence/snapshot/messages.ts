import type { Chunk } from "./chunk.ts";
import type { RdbFileOptions } from "./rdb-file.ts";

/**
 * What the thread that writes snapshots' files is told. For each file first `open`, then chunks, then `finish` or `abort`; `rehearse` is in
 * place of `open` where there is to be no file: chunks are encoded only, and the end is `abort`.
 */
export type WriterRequest =
  | { readonly kind: "open"; readonly options: RdbFileOptions }
  | { readonly kind: "rehearse" }
  | { readonly kind: "chunk"; readonly chunk: Chunk }
  | { readonly kind: "finish" }
  | { readonly kind: "abort" };

/**
 * What it tells: that a chunk was written, and may be used again; the end; or what went wrong, for the log, and then nothing more of that file
 * but the answer to `abort`.
 */
export type WriterReport =
  | { readonly kind: "written"; readonly chunk: Chunk }
  | { readonly kind: "finished"; readonly bytes: number }
  | { readonly kind: "aborted" }
  | { readonly kind: "failed"; readonly message: string };
