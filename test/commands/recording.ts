// A LocalServer that keeps what goes into the journal and which events are published.
import { expect } from "bun:test";
import type { ServerContext } from "../../src/command/context.ts";
import { own } from "../../src/lib/bytes.ts";
import { eventClasses } from "../../src/pubsub/key-events.ts";
import { parseReplies, texts } from "../support/reply.ts";
import { fakeJournal } from "./fake-journal.ts";
import { LocalServer } from "./local-server.ts";

/** What a request brings: its reply, requests in the journal, events as "name:key"; the last two joined by blanks around a bar. */
export type Trace = readonly [line: string, reply: string, journal?: string, events?: string];

export class Recording {
  readonly server = new LocalServer();
  readonly c = this.server.connect();
  private readonly listener = this.server.connect("127.0.0.1:5001");
  private journal: string[] = [];

  constructor() {
    const context: ServerContext = this.server;
    context.journal = fakeJournal((_db, buf, start, len) => {
      for (const request of parseReplies(own(buf, start, len))) this.journal.push(texts(request).join(" "));
    });
    this.server.events.classes = eventClasses("EA")!;
    this.listener.say("PSUBSCRIBE __keyevent@*");
  }

  /** Sends one request and returns what it brought, in the form of a trace. */
  trace(line: string): Trace {
    const reply = this.c.say(line);
    const events = [...this.listener.heard().matchAll(/__keyevent@\d+__:(\w+)\r\n\$\d+\r\n(.*)\r\n/g)];
    const journal = this.journal.splice(0).join(" | ");
    return [line, reply, journal, events.map(([, name, key]) => `${name}:${key}`).join(" | ")];
  }

  /** Sends the requests of the traces; each must bring what its trace says. */
  expect(...traces: readonly Trace[]): void {
    for (const [line, reply, journal = "", events = ""] of traces) {
      expect(this.trace(line)).toEqual([line, reply, journal, events]);
    }
  }

  /** Sends requests whose consequences do not matter. */
  prepare(...lines: string[]): void {
    for (const line of lines) this.trace(line);
  }
}

/** A bulk string. */
export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

export const OK = "+OK\r\n";
export const NIL = "$-1\r\n";
export const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
export const SYNTAX_ERROR = "-ERR syntax error\r\n";
export const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";

export function int(value: number | bigint): string {
  return `:${value}\r\n`;
}
