/** One question to a server on a connection of its own: for what surrounds a measurement, not for load. */
import { ReplyCounter } from "./replies.ts";

/** Sends one command; gives the raw RESP2 reply. Rejects when the server cannot be reached or hangs up first. */
export async function ask(port: number, ...args: string[]): Promise<string> {
  const counter = new ReplyCounter();
  const answered = Promise.withResolvers<string>();
  let text = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_socket, chunk) => {
        text += chunk.toString("latin1");
        if (counter.feed(chunk) > 0) answered.resolve(text);
      },
      close: () => answered.reject(new Error(`the server hung up on ${args[0]}`)),
      error: (_socket, error) => answered.reject(error),
    },
  });
  socket.write(`*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`);
  try {
    return await answered.promise;
  } finally {
    socket.terminate();
  }
}

/** Like `ask`, for integer replies. */
export async function askNumber(port: number, ...args: string[]): Promise<number> {
  const reply = await ask(port, ...args);
  if (!reply.startsWith(":")) throw new Error(`${args[0]} answered ${reply.trim()}`);
  return Number(reply.slice(1));
}

/** INFO's fields whose names match. */
export async function askInfo(port: number, name: RegExp): Promise<[string, string][]> {
  return infoFields(await ask(port, "INFO"), name);
}

export function infoFields(text: string, name: RegExp): [string, string][] {
  return text
    .split("\r\n")
    .map((line) => line.split(":"))
    .filter((parts) => parts.length >= 2 && name.test(parts[0]!))
    .map((parts) => [parts[0]!, parts.slice(1).join(":")]);
}

/** Microseconds of the longest turn of the event loop since CONFIG RESETSTAT, as the server tells them; undefined of one that does not. */
export async function askLongestTurn(port: number): Promise<number | undefined> {
  const max = /max=(\d+)/.exec((await askInfo(port, /^eventloop_turn_usec$/))[0]?.[1] ?? "")?.[1];
  return max === undefined ? undefined : Number(max);
}
