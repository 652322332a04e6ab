import type { Random } from "../../src/lib/random.ts";
import { RawConnection } from "../support/raw.ts";
import type { Writer } from "./writer.ts";

/** What else the server does in a round while clients write. */
export type Trouble = "none" | "rewrites" | "saves" | "both" | "switches";

/** Has the server do that again and again, until it is gone. */
export async function makeTrouble(
  kind: Trouble,
  port: number,
  writers: readonly Writer[],
  random: Random,
): Promise<void> {
  if (kind === "none") return;
  const connection = await RawConnection.connect(port);
  try {
    for (;;) await once(kind, connection, writers, random);
  } catch (error) {
    if (!connection.closed) throw error;
  } finally {
    connection.close();
  }
}

async function once(
  kind: Trouble,
  connection: RawConnection,
  writers: readonly Writer[],
  random: Random,
): Promise<void> {
  if (kind === "switches") {
    await switchOffAndOn(connection, writers, random);
    return;
  }
  if (kind !== "saves") await connection.text("BGREWRITEAOF");
  if (kind !== "rewrites") await connection.text("BGSAVE");
  await settle(connection, random);
}

/** Switches the file off and on again. In between nothing is kept; afterwards everything is that WAITAOF has confirmed. */
async function switchOffAndOn(connection: RawConnection, writers: readonly Writer[], random: Random): Promise<void> {
  await pause(connection, random);
  for (const writer of writers) writer.distrust();
  await connection.text("CONFIG", "SET", "appendonly", "no");
  await pause(connection, random);
  await connection.text("CONFIG", "SET", "appendonly", "yes");
  const confirmed = await connection.text("WAITAOF", "1", "0", "0");
  if (confirmed !== "*2\r\n:1\r\n:0\r\n") throw new Error(`WAITAOF was answered ${confirmed}`);
  for (const writer of writers) writer.trust();
}

/** Waits until nothing is saved in the background; sometimes not. */
async function settle(connection: RawConnection, random: Random): Promise<void> {
  if (random.below(4) === 0) return pause(connection, random);
  for (;;) {
    const info = await connection.text("INFO", "persistence");
    const failure = /(aof_last_bgrewrite|rdb_last_bgsave)_status:err/.exec(info);
    if (failure !== null) throw new Error(`a rewrite or a save failed: ${failure[0]}`);
    if (/(aof_rewrite|rdb_bgsave)_in_progress:1/.exec(info) === null) return;
  }
}

async function pause(connection: RawConnection, random: Random): Promise<void> {
  for (let i = random.below(30); i > 0; i--) await connection.text("PING");
}
