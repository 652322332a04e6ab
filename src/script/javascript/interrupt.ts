/**
 * The machine's question whether to go on, as WebAssembly: only WebAssembly may stand between a suspended run and the import that
 * suspends it, and that one always suspends, so that it must be called only when it is to.
 *
 *     (import "host" "poll" (func $poll (result i32)))
 *     (import "host" "pause" (func $pause))
 *     (func (export "interrupt") (result i32) (local $verdict i32)
 *       (if (i32.eq (local.tee $verdict (call $poll)) (i32.const 2))
 *         (then (call $pause) (local.set $verdict (call $poll))))
 *       (i32.eq (local.get $verdict) (i32.const 1)))
 */
const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const I32 = 0x7f;
const name = (text: string) => [text.length, ...Buffer.from(text)];
const section = (id: number, bytes: number[]) => [id, bytes.length, ...bytes];

const TYPES = section(1, [2, 0x60, 0, 1, I32, 0x60, 0, 0]);
const IMPORTS = section(2, [2, ...name("host"), ...name("poll"), 0, 0, ...name("host"), ...name("pause"), 0, 1]);
const FUNCTIONS = section(3, [1, 0]);
const EXPORTS = section(7, [1, ...name("interrupt"), 0, 2]);
const CALL_POLL = [0x10, 0];
const CALL_PAUSE = [0x10, 1];
const BODY = [
  ...[1, 1, I32],
  ...[...CALL_POLL, 0x22, 0, 0x41, 2, 0x46],
  ...[0x04, 0x40, ...CALL_PAUSE, ...CALL_POLL, 0x21, 0, 0x0b],
  ...[0x20, 0, 0x41, 1, 0x46, 0x0b],
];
const CODE = section(10, [1, BODY.length, ...BODY]);

/** Answers 1 when the run is to be ended. `pause` must be a `WebAssembly.Suspending`. */
export function makeInterrupt(poll: () => number, pause: () => void): () => number {
  const module = new WebAssembly.Module(Uint8Array.from([HEADER, TYPES, IMPORTS, FUNCTIONS, EXPORTS, CODE].flat()));
  const { exports } = new WebAssembly.Instance(module, { host: { poll, pause } });
  return exports["interrupt"] as () => number;
}
