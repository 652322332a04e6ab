/** What tells where a socket's other end is. */
interface Peer {
  readonly remoteAddress?: string | undefined;
}

/** "127.0.0.1:6379", "[::1]:6379", or a Unix socket's path and ":0". */
export function addressOf(host: string | undefined, port: number | undefined, unixPath: string): string {
  if (host === undefined || host === "") return `${unixPath}:0`;
  const plain = host.startsWith("::ffff:") ? host.slice(7) : host;
  return plain.includes(":") ? `[${plain}]:${port}` : `${plain}:${port}`;
}

/** Whether the peer is on this machine. */
export function isLocal(socket: Peer): boolean {
  const host = socket.remoteAddress;
  return host === undefined || host === "" || host === "::1" || /^(::ffff:)?127\./.test(host);
}
