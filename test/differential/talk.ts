// What tests need in which several connections talk with a server in turn, and what was heard is compared.
import type { Server } from "../support/oracle.ts";
import { RawConnection } from "../support/raw.ts";

/** Runs against either server and returns what it heard. */
export type Conversation = (open: () => Promise<RawConnection>, server: Server) => Promise<string[]>;

/** Holds a conversation and closes its connections. */
export async function hold(server: Server, conversation: Conversation): Promise<string[]> {
  const opened: RawConnection[] = [];
  try {
    return await conversation(async () => {
      const connection = await RawConnection.connect(server.port);
      opened.push(connection);
      return connection;
    }, server);
  } finally {
    for (const connection of opened) connection.close();
  }
}

/** Sends commands whose arguments contain no blanks, one after the other; each with its answer. */
export async function say(connection: RawConnection, ...commands: string[]): Promise<string[]> {
  const heard: string[] = [];
  for (const command of commands) heard.push(`${command} => ${await connection.text(...command.split(" "))}`);
  return heard;
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
