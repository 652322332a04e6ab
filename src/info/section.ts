import type { ServerContext } from "../command/context.ts";

/** Names and values in the order in which they are shown. */
export type Fields = Record<string, string | number>;

/** A part of INFO. */
export interface Section {
  /** As it is asked for. */
  readonly name: string;
  /** As its heading shows it. */
  readonly title: string;
  fields(server: ServerContext): Fields;
}
