const DEFAULT_SEED = 20_240_607;

/** What chance in tests begins with: fixed, so that a run repeats. GO_REDIS_SEED=n takes another one. */
export const seed = Number(process.env["GO_REDIS_SEED"] ?? DEFAULT_SEED);

/** The secret of a keyspace's hash function, on which the order of its tables depends. */
export const secret: [number, number] = [seed, ~seed];
