import { statSync } from "node:fs";
import { dirname } from "node:path";
import { type ByteString, byteString, textOf } from "../../config/text.ts";
import { latin1 } from "../../lib/bytes.ts";
import type { Clock } from "../../lib/clock.ts";
import { osErrorText } from "../../lib/os-errors.ts";
import { type Manifest, ManifestError, parseManifest } from "../aof/manifest.ts";
import { isRdb } from "../rdb/codes.ts";
import { AofCheck, type AofPart, type AofTask } from "./aof-check.ts";
import { StdioFile } from "./stdio-file.ts";
import { type Terminal, ToolEnded } from "./terminal.ts";

const MANIFEST_LINE_BYTES_MAX = 1024;
/** A snapshot's signature and version are no shorter. */
const RDB_BYTES_MIN = 8;

/**
 * Checks, and on demand cuts, an append-only file: one file, with or without a snapshot at its start, or the parts that a manifest lists.
 * It says and does what redis-check-aof 7.0 does. `program` is how it was called. Returns the status for the process to exit with.
 */
export function checkAof(program: string, args: readonly string[], terminal: Terminal, clock: Clock): number {
  try {
    const { path, task } = readArguments(program, args, terminal);
    const check = new AofCheck(task, terminal, clock);
    if (isManifest(path, terminal)) checkParts(path, check, terminal);
    else checkOldStyle(path, check, terminal);
    return 0;
  } catch (error) {
    if (error instanceof ToolEnded) return 1;
    throw error;
  }
}

function readArguments(program: string, args: readonly string[], terminal: Terminal): { path: string; task: AofTask } {
  const [first, second, third] = args;
  if (args.length === 1) return { path: first!, task: { fix: false, toTimestamp: 0n } };
  if (args.length === 2 && first === "--fix") return { path: second!, task: { fix: true, toTimestamp: 0n } };
  if (args.length === 3 && first === "--truncate-to-timestamp") {
    const toTimestamp = timestamp(second!);
    if (toTimestamp === undefined) return end(terminal, "Invalid timestamp, aborting...\n");
    return { path: third!, task: { fix: false, toTimestamp } };
  }
  return end(terminal, `Usage: ${program} [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>\n`);
}

function timestamp(text: string): bigint | undefined {
  if (text === "") return 0n;
  const digits = /^\s*([-+]?)(\d+)$/.exec(text);
  if (digits === null) return undefined;
  const value = digits[1] === "-" ? -BigInt(digits[2]!) : BigInt(digits[2]!);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function end(terminal: Terminal, text: ByteString): never {
  terminal.print(text);
  throw new ToolEnded();
}

/** Opens a file to look at its beginning. Undefined when it is empty. */
function open(path: string, terminal: Terminal): StdioFile | undefined {
  try {
    const file = new StdioFile(path, "r");
    if (statSync(path).isDirectory()) return end(terminal, `Cannot read file: ${byteString(path)}\n`);
    return file.size === 0 ? undefined : file;
  } catch (error) {
    if (error instanceof ToolEnded) throw error;
    return end(terminal, `Cannot open file ${byteString(path)}: ${osErrorText(error)}\n`);
  }
}

/** Whether a line that is no comment starts like a line of a manifest. */
function isManifest(path: string, terminal: Terminal): boolean {
  const file = open(path, terminal);
  const line = new Uint8Array(MANIFEST_LINE_BYTES_MAX + 1);
  let found = false;
  while (!found && file !== undefined && file.line(line, MANIFEST_LINE_BYTES_MAX) > 0) {
    found = latin1(line, 0, 4) === "file";
  }
  file?.close();
  return found;
}

function startsWithRdb(path: string, terminal: Terminal): boolean {
  const file = open(path, terminal);
  const head = new Uint8Array(RDB_BYTES_MIN + 1);
  const found = file !== undefined && file.size >= RDB_BYTES_MIN && file.line(head, RDB_BYTES_MIN) > 0 && isRdb(head);
  file?.close();
  return found;
}

function checkOldStyle(path: string, check: AofCheck, terminal: Terminal): void {
  const preamble = startsWithRdb(path, terminal);
  terminal.print("Start checking Old-Style AOF\n");
  const name = byteString(path);
  check.run({ path, name, kind: "AOF", isLast: true, preamble });
}

function checkParts(path: string, check: AofCheck, terminal: Terminal): void {
  terminal.print("Start checking Multi Part AOF\n");
  const { base, increments } = readManifest(path, terminal);
  const folder = dirname(path);
  const part = (name: ByteString): Pick<AofPart, "path" | "name"> => ({ path: `${folder}/${textOf(name)}`, name });
  if (base !== undefined) {
    const { path, name } = part(base.name);
    const preamble = startsWithRdb(path, terminal);
    terminal.print(`Start to check BASE AOF (${preamble ? "RDB" : "RESP"} format).\n`);
    check.run({ path, name, kind: "BASE AOF", isLast: increments.length === 0, preamble });
  }
  if (increments.length > 0) {
    terminal.print("Start to check INCR files.\n");
    for (const [i, { name }] of increments.entries()) {
      check.run({ ...part(name), kind: "INCR AOF", isLast: i === increments.length - 1, preamble: false });
    }
  }
  terminal.print("All AOF files and manifest are valid\n");
}

function readManifest(path: string, terminal: Terminal): Manifest {
  const file = new StdioFile(path, "r");
  try {
    return parseManifest(file.text());
  } catch (error) {
    if (error instanceof ManifestError) return end(terminal, `${byteString(error.message)}\n`);
    throw error;
  } finally {
    file.close();
  }
}
