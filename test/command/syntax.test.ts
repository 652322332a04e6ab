import { describe, expect, test } from "bun:test";
import { type Argument, parseSyntax } from "../../src/command/syntax.ts";

/** The tree in short: what is said of each argument, members in parentheses. */
function shown(list: readonly Argument[]): string {
  return list.map(one).join(" ");
}

function one(argument: Argument): string {
  const said = [
    argument.type,
    argument.token !== undefined && `token "${argument.token}"`,
    argument.since !== undefined && `since ${argument.since}`,
    argument.keySpecIndex !== undefined && `key ${argument.keySpecIndex}`,
    argument.optional && "optional",
    argument.multiple && "multiple",
    argument.multipleToken && "multiple token",
  ].filter((text) => text !== false);
  const members = argument.arguments.length > 0 ? ` (${shown(argument.arguments)})` : "";
  return `${argument.name}[${said.join(", ")}]${members}`;
}

describe("the notation of arguments", () => {
  const cases: Record<string, string> = {
    "": "",
    "key:key value": "key[key, key 0] value[string]",
    "newkey:key#1": "newkey[key, key 1]",
    "[count:integer]": "count[integer, optional]",
    "replace=REPLACE": 'replace[pure-token, token "REPLACE"]',
    "[destination-db:integer=DB]": 'destination-db[integer, token "DB", optional]',
    "key:key...": "key[key, key 0, multiple]",
    "[section...]": "section[string, optional, multiple]",
    "[username@6.0.0] password": "username[string, since 6.0.0, optional] password[string]",
    "[get=GET@6.2.0]": 'get[pure-token, token "GET", since 6.2.0, optional]',
    "get-pattern:pattern+GET...": 'get-pattern[pattern, token "GET", multiple, multiple token]',
    "data(key:key value)...": "data[block, multiple] (key[key, key 0] value[string])",
    "limit(offset:integer count:integer)=LIMIT": 'limit[block, token "LIMIT"] (offset[integer] count[integer])',
    "condition<nx=NX | xx=XX>@2.6.12":
      'condition[oneof, since 2.6.12] (nx[pure-token, token "NX"] xx[pure-token, token "XX"])',
    "[type<a=A | b=B>=TYPE@5.0.0]":
      'type[oneof, token "TYPE", since 5.0.0, optional] (a[pure-token, token "A"] b[pure-token, token "B"])',
    "strategy<equal== | approximately=~>":
      'strategy[oneof] (equal[pure-token, token "="] approximately[pure-token, token "~"])',
    'empty-string=""': 'empty-string[pure-token, token ""]',
    "[a([b<c=C | d=D>=B] e)...]":
      'a[block, optional, multiple] (b[oneof, token "B", optional] (c[pure-token, token "C"] d[pure-token, token "D"]) e[string])',
  };
  for (const [syntax, tree] of Object.entries(cases)) {
    test(`reads ${syntax === "" ? "nothing" : syntax}`, () => {
      expect(shown(parseSyntax(syntax))).toBe(tree);
    });
  }

  test("is refused when it is malformed, with the place", () => {
    for (const bad of ["a(b", "[a", "a<b | c", "a)", "=X", "a@6", "a#", "a: b", "a=", "[a b]"]) {
      expect(() => parseSyntax(bad)).toThrow(/expected .* of the syntax/);
    }
  });
});
