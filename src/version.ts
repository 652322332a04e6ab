import manifest from "../package.json" with { type: "json" };

export const PRODUCT = "go-redis";
export const VERSION: string = manifest.version;

/**
 * The version of Redis that clients are told (HELLO, INFO's redis_version). Libraries read it as a minimum, for what they may use: this is
 * the last version of Redis's core before hash-field expiry and the modules of Redis 8, which they would look for behind a larger
 * number, and the one that other compatible servers report, so that tools will go on accepting it. Newer commands and options
 * that this server has are found by COMMAND INFO.
 */
export const REDIS_VERSION = "7.2.4";
