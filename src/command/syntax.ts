/**
 * The compact notation in which commands describe their arguments (`CommandSpec.syntax`), read into the tree that COMMAND DOCS shows.
 *
 *     name                    a string
 *     name:type               key, integer, double, pattern, unix-time, string
 *     name=TOKEN              only a word
 *     name:type=TOKEN         a word, then the value
 *     name<a | b>             one of these
 *     name(a b)               all of these, together
 *     [element]               may be left out
 *     element...              once or several times
 *     element+TOKEN...        the same, each with its word
 *     element#1               the key specification that describes it; 0 is implied for keys
 *     element@7.0.0           since when
 *
 * `=TOKEN`, `#1`, `@7.0.0` and `...` follow whatever they belong to, groups as well. A word may be written `""` when it is empty.
 */
export interface Argument {
  readonly name: string;
  readonly type: string;
  readonly token?: string;
  readonly keySpecIndex?: number;
  readonly since?: string;
  readonly optional: boolean;
  readonly multiple: boolean;
  /** Every occurrence has the token, not only the first. */
  readonly multipleToken: boolean;
  /** The members of a group. */
  readonly arguments: readonly Argument[];
}

/** Throws when the notation is malformed: that is a mistake in the source. */
export function parseSyntax(syntax: string): Argument[] {
  return new SyntaxReader(syntax).readAll();
}

const NAME = /[^\s:=#@<>()[\]|+]+?(?=\.\.\.|[\s:=#@<>()[\]|+]|$)/y;
const TOKEN = /""|[^\s@<>()[\]|]+?(?=\.\.\.|[\s@<>()[\]|]|$)/y;
const VERSION = /\d+\.\d+\.\d+/y;
const INDEX = /\d+/y;

class SyntaxReader {
  private at = 0;

  constructor(private readonly text: string) {}

  readAll(): Argument[] {
    const found = this.readUntil("");
    if (this.at < this.text.length) throw this.malformed("the end");
    return found;
  }

  /** Elements up to a closing character, which is taken. A bar between them means no more than a blank: the brackets say it all. */
  private readUntil(close: string): Argument[] {
    const found: Argument[] = [];
    for (;;) {
      while (this.take(" ") || this.take("|"));
      if (close === "" ? this.at === this.text.length : this.take(close)) return found;
      found.push(this.readElement());
    }
  }

  private readElement(): Argument {
    if (!this.take("[")) return this.readArgument();
    const argument = this.readArgument();
    if (!this.take("]")) throw this.malformed("]");
    return { ...argument, optional: true };
  }

  private readArgument(): Argument {
    const name = this.match(NAME, "a name");
    const given = this.take(":") ? this.match(NAME, "a type") : undefined;
    const group = this.readGroup();
    const suffixes = this.readSuffixes();
    const type =
      given ?? group?.type ?? (suffixes.token === undefined || suffixes.multipleToken ? "string" : "pure-token");
    const keySpec = type === "key" ? { keySpecIndex: 0 } : {};
    const plain = { optional: false, multiple: false, multipleToken: false, arguments: group?.members ?? [] };
    return { name, type, ...plain, ...keySpec, ...suffixes };
  }

  private readGroup(): { type: string; members: Argument[] } | undefined {
    if (this.take("<")) return { type: "oneof", members: this.readUntil(">") };
    if (this.take("(")) return { type: "block", members: this.readUntil(")") };
    return undefined;
  }

  private readSuffixes(): Partial<Argument> {
    let found: Partial<Argument> = {};
    for (;;) {
      if (this.take("=")) found = { ...found, token: this.readToken() };
      else if (this.take("+")) found = { ...found, token: this.readToken(), multipleToken: true };
      else if (this.take("#")) found = { ...found, keySpecIndex: Number(this.match(INDEX, "an index")) };
      else if (this.take("@")) found = { ...found, since: this.match(VERSION, "a version") };
      else if (this.take("...")) found = { ...found, multiple: true };
      else return found;
    }
  }

  private readToken(): string {
    const token = this.match(TOKEN, "a token");
    return token === '""' ? "" : token;
  }

  private take(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  private match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) throw this.malformed(what);
    this.at += found.length;
    return found;
  }

  private malformed(expected: string): Error {
    return new Error(`expected ${expected} at ${this.at} of the syntax "${this.text}"`);
  }
}
