import { command } from "../command/command.ts";
import { helpCommand } from "../command/help.ts";
import { clientGetname, clientId, clientSetinfo, clientSetname } from "./client-identity.ts";
import { clientKill } from "./client-kill.ts";
import { clientInfo, clientList } from "./client-list.ts";
import { clientCapa, clientNoEvict, clientNoTouch, clientReply } from "./client-modes.ts";
import { clientPause, clientUnpause } from "./client-pause.ts";
import { clientCaching, clientGetredir, clientTracking, clientTrackinginfo } from "./client-tracking.ts";
import { clientUnblock } from "./client-unblock.ts";

const subcommands = [
  clientCaching,
  clientCapa,
  clientGetname,
  clientGetredir,
  clientId,
  clientInfo,
  clientKill,
  clientList,
  clientNoEvict,
  clientNoTouch,
  clientPause,
  clientReply,
  clientSetinfo,
  clientSetname,
  clientTracking,
  clientTrackinginfo,
  clientUnblock,
  clientUnpause,
];

const help = helpCommand("CLIENT", { group: "connection", since: "5.0.0", categories: ["connection"] }, subcommands, {
  caching: "(YES|NO)",
  capa: "<capability> [...]",
  kill: "<ip:port> | <filter> <value> [...]; filters: ID, TYPE, USER, ADDR, LADDR, SKIPME (yes|no), MAXAGE",
  list: "[TYPE (normal|master|replica|pubsub) | ID <id> [...]]",
  "no-evict": "(ON|OFF)",
  "no-touch": "(ON|OFF)",
  pause: "<milliseconds> [WRITE|ALL]",
  reply: "(ON|OFF|SKIP)",
  setinfo: "(LIB-NAME|LIB-VER) <text>",
  setname: "<name>",
  tracking: "(ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]",
  unblock: "<id> [TIMEOUT|ERROR]",
});

export const client = command({
  name: "client",
  arity: -2,
  group: "connection",
  since: "2.4.0",
  summary: "Holds the commands about client connections.",
  complexity: "Depends on subcommand.",
  subcommands: [...subcommands, help],
});
