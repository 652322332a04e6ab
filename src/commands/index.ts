import type { Command } from "../command/command.ts";
import * as client from "./client.ts";
import * as connection from "./connection.ts";
import * as pubsub from "./pubsub.ts";
import * as strings from "./strings.ts";

/** Every command of the server: each export of a family file is one. */
export const COMMANDS: readonly Command[] = [connection, client, pubsub, strings].flatMap((family) =>
  Object.values(family),
);
