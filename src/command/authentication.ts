import { timingSafeEqual } from "node:crypto";
import type { ConfigStore } from "../config/store.ts";
import { encode, equalBytes } from "../lib/bytes.ts";
import { type Client, type ClientRegistry, GATE_UNAUTHENTICATED } from "./client.ts";

const DEFAULT_USER = encode("default");

/** Whether new connections must give a password. */
export function needsPassword(config: ConfigStore): boolean {
  return config.values.requirepass.length > 0;
}

/** Whether that is the password. How long it takes does not tell how much of it is right, nor how long it is. */
export function isPassword(config: ConfigStore, buf: Uint8Array, start: number, len: number): boolean {
  return timingSafeEqual(digest(config.values.requirepass), digest(buf.subarray(start, start + len)));
}

/** Whether that is the name of the only user there is. Letter case counts. */
export function isDefaultUser(buf: Uint8Array, start: number, len: number): boolean {
  return len === DEFAULT_USER.length && equalBytes(buf, start, DEFAULT_USER, 0, len);
}

/** Makes the client one that has not given the password, if there is one to give. */
export function deauthenticate(client: Client, config: ConfigStore): void {
  client.setGate(GATE_UNAUTHENTICATED, needsPassword(config));
}

/** When the password is taken away, those who have not given it are let in. A new password asks new connections only. */
export function followPassword(config: ConfigStore, clients: ClientRegistry): void {
  config.onChange("requirepass", (password) => {
    if (password.length === 0) for (const client of clients) client.setGate(GATE_UNAUTHENTICATED, false);
    return undefined;
  });
}

function digest(bytes: Uint8Array): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(bytes).digest();
}
