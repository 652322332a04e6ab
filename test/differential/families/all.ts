// To have a command compared, add a line to the `commands` of its family file: its name and the generator of its
// arguments, put together from ../generate.ts. Fine points and error texts go into `cases`, one command per line.
import { bitmaps } from "./bitmaps.ts";
import { connection } from "./connection.ts";
import { expiry } from "./expiry.ts";
import { geo } from "./geo.ts";
import { floats, globs, integers, texts } from "./grammars.ts";
import { hashes } from "./hashes.ts";
import { hyperloglog } from "./hyperloglog.ts";
import { keys } from "./keys.ts";
import { lists } from "./lists.ts";
import { observation } from "./observation.ts";
import { pubsub } from "./pubsub.ts";
import { server } from "./server.ts";
import { sets } from "./sets.ts";
import { sortedSets } from "./sorted-sets.ts";
import { sorts } from "./sorts.ts";
import { streams } from "./streams.ts";
import { strings } from "./strings.ts";

export const FAMILIES = [
  strings,
  bitmaps,
  streams,
  hashes,
  hyperloglog,
  geo,
  lists,
  keys,
  expiry,
  connection,
  pubsub,
  server,
  observation,
  sets,
  sortedSets,
  floats,
  integers,
  globs,
  texts,
  sorts,
];
