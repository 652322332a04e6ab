import manifest from "../package.json" with { type: "json" };

export const PRODUCT = "go-redis";
export const VERSION: string = manifest.version;
