// How this folder writes commands: as a list of latin1 strings, one character one byte, and in examples as one line.

/** One command with its arguments. */
export type Words = readonly string[];

/**
 * Splits an example line into words: spaces separate, "double quotes" hold anything with \n \r \t \\ \" and \xNN in it.
 * Throws on unbalanced quotes, because an example is written by hand.
 */
export function words(line: string): Words {
  const found = line.match(/"(?:[^"\\]|\\.)*"|[^\s"]+/g) ?? [];
  const left = line.replace(/"(?:[^"\\]|\\.)*"|[^\s"]+/g, "").trim();
  if (left !== "") throw new Error(`unbalanced quotes: ${line}`);
  return found.map((word) => (word.startsWith('"') ? unquote(word.slice(1, -1)) : word));
}

/** The commands of an example text: one per line, empty lines and lines that begin with # left out. */
export function lines(text: string): Words[] {
  const kept = text.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
  return kept.map(words);
}

/** A command as the line that words() reads back. */
export function show(command: Words): string {
  return command.map((word) => (/^[\w.:*+{}-]+$/.test(word) ? word : `"${quote(word)}"`)).join(" ");
}

function unquote(text: string): string {
  const named: Record<string, string> = { n: "\n", r: "\r", t: "\t" };
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (_all, hex: string | undefined, plain: string | undefined) => {
    return hex === undefined ? (named[plain!] ?? plain!) : String.fromCharCode(Number.parseInt(hex, 16));
  });
}

function quote(word: string): string {
  const cut = word.length > 300 ? `${word.slice(0, 300)}...` : word;
  return [...cut].map((c) => (c >= " " && c <= "~" && c !== '"' && c !== "\\" ? c : escapeOne(c))).join("");
}

function escapeOne(c: string): string {
  return c === '"' || c === "\\" ? `\\${c}` : `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
