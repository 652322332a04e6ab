import { afterAll, beforeAll } from "bun:test";
import { type Server, startRedis } from "./oracle.ts";
import { RawConnection } from "./raw.ts";

/** A redis-server for the tests of one `describe`, and a connection to it. */
export class BesideRedis {
  connection!: RawConnection;
  private server: Server | undefined;

  constructor(...args: string[]) {
    beforeAll(async () => {
      this.server = await startRedis(args);
      this.connection = await RawConnection.connect(this.server.port);
    });
    afterAll(async () => {
      this.connection.close();
      await this.server?.stop();
    });
  }
}
