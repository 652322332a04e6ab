import type { Socket } from "bun";
import type { ServerContext } from "../command/context.ts";
import type { Executor } from "../command/executor.ts";
import type { Args } from "../resp/args.ts";
import type { Parser } from "../resp/parser.ts";
import type { Connection } from "./connection.ts";
import type { GatheredOutput } from "./output.ts";
import type { SpentChunks } from "./spent-chunks.ts";

/** What all connections of a server share. */
export interface Host {
  readonly context: ServerContext;
  readonly executor: Executor;
  readonly parser: Parser;
  readonly output: GatheredOutput;
  readonly spent: SpentChunks;
  /** The arguments of the request being parsed; handed over to a connection whose request is not complete. */
  args: Args;
  /** Something happened: reads the clock, once a poll, and has `endOfPoll` called when all ready sockets have been served. */
  startPoll(): void;
  /** Writes the journal, then lets everybody send. */
  endOfPoll(): void;
  /**
   * Whether the journal acknowledges all that the connection's client must not be told of before; if not, `releaseOutput` is called as
   * often as it acknowledges more.
   */
  isAcknowledged(connection: Connection): boolean;
  /** There are changes that nobody must be told of yet. Not while writes are refused: then what is sent tells of no change. */
  readonly isBehind: boolean;
  /** Cuts off clients if all together take more than they may. */
  limitClients(): void;
  /** Cuts off a client that sent more than may be held. */
  checkQueryBuffer(connection: Connection): void;
  /** Cuts off a client that does not read. */
  checkOutput(connection: Connection): void;
  /** The requests of this poll have taken so long that others should have their turn. Reads the clock. */
  readonly isTurnOver: boolean;
  /** Has `resume` called at the end of the poll. */
  resumeLater(connection: Connection): void;
  waitForUnpause(connection: Connection): void;
  terminateLater(socket: Socket<Connection>, ms: number): void;
  disconnected(connection: Connection): void;
}
