import { latin1 } from "../lib/bytes.ts";
import { CommandStats } from "../observe/stats.ts";
import type { Args } from "../resp/args.ts";
import { type Command, FLAGS } from "./command.ts";

/** A command in one server's table, with what that server counts of it. */
export class TableEntry {
  readonly stats = new CommandStats();
  readonly name: Uint8Array;
  /** Lower case; of a subcommand "container|word". */
  readonly fullName: string;
  /** Whether a call may change the value of a key that it looks up. */
  readonly mayChange: boolean;
  readonly subcommands: ReadonlyMap<string, TableEntry> | undefined;
  /** Calls of it are quick, so that several are measured together: reading the clock costs as much as one of them. */
  readonly isQuick: boolean;
  /** The next call that a script makes of it is measured after so many others, which are taken to last as long as the last measured. */
  sampleIn = 0;
  sampleUs = 0;

  constructor(
    readonly command: Command,
    readonly parent?: TableEntry,
  ) {
    this.fullName = parent === undefined ? command.name : `${parent.fullName}|${command.name}`;
    this.name = Buffer.from(command.name, "latin1");
    const { complexity, flagBits } = command;
    this.mayChange = (flagBits & FLAGS.readonly) === 0 || (flagBits & FLAGS.may_replicate) !== 0;
    this.isQuick =
      (flagBits & FLAGS.fast) !== 0 || complexity === "O(1)" || complexity?.startsWith("O(log N)") === true;
    this.subcommands =
      command.subcommands && new Map(command.subcommands.map((s) => [s.name, new TableEntry(s, this)]));
  }
}

const SLOTS = 2048;

/** Finds a command by the bytes of its name, letter case aside, without making a string of them. */
export class CommandTable {
  private readonly slots: (TableEntry | undefined)[] = new Array(SLOTS).fill(undefined);
  private last: TableEntry | undefined;
  private readonly byName = new Map<string, TableEntry>();

  constructor(commands: Iterable<Command>) {
    for (const command of commands) this.add(new TableEntry(command));
  }

  private add(entry: TableEntry): void {
    if (this.byName.has(entry.fullName)) throw new Error(`two commands named ${entry.fullName}`);
    this.byName.set(entry.fullName, entry);
    let slot = slotOf(entry.name, 0, entry.name.length);
    while (this.slots[slot] !== undefined) slot = (slot + 1) % SLOTS;
    this.slots[slot] = entry;
  }

  /** Gives a command another name (bytes as latin1), or with "" none. Returns why that is not possible. */
  rename(from: string, to: string): string | undefined {
    const entry = this.byName.get(from.toLowerCase());
    if (entry === undefined) return "No such command in rename-command";
    if (to !== "" && this.byName.has(to.toLowerCase())) return "Target command name already exists";
    const kept = [...this.byName.values()].filter((other) => other !== entry);
    this.slots.fill(undefined);
    this.byName.clear();
    this.last = undefined;
    for (const other of kept) this.add(other);
    if (to !== "") this.add(new TableEntry({ ...entry.command, name: to.toLowerCase() }));
    return undefined;
  }

  /** The command that argument 0 names; for a container its subcommand, if argument 1 names one, else the container itself. */
  find(args: Args): TableEntry | undefined {
    const entry = this.findName(args.buf, args.start[0], args.len[0]);
    if (entry === undefined || entry.subcommands === undefined || args.count < 2) return entry;
    return entry.subcommands.get(latin1(args.buf, args.start[1], args.len[1]).toLowerCase()) ?? entry;
  }

  private findName(buf: Uint8Array, start: number, len: number): TableEntry | undefined {
    // Requests of one kind come in runs.
    if (this.last !== undefined && sameName(this.last.name, buf, start, len)) return this.last;
    for (let slot = slotOf(buf, start, len); ; slot = (slot + 1) % SLOTS) {
      const entry = this.slots[slot];
      if (entry === undefined) return undefined;
      if (sameName(entry.name, buf, start, len)) return (this.last = entry);
    }
  }

  /** By full name in lower case: "get", "client|list". */
  get(fullName: string): TableEntry | undefined {
    const [name, ...sub] = fullName.split("|");
    const entry = this.byName.get(name);
    return sub.length === 0 ? entry : entry?.subcommands?.get(sub.join("|"));
  }

  /** All commands without subcommands, in the order they were registered. */
  [Symbol.iterator](): IterableIterator<TableEntry> {
    return this.byName.values();
  }

  /** All commands, each container followed by its subcommands. */
  *all(): Generator<TableEntry> {
    for (const entry of this) {
      yield entry;
      if (entry.subcommands !== undefined) yield* entry.subcommands.values();
    }
  }

  get size(): number {
    return this.byName.size;
  }
}

/** FNV-1a over the letters as lower case (a bit more than letters, which does no harm). */
function slotOf(buf: Uint8Array, start: number, len: number): number {
  let h = 0x811c9dc5;
  for (let i = start; i < start + len; i++) h = Math.imul(h ^ (buf[i] | 32), 0x01000193);
  return (h ^ (h >>> 15)) & (SLOTS - 1);
}

function sameName(name: Uint8Array, buf: Uint8Array, start: number, len: number): boolean {
  if (name.length !== len) return false;
  for (let i = 0; i < len; i++) {
    let c = buf[start + i];
    if (c >= 65 && c <= 90) c |= 32;
    if (c !== name[i]) return false;
  }
  return true;
}
