import type { Command } from "../command/command.ts";
import * as strings from "./strings.ts";

/** Every command of the server: each export of a family file is one. */
export const COMMANDS: readonly Command[] = [strings].flatMap((family) => Object.values(family));
