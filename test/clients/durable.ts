// A server that can be ended and started again on the same port over the same folder, with the AOF on.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Server, startOurs } from "../support/oracle.ts";

const ARGS = ["--appendonly", "yes", "--appendfsync", "always"];

export class DurableServer {
  private constructor(
    private server: Server,
    readonly dir: string,
    private readonly args: readonly string[],
  ) {}

  /** `more`: further arguments. */
  static async start(more: readonly string[] = []): Promise<DurableServer> {
    const dir = mkdtempSync(join(tmpdir(), "go-redis-durable-"));
    const args = [...ARGS, ...more];
    return new DurableServer(await startOurs(args, { dir }), dir, args);
  }

  get port(): number {
    return this.server.port;
  }

  async restart(how: "stop" | "kill9"): Promise<void> {
    await this.server[how]();
    this.server = await startOurs(this.args, { dir: this.dir, port: this.port });
  }

  async remove(): Promise<void> {
    await this.server.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
