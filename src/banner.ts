import type { ConfigStore } from "./config/store.ts";
import { PRODUCT, VERSION } from "./version.ts";

/** What the server says of itself when it starts: lines that tools and people look for in Redis's log. */
export function banner(config: ConfigStore, pid: number): string[] {
  const { port, unixsocket } = config.values;
  const place = port === 0 ? `Unix socket: ${unixsocket}` : `Port: ${port}`;
  return [
    "\n",
    `   ____  ___        ${PRODUCT} ${VERSION} (Bun ${Bun.version}, 64 bit)\n`,
    "  / _  |/ _ \\\n",
    " | (_| | (_) |      Running in standalone mode\n",
    `  \\__, |\\___/       ${place}\n`,
    `   __/ | redis      PID: ${pid}\n`,
    "  |___/\n",
    "\n",
  ];
}
