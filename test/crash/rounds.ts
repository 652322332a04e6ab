import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../../src/lib/random.ts";
import { freePort, type Server, startOurs } from "../support/oracle.ts";
import { RawConnection } from "../support/raw.ts";
import { Writer } from "./writer.ts";

const WRITERS = 6;
const ACKNOWLEDGEMENTS_MAX = 6000;
/** Turns of the event loop between the last reply that is waited for and the kill: mostly few, so that requests are on their way. */
const TURNS = [0, 0, 1, 1, 2, 3, 5, 20];
const START_KILLS_MAX = 2;
/** A process that was killed has lost nothing that it wrote, whatever the policy; `always` syncs as well. */
const POLICIES = ["always", "always", "everysec", "no"];

export interface CrashOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly progress: (line: string) => void;
}

/** Kills the server again and again while clients write, and checks after each restart what it has. Throws at the first loss. */
export async function crashRounds({ rounds, seed, progress }: CrashOptions): Promise<void> {
  const random = new Random(seed);
  const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(`w${i}`, seed + i, random));
  const dir = mkdtempSync(join(tmpdir(), "go-redis-crash-"));
  const port = await freePort();
  const start = (awaitReady = true) => {
    const policy = POLICIES[random.below(POLICIES.length)]!;
    const args = ["--appendonly", "yes", "--appendfsync", policy];
    return startOurs(args, { dir, port, awaitReady });
  };
  let server = await start();
  try {
    for (let round = 1; round <= rounds; round++) {
      await writeAndKill(server, writers, random);
      for (let kills = random.below(START_KILLS_MAX + 1); kills > 0; kills--)
        await killAtStart(await start(false), random);
      server = await start();
      const unacknowledged = await checkAll(writers, port);
      const total = writers.reduce((sum, writer) => sum + writer.sequence.done, 0);
      progress(`round ${round}: ${total} commands in all, ${unacknowledged} applied without having been acknowledged`);
    }
    await server.stop();
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${server.log()}`);
  } finally {
    await server.kill9();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function writeAndKill(server: Server, writers: readonly Writer[], random: Random): Promise<void> {
  let left = 1 + random.below(ACKNOWLEDGEMENTS_MAX);
  const enough = Promise.withResolvers<void>();
  const heard = (replies: number) => {
    left -= replies;
    if (left <= 0) enough.resolve();
  };
  const running = Promise.all(writers.map((writer) => writer.run(server.port, heard)));
  await Promise.race([enough.promise, running]);
  for (let turns = TURNS[random.below(TURNS.length)]!; turns > 0; turns--) await turn();
  await server.kill9();
  await running;
}

/** Ends a server that is about to start, at any point of that. */
async function killAtStart(server: Server, random: Random): Promise<void> {
  for (let tries = random.below(60); tries > 0; tries--) {
    await RawConnection.connect(server.port).then(
      (connection) => connection.close(),
      () => {},
    );
    await turn();
  }
  await server.kill9();
}

async function checkAll(writers: readonly Writer[], port: number): Promise<number> {
  const connection = await RawConnection.connect(port);
  let unacknowledged = 0;
  for (const writer of writers) unacknowledged += await writer.check(connection);
  connection.close();
  return unacknowledged;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
