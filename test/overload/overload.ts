import { infoFields } from "../bench/ask.ts";
import { readRssBytes } from "../bench/proc.ts";
import { type Server, startOurs } from "../support/oracle.ts";
import { encodePipeline, RawConnection } from "../support/raw.ts";

const CLIENTS = 8;
const PIPELINE = 64;
const LIMIT_BYTES = 32 * 1024 ** 2;
/** used_memory may be above the limit by this part. */
const ABOVE_PART = 0.01;
/** What the process may have beside its data: the runtime, its code, and what it has received since its last collection. */
const BESIDE_BYTES = 130e6;
const VALUE = "v".repeat(100);
/** Batches between two looks: each look is an INFO, and thousands of them in a second would be what takes the memory. */
const BATCHES_PER_LOOK = 256;

/** Writes at full speed at the limit of memory until `isOver`. Throws when memory goes beyond its bounds; returns the evicted keys. */
export async function overload(isOver: (batches: number) => boolean): Promise<number> {
  const server = await startOurs(["--maxmemory", String(LIMIT_BYTES), "--maxmemory-policy", "allkeys-lru"]);
  try {
    return await writeAndWatch(server, isOver);
  } finally {
    await server.kill9();
  }
}

async function writeAndWatch(server: Server, isOver: (batches: number) => boolean): Promise<number> {
  let batches = 0;
  let look = (): void => {};
  const count = () => {
    batches++;
    if (batches % BATCHES_PER_LOOK === 0 || isOver(batches)) look();
  };
  const write = async (client: number): Promise<void> => {
    const connection = await RawConnection.connect(server.port, { timeoutMs: 60_000 });
    for (let key = 0; !isOver(batches); count()) {
      connection.send(encodePipeline(Array.from({ length: PIPELINE }, () => ["SET", `key:${client}:${key++}`, VALUE])));
      const refused = (await connection.read(PIPELINE)).find((reply) => reply[0] !== 43);
      if (refused !== undefined) throw new Error(`SET answered ${Buffer.from(refused).toString("latin1")}`);
    }
    connection.close();
  };
  const writing = Promise.all(Array.from({ length: CLIENTS }, (_, client) => write(client)));
  const watcher = await RawConnection.connect(server.port, { timeoutMs: 60_000 });
  const figure = async (name: string): Promise<number> =>
    Number(infoFields(await watcher.text("INFO"), new RegExp(`^${name}$`))[0]?.[1]);
  for (let evicted = 0; ; evicted = await figure("evicted_keys")) {
    const used = await figure("used_memory");
    const rss = readRssBytes(server.pid);
    if (used > LIMIT_BYTES * (1 + ABOVE_PART)) throw new Error(`used_memory is ${used} at a limit of ${LIMIT_BYTES}`);
    if (rss > LIMIT_BYTES + BESIDE_BYTES) throw new Error(`RSS is ${rss} at a limit of ${LIMIT_BYTES}`);
    const isTime = new Promise<void>((resolve) => (look = resolve));
    if (!isOver(batches)) await Promise.race([isTime, writing]);
    if (!isOver(batches)) continue;
    await writing;
    watcher.close();
    return evicted;
  }
}
