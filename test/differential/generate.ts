// The little language in which a family file describes its commands. A Part generates some of a command's arguments:
//
//   GETRANGE: seq(key, index, index),
//   SET: seq(key, value, anyOrder(word("NX", "XX"), word("GET"), expiry)),
//
// is all it takes to have GETRANGE and SET compared, in every order and mixture with the other commands of the family,
// with valid and with damaged arguments, over both protocols.
import fc from "fast-check";
import type { Words } from "./words.ts";

export type Part = fc.Arbitrary<Words>;

/** The commands of a family: the key is the command's name, with its subcommand if any; the value its arguments. */
export type CommandTable = Readonly<Record<string, Part>>;

export interface Family {
  readonly name: string;
  readonly commands: CommandTable;
  /** Commands that go before every sequence, to undo what an earlier one may have left in the server's settings. */
  readonly prepare?: string;
  /** Commands, damaged ones included, in which the servers differ on purpose; say why where it is defined. */
  readonly avoid?: (command: Words) => boolean;
  /** Example commands, one per line (see words.ts), run in order from an empty server. For errors and fine points. */
  readonly cases: string;
}

// ---- combinators

export const none: Part = fc.constant([]);

/** One of these words. */
export function word(...choices: string[]): Part {
  return fc.constantFrom(...choices).map((choice) => [choice]);
}

/** All parts, in this order. */
export function seq(...parts: Part[]): Part {
  return fc.tuple(...parts).map((chosen) => chosen.flat());
}

/** One of the parts. */
export function oneOf(...parts: Part[]): Part {
  return fc.oneof(...parts);
}

/** The parts in this order, or nothing. */
export function maybe(...parts: Part[]): Part {
  return fc.option(seq(...parts), { nil: [] as Words, freq: 2 });
}

/** The part from `min` to `max` times. */
export function many(part: Part, min = 1, max = 4): Part {
  return fc.array(part, { minLength: min, maxLength: max }).map((chosen) => chosen.flat());
}

/** Any of the parts in any order, each at most once: how Redis takes most options. */
export function anyOrder(...parts: Part[]): Part {
  const order = fc.shuffledSubarray(
    parts.map((_part, i) => i),
    { maxLength: parts.length },
  );
  return fc.tuple(order, ...parts).map(([chosen, ...all]) => chosen.flatMap((i) => all[i]!));
}

// ---- pools: small, so that commands meet each other's keys and values

const KEYS = ["k1", "k2", "k3", "k4", "{t}a", "{t}b", "", "a b", "\xff\x00\r\n"];
const FIELDS = ["f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "", "\xfe\x00", "12", "x".repeat(40)];
const VALUES = [
  "",
  "v",
  "hello world",
  "0",
  "1",
  "-1",
  "10",
  "9999",
  "10000",
  "12345678901",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "007",
  "-0",
  "+1",
  " 1",
  "1 ",
  "3.14",
  "-2.50",
  "1e5",
  "\x00\x01\x02",
  "\xff\xfe\xf0",
  "\xc3\xa9\xc3\xa8",
  "line\r\nline",
  "a".repeat(44),
  "b".repeat(45),
  "c".repeat(31),
  "d".repeat(33),
  "e".repeat(200),
];
const INTS = ["0", "1", "-1", "2", "-2", "5", "-7", "100", "4294967296", "9223372036854775807", "-9223372036854775808"];
const INDEXES = [
  "0",
  "1",
  "2",
  "3",
  "-1",
  "-2",
  "-3",
  "7",
  "30",
  "-30",
  "100",
  "2147483647",
  "-2147483648",
  "5000000000",
];
const FLOATS = [
  "0",
  "1",
  "-1",
  "0.1",
  "0.2",
  "-2.5",
  "3.0",
  "1e3",
  "5.0e3",
  "1e-5",
  "10.5",
  "100000000",
  "0.001",
  "1e17",
];
const BAD_NUMBERS = ["", "abc", "1.5", " 1", "1 ", "0x10", "9223372036854775808", "-9223372036854775809", "007", "nan"];
const BAD_FLOATS = ["", "abc", "1.5x", " 1", "1 ", "nan", "inf", "-inf", "1e400", "1e5000", "0x1p4"];
const JUNK = [
  "",
  "x",
  "-1",
  "0",
  "NX",
  "GET",
  "1.5",
  "9223372036854775807",
  "9223372036854775808",
  "\xff\x01",
  "WITHVALUES",
];

function pool(choices: readonly string[]): Part {
  return fc.constantFrom(...choices).map((choice) => [choice]);
}

function mostly(good: Part, bad: Part): Part {
  return fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: bad });
}

export const key = pool(KEYS);
export const field = pool(FIELDS);
export const value = pool(VALUES);
export const float = mostly(pool(FLOATS), pool(BAD_FLOATS));
export const int = mostly(pool(INTS), pool(BAD_NUMBERS));
/** A position in a short string or collection. */
export const index = mostly(pool(INDEXES), pool(BAD_NUMBERS));
/** A number of elements. */
export const count = mostly(word("0", "1", "2", "3", "10", "-1", "-3", "1000"), pool(BAD_NUMBERS));
export const pattern = word(
  "*",
  "k*",
  "k?",
  "k[1-2]",
  "k[^1]",
  "{t}*",
  "",
  "*\xff*",
  "f1*",
  "\\k1",
  "[",
  "nope",
  "k[3-1]",
);

/** Where nothing expires while a sequence runs: deadlines lie minutes ahead, in the past, or are wrong. */
export const seconds = mostly(
  word("1000", "5000", "100000", "3000000000"),
  word("0", "-1", "abc", "", "1.5", "9223372036854775807"),
);
export const milliseconds = mostly(
  word("1000000", "5000000", "100000000", "99999999999"),
  word("0", "-1", "abc", "9223372036854775807", "9223372036854775000"),
);
export const unixSeconds = mostly(word("4000000000", "33177117420"), word("1", "0", "-1", "abc", "9223372036854775"));
export const unixMilliseconds = mostly(
  word("4000000000000", "33177117420000"),
  word("1", "0", "-1", "abc", "9223372036854775807"),
);

// ---- whole commands

/** A command of the table, one time in six with something wrong: a word missing, added, replaced or repeated. */
export function anyCommand(table: CommandTable): fc.Arbitrary<Words> {
  const whole = Object.entries(table).map(([name, args]) => args.map((chosen) => [...name.split(" "), ...chosen]));
  return fc.tuple(fc.oneof(...whole), caseChange, fc.option(damage, { freq: 6 })).map(([command, change, harm]) => {
    const changed = change(command);
    return harm === null ? changed : harm(changed);
  });
}

type Edit = (command: Words) => Words;

/** Names and options are case-insensitive, so the name comes in both cases. */
const caseChange: fc.Arbitrary<Edit> = fc.constantFrom<Edit>(
  (command) => command,
  ([name, ...rest]) => [name!.toLowerCase(), ...rest],
);

/** Never touches the name, and adds no small positive number: one in the place of a deadline would race with the clock. */
const damage: fc.Arbitrary<Edit> = fc
  .tuple(fc.constantFrom("drop", "add", "replace", "repeat"), fc.nat(8), fc.constantFrom(...JUNK))
  .map(([kind, where, junk]) => (command: Words) => {
    const at = 1 + (where % Math.max(1, command.length - 1));
    if (kind === "add") return [...command, junk];
    if (kind === "drop") return command.filter((_word, i) => i !== at);
    if (kind === "replace") return command.map((old, i) => (i === at ? junk : old));
    return [...command.slice(0, at), ...command.slice(at, at + 1), ...command.slice(at)];
  });

/** What any family's sequence is mixed with, so that its commands meet missing keys, other types and deadlines. */
const surroundings: CommandTable = {
  SET: seq(key, value),
  HSET: seq(key, many(seq(field, value), 1, 3)),
  DEL: key,
  EXPIRE: seq(key, word("5000")),
};

export function sequenceOf(family: Family, length: number): fc.Arbitrary<Words[]> {
  const command = fc.oneof(
    { weight: 5, arbitrary: anyCommand(family.commands) },
    { weight: 1, arbitrary: anyCommand(surroundings) },
  );
  const wanted = command.filter((words) => family.avoid?.(words) !== true);
  return fc.array(wanted, { minLength: 1, maxLength: length, size: "max" });
}
