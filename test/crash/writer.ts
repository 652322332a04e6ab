import type { Random } from "../../src/lib/random.ts";
import { encodePipeline, RawConnection } from "../support/raw.ts";
import { Sequence } from "./sequence.ts";

const DEPTHS = [1, 1, 2, 16, 64];

/** Sends its sequence in pipelines of various depths, and knows what was acknowledged. */
export class Writer {
  readonly sequence: Sequence;
  private sent = 0;
  private acknowledged = 0;
  /** Of what was acknowledged, so much must not be lost; undefined: all. */
  private kept: number | undefined;

  constructor(
    readonly name: string,
    seed: number,
    private readonly random: Random,
  ) {
    this.sequence = new Sequence(name, seed);
  }

  /** Writes until the connection ends; `heard` is told of every number of acknowledgements. */
  async run(port: number, heard: (acknowledgements: number) => void): Promise<void> {
    const connection = await RawConnection.connect(port);
    this.sent = this.acknowledged = this.sequence.done;
    for (;;) {
      const depth = DEPTHS[this.random.below(DEPTHS.length)]!;
      const commands = Array.from({ length: depth }, (_, i) => this.sequence.requests(this.sent + i));
      const requests = commands.flat();
      this.sent += depth;
      connection.send(encodePipeline(requests));
      const complete = await connection.read(requests.length).then(
        (replies) => this.count(commands, replies, heard),
        (error: Error) => this.ended(connection, error),
      );
      if (complete) continue;
      this.count(commands, connection.takeHeld(), heard);
      return;
    }
  }

  /** The server is gone. If it is there and does not answer, that is an error. */
  private ended(connection: RawConnection, error: Error): boolean {
    if (!connection.closed) throw new Error(`${this.name}: ${error.message}`);
    return false;
  }

  /** Counts the commands whose last reply is there. */
  private count(commands: string[][][], replies: Uint8Array[], heard: (acknowledgements: number) => void): boolean {
    const refused = replies.find((reply) => reply[0] === 45);
    if (refused !== undefined) throw new Error(`${this.name} was answered ${Buffer.from(refused)}`);
    let left = replies.length;
    let whole = 0;
    while (whole < commands.length && commands[whole]!.length <= left) left -= commands[whole++]!.length;
    this.acknowledged += whole;
    heard(whole);
    return true;
  }

  /** What is acknowledged from now on may be lost, until `trust`: the file is switched off. */
  distrust(): void {
    this.kept ??= this.acknowledged;
  }

  /** Everything acknowledged is in the file, and what will be. */
  trust(): void {
    this.kept = undefined;
  }

  /**
   * Checks that the server has all that was acknowledged and not excepted, and of what was sent after that a beginning, each command once. The
   * sequence goes on from there. Returns how many more commands were applied than acknowledged.
   */
  async check(connection: RawConnection): Promise<number> {
    const { sequence, acknowledged, sent } = this;
    const found = await sequence.read(connection);
    while (sequence.done < (this.kept ?? acknowledged)) sequence.apply();
    while (sequence.state() !== found) {
      if (sequence.done === sent) throw new Error(this.loss(found));
      sequence.apply();
    }
    this.sent = this.acknowledged = sequence.done;
    this.trust();
    return sequence.done - acknowledged;
  }

  private loss(found: string): string {
    const shown = found
      .split("\n")
      .map((text) => (text.length > 200 ? `${text.slice(0, 20)}...${text.slice(-180)}` : text))
      .join("\n");
    return (
      `${this.name}: ${this.acknowledged} commands were acknowledged and ${this.sent} sent, but what the server has is after none of ` +
      `these numbers of commands:\n${shown}`
    );
  }
}
