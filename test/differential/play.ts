// Scripted interleavings of several clients, some of which wait: "A BLPOP l 0" sends a request of client A. Before the next line is sent
// all that follows from it has happened: every client has its reply or is known to wait.
import { encodeCommand, escapeBytes, RawConnection } from "../support/raw.ts";

const POLLS_MAX = 5000;

interface Player {
  readonly connection: RawConnection;
  readonly id: string;
  /** A request of it has not been answered. */
  busy: boolean;
}

/** Plays against one server, line by line. */
export class Play {
  private readonly players = new Map<string, Player>();
  /** "A BLPOP l 0" and, when they come, "A < *2..." lines. */
  readonly transcript: string[] = [];

  private constructor(
    private readonly port: number,
    private readonly director: RawConnection,
    private readonly protocol: string,
  ) {}

  /** Plays a whole script on an empty server and returns the transcript. */
  static async run(port: number, protocol: string, lines: readonly string[]): Promise<string[]> {
    const play = new Play(port, await RawConnection.connect(port), protocol);
    try {
      await play.director.command("FLUSHALL");
      for (const line of lines) await play.step(line.trim());
      await play.end();
      return play.transcript;
    } finally {
      play.director.close();
      for (const { connection } of play.players.values()) connection.close();
    }
  }

  private async player(name: string): Promise<Player> {
    const known = this.players.get(name);
    if (known !== undefined) return known;
    const connection = await RawConnection.connect(this.port);
    await connection.command("HELLO", this.protocol);
    const id = (await connection.text("CLIENT", "ID")).slice(1, -2);
    const player = { connection, id, busy: false };
    this.players.set(name, player);
    return player;
  }

  /** One line. A client that waits can't send anything: its lines are left out. "A leaves" ends a connection, "A is freed" ends its waiting. */
  private async step(line: string): Promise<void> {
    const [name, ...request] = line.split(" ");
    const player = await this.player(name!);
    if (request[0] === "leaves") return this.leave(name!, player);
    if (request[0] === "is") {
      this.transcript.push(`${line}: ${await this.director.text("CLIENT", "UNBLOCK", player.id)}`);
    } else if (!player.busy) {
      this.transcript.push(line);
      player.busy = true;
      player.connection.send(encodeCommand(request));
      await this.taken(name!, player);
    }
    await this.settle();
  }

  private async leave(name: string, player: Player): Promise<void> {
    this.transcript.push(`${name} leaves`);
    player.connection.close();
    this.players.delete(name);
    for (let i = 0; i < POLLS_MAX; i++) {
      if ((await this.director.text("CLIENT", "LIST", "ID", player.id)).includes("\r\n\r\n")) return;
    }
    throw new Error(`${name} is still there`);
  }

  /** Its request has been answered, or waits. */
  private async taken(name: string, player: Player): Promise<void> {
    for (let i = 0; i < POLLS_MAX; i++) {
      if (this.hear(name, player) || (await this.waits(player))) return;
    }
    throw new Error(`${name} has neither a reply nor waits`);
  }

  /** Takes the replies of all that do not wait any more. */
  private async settle(): Promise<void> {
    for (const [name, player] of this.players) {
      if (!player.busy || (await this.waits(player))) continue;
      const [reply] = await player.connection.read(1);
      this.note(name, player, reply!);
    }
  }

  private hear(name: string, player: Player): boolean {
    const [reply] = player.connection.takeHeld();
    if (reply === undefined) return false;
    this.note(name, player, reply);
    return true;
  }

  private note(name: string, player: Player, reply: Uint8Array): void {
    player.busy = false;
    this.transcript.push(`${name} < ${escapeBytes(reply)}`);
  }

  private async waits({ id }: Player): Promise<boolean> {
    const list = await this.director.text("CLIENT", "LIST", "ID", id);
    return / flags=\w*b/.test(list);
  }

  /** Who still waits is freed with an error, in the order of their names, and the data is compared. */
  private async end(): Promise<void> {
    for (const name of [...this.players.keys()].sort()) {
      const player = this.players.get(name)!;
      if (!player.busy) continue;
      await this.director.command("CLIENT", "UNBLOCK", player.id, "ERROR");
      const [reply] = await player.connection.read(1);
      this.note(name, player, reply!);
    }
    this.transcript.push(`data: ${await this.director.text("DEBUG", "DIGEST")}`);
    this.transcript.push((await this.director.text("INFO", "clients")).match(/blocked_clients:\d+/)![0]);
  }
}
