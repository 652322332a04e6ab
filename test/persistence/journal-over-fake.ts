import { ManualClock } from "../../src/lib/clock.ts";
import { AofJournal, type FsyncPolicy } from "../../src/persistence/aof/journal.ts";
import { CapturedLog } from "./captured-log.ts";
import { FakeFile } from "./fake-file.ts";
import { request } from "./requests.ts";

/** A journal over a file that fails as it is told to, and what belongs to them. */
export function journalOverFake(policy: FsyncPolicy = "everysec") {
  const clock = new ManualClock();
  const log = new CapturedLog(clock);
  const file = new FakeFile();
  const journal = new AofJournal(file, 0, clock, log);
  journal.policy = policy;
  const write = (db: number, ...words: string[]) => {
    const bytes = request(...words);
    journal.append(db, bytes, 0, bytes.length);
  };
  return { clock, log, file, journal, write };
}
