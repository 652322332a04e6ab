// Loaded before every test file (bunfig.toml). Bun ignores a timeout set in bunfig.toml, so it is set here.
import { setDefaultTimeout } from "bun:test";

setDefaultTimeout(60_000);
