import type { Random } from "../../src/lib/random.ts";
import { encodePipeline, RawConnection } from "../support/raw.ts";
import { Sequence } from "./sequence.ts";

const DEPTHS = [1, 1, 2, 16, 64];

/** Sends its sequence in pipelines of various depths, and knows what was acknowledged. */
export class Writer {
  readonly sequence: Sequence;
  private sent = 0;
  private acknowledged = 0;

  constructor(
    readonly name: string,
    seed: number,
    private readonly random: Random,
  ) {
    this.sequence = new Sequence(name, seed);
  }

  /** Writes until the connection ends; `heard` is told of every number of acknowledgements. */
  async run(port: number, heard: (replies: number) => void): Promise<void> {
    const connection = await RawConnection.connect(port);
    this.sent = this.acknowledged = this.sequence.done;
    for (;;) {
      const depth = DEPTHS[this.random.below(DEPTHS.length)]!;
      const commands = Array.from({ length: depth }, (_, i) => this.sequence.command(this.sent + i));
      this.sent += depth;
      connection.send(encodePipeline(commands));
      const complete = await connection.read(depth).then(
        (replies) => this.count(replies, heard),
        () => false,
      );
      if (complete) continue;
      this.count(connection.takeHeld(), heard);
      return;
    }
  }

  private count(replies: Uint8Array[], heard: (replies: number) => void): boolean {
    const refused = replies.find((reply) => reply[0] === 45);
    if (refused !== undefined) throw new Error(`${this.name} was answered ${Buffer.from(refused)}`);
    this.acknowledged += replies.length;
    heard(replies.length);
    return true;
  }

  /**
   * Checks that the server has all that was acknowledged, and of what was sent after that a beginning, each command once. The
   * sequence goes on from there. Returns how many commands were applied without having been acknowledged.
   */
  async check(connection: RawConnection): Promise<number> {
    const { sequence, acknowledged, sent } = this;
    const found = await sequence.read(connection);
    while (sequence.done < acknowledged) sequence.apply();
    while (sequence.state() !== found) {
      if (sequence.done === sent) throw new Error(this.loss(found));
      sequence.apply();
    }
    this.sent = this.acknowledged = sequence.done;
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
