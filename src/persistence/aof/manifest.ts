import { type ByteString, quotedIfNeeded, splitLine } from "../../config/text.ts";

/** Redis takes lines of up to 1,024 bytes, the line break included. */
const LINE_BYTES_MAX = 1023;

/** Base: the data at one moment. Increment: the writes after it. History: not needed any more, to be removed. */
export type AofFileType = "b" | "i" | "h";

export interface AofFile {
  /** Within the folder. */
  readonly name: ByteString;
  readonly seq: number;
  readonly type: AofFileType;
}

/** Which files make up the append-only file, in Redis 7's terms. */
export interface Manifest {
  readonly base: AofFile | undefined;
  readonly history: readonly AofFile[];
  /** In the order in which they are to be replayed: their numbers ascend. */
  readonly increments: readonly AofFile[];
}

export const EMPTY_MANIFEST: Manifest = { base: undefined, history: [], increments: [] };

/** A manifest while it is being read. */
interface Draft {
  base: AofFile | undefined;
  readonly history: AofFile[];
  readonly increments: AofFile[];
}

/** What is wrong with a manifest, in lines for the log. */
export class ManifestError extends Error {
  constructor(reason: string, line?: { readonly number: number; readonly text: string }) {
    const where = line === undefined ? [] : [`Reading the manifest file, at line ${line.number}`, `>>> '${line.text}'`];
    super(["", "*** FATAL AOF MANIFEST FILE ERROR ***", ...where, reason].join("\n"));
  }
}

/** Reads a manifest as Redis does, and refuses what Redis refuses. Throws ManifestError. */
export function parseManifest(text: ByteString): Manifest {
  if (text === "") throw new ManifestError("Found an empty AOF manifest");
  const lines = text.split("\n");
  const unended = lines.pop();
  const files: Draft = { base: undefined, history: [], increments: [] };
  for (const [i, line] of lines.entries()) {
    if (line.length > LINE_BYTES_MAX) throw new ManifestError("The AOF manifest file contains too long line");
    const reason = line.startsWith("#") ? undefined : takeLine(line, files);
    if (reason !== undefined) throw new ManifestError(reason, { number: i + 1, text: trimmed(line) });
  }
  // A last line without its end is what Redis calls too long: it looks for the line break only.
  if (unended !== "") throw new ManifestError("The AOF manifest file contains too long line");
  return files;
}

/** Adds the file that a line names. Returns what is wrong with the line. */
function takeLine(line: string, files: Draft): string | undefined {
  const file = parseLine(line);
  if (typeof file === "string") return file;
  if (file.type === "h") {
    files.history.push(file);
  } else if (file.type === "b") {
    if (files.base !== undefined) return "Found duplicate base file information";
    files.base = file;
  } else {
    if (file.seq <= (files.increments.at(-1)?.seq ?? 0)) return "Found a non-monotonic sequence number";
    files.increments.push(file);
  }
  return undefined;
}

function parseLine(line: string): AofFile | string {
  const bad = "Invalid AOF manifest file format";
  const words = splitLine(trimmed(line));
  if (words === undefined || words.length < 6 || words.length % 2 !== 0) return bad;
  let name = "";
  let seq = 0;
  let type = "";
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1]!;
    switch (words[i]!.toLowerCase()) {
      case "file":
        if (value.includes("/")) return "File can't be a path, just a filename";
        name = value;
        break;
      case "seq":
        seq = Number.parseInt(value, 10) || 0;
        break;
      case "type":
        type = value.slice(0, 1);
        break;
    }
  }
  if (name === "" || seq <= 0 || type === "") return bad;
  return type === "b" || type === "i" || type === "h" ? { name, seq, type } : "Unknown AOF file type";
}

function trimmed(line: ByteString): ByteString {
  return line.replace(/^[ \t\r]+|[ \t\r]+$/g, "");
}

export function formatManifest({ base, history, increments }: Manifest): ByteString {
  return [...(base === undefined ? [] : [base]), ...history, ...increments]
    .map(({ name, seq, type }) => `file ${quotedIfNeeded(name)} seq ${seq} type ${type}\n`)
    .join("");
}

/** The manifest once `base` has taken the place of what was before `since`, or of everything. */
export function withBase(manifest: Manifest, base: AofFile, since: AofFile | undefined): Manifest {
  const isOld = ({ seq }: AofFile) => since === undefined || seq < since.seq;
  const old = [...(manifest.base === undefined ? [] : [manifest.base]), ...manifest.increments.filter(isOld)];
  const later = manifest.increments.filter((file) => !isOld(file));
  return {
    base,
    history: [...manifest.history, ...old.map((file): AofFile => ({ ...file, type: "h" }))],
    increments: later.length > 0 || since === undefined ? later : [since],
  };
}
