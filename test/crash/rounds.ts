import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../../src/lib/random.ts";
import { freePort, type Server, startOurs } from "../support/oracle.ts";
import { RawConnection } from "../support/raw.ts";
import { makeTrouble, type Trouble } from "./trouble.ts";
import { Writer } from "./writer.ts";

const WRITERS = 6;
const ACKNOWLEDGEMENTS_MAX = 6000;
/** Turns of the event loop between the last reply that is waited for and the kill: mostly few, so that requests are on their way. */
const TURNS = [0, 0, 1, 1, 2, 3, 5, 20];
const START_KILLS_MAX = 2;
/** A process that was killed has lost nothing that it wrote, whatever the policy; `always` syncs as well. */
const POLICIES = ["always", "always", "everysec", "no"];
const TROUBLES: Trouble[] = ["none", "rewrites", "rewrites", "saves", "both", "switches"];
/** Keys that nobody changes, so that there is something to rewrite and to save. */
const STILL_KEYS = 20_000;
const FILL = `for i = 1, ${STILL_KEYS} do redis.call('SET', 'still:' .. i, i) end`;

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
    await fill(port);
    for (let round = 1; round <= rounds; round++) {
      const trouble = TROUBLES[random.below(TROUBLES.length)]!;
      await writeAndKill(server, writers, trouble, random);
      for (let kills = random.below(START_KILLS_MAX + 1); kills > 0; kills--)
        await killAtStart(await start(false), random);
      server = await start();
      const more = await checkAll(writers, port);
      const total = writers.reduce((sum, writer) => sum + writer.sequence.done, 0);
      const told = more < 0 ? `${-more} given up with the file` : `${more} applied without having been acknowledged`;
      progress(`round ${round} (${trouble}): ${total} commands in all, ${told}`);
    }
    await server.stop();
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${server.log()}`);
  } finally {
    await server.kill9();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function fill(port: number): Promise<void> {
  const connection = await RawConnection.connect(port);
  await connection.text("SELECT", "1");
  await connection.text("EVAL", FILL, "0");
  connection.close();
}

async function writeAndKill(
  server: Server,
  writers: readonly Writer[],
  trouble: Trouble,
  random: Random,
): Promise<void> {
  let left = 1 + random.below(ACKNOWLEDGEMENTS_MAX);
  const enough = Promise.withResolvers<void>();
  const heard = (replies: number) => {
    left -= replies;
    if (left <= 0) enough.resolve();
  };
  const running = Promise.all([
    ...writers.map((writer) => writer.run(server.port, heard)),
    makeTrouble(trouble, server.port, writers, random),
  ]);
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
  let more = 0;
  for (const writer of writers) more += await writer.check(connection);
  await connection.text("SELECT", "1");
  const size = await connection.text("DBSIZE");
  if (size !== `:${STILL_KEYS}\r\n`) throw new Error(`of ${STILL_KEYS} keys that nobody changed there are ${size}`);
  connection.close();
  return more;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
