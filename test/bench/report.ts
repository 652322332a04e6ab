/** Tables and figures as text. */

/** One table of the report, with what JSON readers get of it. */
export interface Section {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Lines under the table. */
  readonly notes: readonly string[];
  readonly data: unknown;
}

/** A section as Markdown. The first column is text, the others are figures and set to the right. */
export function markdown(section: Section): string {
  const rule = section.head.map((_, i) => (i === 0 ? "---" : "---:"));
  const table = [section.head, rule, ...section.rows].map((cells) => `| ${cells.join(" | ")} |`);
  const notes = section.notes.map((note) => `- ${note}`);
  return [`### ${section.title}`, "", ...table, ...(notes.length > 0 ? ["", ...notes] : []), ""].join("\n");
}

/** 1234567 as "1,234,567"; figures that say nothing ("-") where there is none. */
export function count(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : "-";
}

export function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "-";
}

export function megabytes(bytes: number): string {
  return `${fixed(bytes / 1e6, 1)} MB`;
}

export function milliseconds(us: number): string {
  return fixed(us / 1000, 2);
}
