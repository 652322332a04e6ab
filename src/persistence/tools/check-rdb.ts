import { closeSync, fstatSync, openSync } from "node:fs";
import { type ByteString, byteString } from "../../config/text.ts";
import { Keyspace } from "../../keyspace/keyspace.ts";
import { latin1, Span } from "../../lib/bytes.ts";
import type { Clock } from "../../lib/clock.ts";
import { osErrorText } from "../../lib/os-errors.ts";
import { Random } from "../../lib/random.ts";
import { CHECKSUM_VERSION, HEADER_BYTES, MAGIC, OPCODE, TYPE, VERSION_MAX } from "../rdb/codes.ts";
import { readModuleType, skipModuleAux, skipModuleValue } from "../rdb/module-values.ts";
import { RdbError, RdbInput } from "../rdb/rdb-input.ts";
import { ValueReader } from "../rdb/value-reader.ts";
import { rdbErrorText, TYPE_NAMES } from "./rdb-texts.ts";
import type { Terminal } from "./terminal.ts";

/** What the tool was at when something was wrong, as its report calls it. */
type Doing =
  | "start"
  | "read-type"
  | "read-expire"
  | "read-key"
  | "read-object-value"
  | "check-sum"
  | "read-len"
  | "read-aux"
  | "read-module-aux"
  | "read-functions";

/** Something that is wrong beside what the reading of values finds. */
class CheckError extends Error {}

const NO_TYPE = -1;
const NONE = -1;

/** Checks a snapshot as redis-check-rdb 7.0 does, and says the same. Returns the status for the process to exit with. */
export function checkRdb(program: string, args: readonly string[], terminal: Terminal, clock: Clock): number {
  if (args.length !== 1) {
    terminal.print(`Usage: ${program} <rdb-file-name>\n`);
    return 1;
  }
  return checkSnapshot(args[0]!, terminal, clock) === undefined ? 1 : 0;
}

/** Checks the snapshot at the start of a file. Returns its length; undefined when something is wrong. */
export function checkSnapshot(path: string, terminal: Terminal, clock: Clock): number | undefined {
  terminal.print(`[offset 0] Checking RDB file ${byteString(path)}\n`);
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    terminal.print(`Cannot open file ${byteString(path)}: ${osErrorText(error)}\n`);
    return undefined;
  }
  try {
    return new RdbCheck(fd, terminal, clock).run();
  } finally {
    closeSync(fd);
  }
}

/** Reads everything in a snapshot, and keeps nothing of it. */
class RdbCheck {
  private readonly input = new RdbInput();
  private readonly values: ValueReader;
  private readonly a = new Span();
  private readonly b = new Span();
  private readonly nowMs: number;
  private version = 0;
  private doing: Doing = "start";
  private key: ByteString | undefined;
  private type = 0;
  private deadlineMs = NONE;
  private keys = 0;
  private timed = 0;
  private expired = 0;

  constructor(
    fd: number,
    private readonly terminal: Terminal,
    clock: Clock,
  ) {
    this.input.openFile(fd, fstatSync(fd).size, true);
    this.values = new ValueReader(new Keyspace(1, clock, new Random()), this.input);
    this.nowMs = clock.unixMs();
  }

  run(): number | undefined {
    try {
      this.readHeader();
      while (this.readItem());
      this.inform("\\o/ RDB looks OK! \\o/");
      this.printCounts();
      return this.input.offset;
    } catch (error) {
      if (error instanceof CheckError) this.fail(error.message);
      else if (error instanceof RdbError) this.fail(rdbErrorText(error, this.type));
      else throw error;
      return undefined;
    }
  }

  private inform(text: ByteString): void {
    this.terminal.print(`[offset ${this.input.offset}] ${text}\n`);
  }

  private fail(text: ByteString): void {
    const { terminal } = this;
    terminal.print("--- RDB ERROR DETECTED ---\n");
    this.inform(text);
    terminal.print(`[additional info] While doing: ${this.doing}\n`);
    if (this.key !== undefined) terminal.print(`[additional info] Reading key '${this.key}'\n`);
    if (this.type !== NO_TYPE) {
      terminal.print(`[additional info] Reading type ${this.type} (${TYPE_NAMES[this.type] ?? "unknown"})\n`);
    }
    this.printCounts();
  }

  private printCounts(): void {
    this.terminal.print(
      `[info] ${this.keys} keys read\n[info] ${this.timed} expires\n[info] ${this.expired} already expired\n`,
    );
  }

  private readHeader(): void {
    const { input } = this;
    input.need(HEADER_BYTES);
    const header = latin1(input.buf, input.at, HEADER_BYTES);
    input.at += HEADER_BYTES;
    if (!header.startsWith(MAGIC)) throw new CheckError("Wrong signature trying to load DB from file");
    this.version = Number.parseInt(header.slice(MAGIC.length), 10) || 0;
    if (this.version < 1 || this.version > VERSION_MAX) {
      throw new CheckError(`Can't handle RDB format version ${this.version}`);
    }
  }

  /** False at the end. */
  private readItem(): boolean {
    const { input } = this;
    this.doing = "read-type";
    const code = input.byte();
    switch (code) {
      case OPCODE.EXPIRE_S:
        this.doing = "read-expire";
        this.deadlineMs = input.int32() * 1000;
        return true;
      case OPCODE.EXPIRE_MS:
        this.doing = "read-expire";
        this.deadlineMs = input.milliseconds();
        return true;
      case OPCODE.FREQ:
        input.byte();
        return true;
      case OPCODE.IDLE:
        input.plainLength();
        return true;
      case OPCODE.END:
        if (this.version >= CHECKSUM_VERSION) this.checkSum();
        return false;
      default:
        if (!this.readNote(code)) this.readKey(code);
        return true;
    }
  }

  /** False when it is none, but the type of a key. */
  private readNote(code: number): boolean {
    const { input } = this;
    switch (code) {
      case OPCODE.SELECT_DB:
        this.doing = "read-len";
        this.inform(`Selecting DB ID ${this.readDatabase()}`);
        return true;
      case OPCODE.RESIZE_DB:
      case OPCODE.SLOT_INFO:
        this.doing = "read-len";
        for (let i = code === OPCODE.RESIZE_DB ? 2 : 3; i > 0; i--) input.plainLength();
        return true;
      case OPCODE.AUX:
        this.readAux();
        return true;
      case OPCODE.MODULE_AUX:
        this.doing = "read-module-aux";
        this.inform(`MODULE AUX for: ${readModuleType(input)}`);
        skipModuleAux(input);
        return true;
      case OPCODE.FUNCTION_PRE_GA:
        throw new CheckError(`Pre-release function format not supported ${this.version}`);
      case OPCODE.FUNCTION:
        this.doing = "read-functions";
        this.readFunction();
        return true;
      case OPCODE.KEY_META:
        this.doing = "read-module-aux";
        for (let left = input.count(1); left > 0; left--) {
          input.skip(4);
          skipModuleValue(input);
        }
        return true;
      default:
        return false;
    }
  }

  private readFunction(): void {
    try {
      this.input.string(this.a);
    } catch (error) {
      if (error instanceof RdbError) throw new CheckError("Failed loading library, Failed loading library payload");
      throw error;
    }
  }

  /** The offset that is told is that behind the number. */
  private readDatabase(): number {
    return this.input.plainLength();
  }

  private readAux(): void {
    const { input, a, b } = this;
    this.doing = "read-aux";
    input.string(a);
    const name = textOf(a);
    input.string(b);
    this.inform(`AUX FIELD ${name} = '${textOf(b)}'`);
  }

  private readKey(type: number): void {
    const { input, values, a } = this;
    if (type !== TYPE.STRING && type !== TYPE.MODULE && !values.knows(type)) {
      throw new CheckError(`Invalid object type: ${type}`);
    }
    this.type = type;
    this.doing = "read-key";
    input.string(a);
    this.key = textOf(a);
    this.keys++;
    this.doing = "read-object-value";
    this.readValue(type);
    if (this.deadlineMs !== NONE) {
      this.timed++;
      if (this.deadlineMs < this.nowMs) this.expired++;
    }
    this.key = undefined;
    this.type = NO_TYPE;
    this.deadlineMs = NONE;
  }

  private readValue(type: number): void {
    const { input, values } = this;
    if (type === TYPE.STRING) {
      input.string(this.a);
    } else if (type === TYPE.MODULE) {
      readModuleType(input);
      skipModuleValue(input);
    } else {
      try {
        values.begin(type);
        while (!values.step());
        values.drop();
      } catch (error) {
        values.discard();
        throw error;
      }
    }
  }

  private checkSum(): void {
    this.doing = "check-sum";
    const { expected, found } = this.input.checksum();
    if (expected === 0n) this.inform("RDB file was saved with checksum disabled: no check performed.");
    else if (expected !== found) throw new CheckError("RDB CRC error");
    else this.inform("Checksum OK");
  }
}

/** As C prints it: up to a zero byte. */
function textOf({ buf, start, len }: Span): ByteString {
  return latin1(buf, start, len).replace(/\0.*$/s, "");
}
