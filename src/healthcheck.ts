import { connect, type Socket, type SocketHandler } from "bun";
import type { Config } from "./config/directives.ts";
import { argsOf } from "./resp/args.ts";

const TIMEOUT_MS = 2000;
/**
 * A server with a password that we do not know serves those who do; one whose disk is full serves those who read; one with as many clients as
 * it may have serves them; one that runs a long script can be told to end that. It would be of no use to end any of them.
 */
const ALIVE = /\+PONG|-NOAUTH|-MISCONF|-BUSY|-ERR max number of clients reached/;
/** Enough was received to tell. */
const ANSWER = new RegExp(`${ALIVE.source}|^-LOADING`);

/**
 * Asks the server that this configuration describes for a PONG, for container engines and Kubernetes, in images without a shell. 0 when it
 * is there and ready (see ALIVE for what else that is); 1 when it is not, or still loads.
 */
export async function healthcheck(values: Config): Promise<number> {
  const answer = Promise.withResolvers<string>();
  const timer = setTimeout(() => answer.resolve(""), TIMEOUT_MS);
  let received = "";
  const handler: SocketHandler<undefined> = {
    open: (socket) => void socket.write(request(values.requirepass)),
    data: (_socket, chunk) => {
      received += chunk.toString("latin1");
      if (ANSWER.test(received)) answer.resolve(received);
    },
    close: () => answer.resolve(received),
    error: () => answer.resolve(""),
  };
  try {
    const socket = await open(values, handler);
    const text = await answer.promise;
    socket.end();
    return ALIVE.test(text) ? 0 : 1;
  } catch {
    return 1;
  } finally {
    clearTimeout(timer);
  }
}

function open(values: Config, socket: SocketHandler<undefined>): Promise<Socket<undefined>> {
  if (values.port === 0) return connect({ unix: values.unixsocket, socket });
  return connect({ hostname: reachable(values.bind[0] ?? "127.0.0.1"), port: values.port, socket });
}

/** An address to reach a listener on `bind` by. */
function reachable(bind: string): string {
  const address = bind.replace(/^-/, "");
  if (address === "*" || address === "0.0.0.0") return "127.0.0.1";
  return address === "::*" || address === "::" ? "::1" : address;
}

function request(password: Uint8Array): Uint8Array {
  const auth = password.length === 0 ? [] : [argsOf("AUTH", password).buf];
  return Buffer.concat([...auth, argsOf("PING").buf]);
}
