import { type AnyDirective, DIRECTIVES, type DirectiveName } from "./directives.ts";

/**
 * The tables of all directives in Markdown: those that do something, and those that are there for compatibility only.
 */
export function directiveTableMarkdown(): string {
  const names = (Object.keys(DIRECTIVES) as DirectiveName[]).sort();
  const shown = names.map((name) => ({ name, ...(DIRECTIVES[name] as AnyDirective) })).filter(({ hidden }) => !hidden);
  const working = shown.filter(({ effect }) => effect !== "none");
  const inert = shown.filter(({ effect }) => effect === "none");
  return [
    "| Directive | Values | Default | Meaning |",
    "|---|---|---|---|",
    ...working.map(row),
    "",
    "Accepted, kept and shown, but without effect:",
    "",
    "| Directive | Values | Default | Meaning in Redis |",
    "|---|---|---|---|",
    ...inert.map(row),
    "",
  ].join("\n");
}

function row({ name, ...directive }: AnyDirective & { readonly name: DirectiveName }): string {
  const names = [name, ...(directive.aliases ?? [])].map((one) => `\`${one}\``).join(", ");
  const fixed = directive.immutable ? " Set at start only." : "";
  const guarded = directive.protected ? " Protected." : "";
  return `| ${names} | ${directive.kind.type} | ${defaultOf(name, directive)} | ${directive.doc}${fixed}${guarded} |`;
}

function defaultOf(name: DirectiveName, { kind, fallback }: AnyDirective): string {
  if (name === "dir") return "the folder it is started in";
  const [line] = kind.fileLines(fallback, fallback).map(({ words }) => words);
  const text = kind.manyWords ? kind.format(fallback) : line.replace(/^"(.*)"$/, "$1");
  return text === "" ? "" : `\`${text}\``;
}
