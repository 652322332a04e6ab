import { resolve, sep } from "node:path";
import { encode } from "../lib/bytes.ts";
import { globMatch } from "../lib/glob.ts";
import type { Host } from "./host.ts";

/**
 * The files that an include names, in alphabetical order. A path without wildcards is one file, whether it exists or
 * not; wildcards match within one folder name, and no name with a leading dot unless they say so.
 */
export function includedFiles(pattern: string, folder: string, host: Host): string[] {
  const path = resolve(folder, pattern);
  if (!isWild(path)) return [path];
  let found = [""];
  for (const part of path.split(sep).slice(1)) {
    found = found.flatMap((parent) => expand(parent, part, host));
  }
  return found.sort();
}

function expand(parent: string, part: string, host: Host): string[] {
  if (!isWild(part)) return [`${parent}/${part}`];
  const matches = host
    .list(parent || "/")
    .filter((name) => name.startsWith(".") === part.startsWith(".") && matchesName(part, name));
  return matches.map((name) => `${parent}/${name}`);
}

function isWild(path: string): boolean {
  return /[*?[]/.test(path);
}

function matchesName(pattern: string, name: string): boolean {
  const [glob, text] = [encode(pattern), encode(name)];
  return globMatch(glob, 0, glob.length, text, 0, text.length, false);
}
