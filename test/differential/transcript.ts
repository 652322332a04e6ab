// Everything a server sends for given bytes, malformed ones included, until it closes or has nothing left to answer.
import { RawConnection } from "../support/raw.ts";

/**
 * Sends the chunks one by one, then ends its half of the stream, so that a server that waits for more closes too.
 * Returns all bytes received, as latin1 text. Between chunks another connection makes a round trip: the server has
 * then read the first chunk before the next one is sent.
 */
export async function transcript(port: number, chunks: readonly Uint8Array[]): Promise<string> {
  const connection = await RawConnection.connect(port);
  const pacer = chunks.length > 1 ? await RawConnection.connect(port) : undefined;
  connection.captureStream();
  try {
    for (const chunk of chunks) {
      connection.send(chunk);
      // Any complete reply will do, -NOAUTH included.
      await pacer?.command("PING");
    }
    connection.halfClose();
    return Buffer.from(await connection.readToEnd()).toString("latin1");
  } finally {
    connection.close();
    pacer?.close();
  }
}
