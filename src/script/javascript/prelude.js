// Runs in the machine, before any library: makes the object `redis`, and then all that libraries share unchangeable. What it needs of
// JavaScript's own objects is therefore what it was. The host gets only strings, numbers, bytes and functions, because to make a text of
// anything else runs code of the library, which can't be paused there.
(host) => {
  const DEPTH_MAX = 100;
  // What is thrown is null when there is no memory for an error.
  const NO_MEMORY = "InternalError: out of memory";
  const { call, put, log, register } = host;

  /** What a command answered with an error, and what redis.errorReply makes. */
  class RedisError extends Error {
    name = "RedisError";
  }

  class Status {
    constructor(text) {
      this.ok = `${text}`;
    }
  }

  /** Errors that commands answered: the server has counted them. */
  const counted = new WeakSet();

  const isBytes = (value) => value instanceof Uint8Array;

  function argument(value) {
    if (typeof value === "string" || isBytes(value)) return value;
    if (typeof value === "number" || typeof value === "bigint") return `${value}`;
    throw new TypeError("Arguments of commands must be strings, numbers, or bytes (Uint8Array)");
  }

  const pcall = (...args) => {
    if (args.length === 0) throw new TypeError("Please specify at least one argument for this redis call");
    return call(...args.map(argument));
  };

  // Not by their iterators, which a subclass may have of its own: keys without values would be no reply.
  function pairsOf(map) {
    const pairs = [];
    Map.prototype.forEach.call(map, (value, key) => pairs.push(key, value));
    return pairs;
  }

  function membersOf(set) {
    const members = [];
    Set.prototype.forEach.call(set, (member) => members.push(member));
    return members;
  }

  function write(value, depth) {
    if (depth > DEPTH_MAX) throw new RangeError("The value that the function returned is nested too deep");
    const elements = (kind, list) => {
      put(kind, list.length);
      for (const element of list) write(element, depth + 1);
    };
    if (value === undefined || value === null) put("_", 0);
    else if (typeof value === "string" || isBytes(value)) put("$", value);
    else if (typeof value === "number") put(Number.isSafeInteger(value) ? ":" : ",", value);
    else if (typeof value === "bigint") put("(", `${value}`);
    else if (typeof value === "boolean") put("#", value ? 1 : 0);
    else if (value instanceof Error) put(counted.has(value) ? "!" : "-", `${value.message}`);
    else if (value instanceof Status) put("+", `${value.ok}`);
    else if (Array.isArray(value)) elements("*", Array.from(value));
    else if (value instanceof Map) elements("%", pairsOf(value));
    else if (value instanceof Set) elements("~", membersOf(value));
    else if (value instanceof Promise) throw new TypeError("A function must not be asynchronous");
    else if (typeof value === "object") elements("%", Object.entries(value).flat());
    else throw new TypeError(`A function can't return a ${typeof value}`);
  }

  const text = (value, what) => {
    if (typeof value !== "string") throw new TypeError(`${what} must be a string`);
    return value;
  };

  const redis = {
    call: (...args) => {
      const reply = pcall(...args);
      if (reply instanceof RedisError) throw reply;
      return reply;
    },
    pcall,
    log: (level, ...parts) => {
      if (!Number.isInteger(level) || level < 0 || level > 3) throw new RangeError("Invalid log level.");
      log(level, parts.map((part) => `${part}`).join(" "));
    },
    errorReply: (message) => new RedisError(text(message, "The message of an error")),
    statusReply: (message) => new Status(text(message, "A status")),
    registerFunction: (name, callback, options = {}) => {
      if (typeof callback !== "function")
        throw new TypeError("The second argument of redis.registerFunction must be a function");
      const { description = "", flags = [] } = options;
      const names = flags.map((flag) => text(flag, "A flag"));
      register(text(name, "The name of a function"), callback, text(description, "A description"), names.join("\n"));
    },
    LOG_DEBUG: 0,
    LOG_VERBOSE: 1,
    LOG_NOTICE: 2,
    LOG_WARNING: 3,
  };

  function freeze(object, seen) {
    if ((typeof object !== "object" && typeof object !== "function") || object === null || seen.has(object)) return;
    seen.add(object);
    Object.freeze(object);
    freeze(Object.getPrototypeOf(object), seen);
    for (const key of Reflect.ownKeys(object)) {
      const property = Object.getOwnPropertyDescriptor(object, key);
      freeze(property.value, seen);
      freeze(property.get, seen);
      freeze(property.set, seen);
    }
  }

  const hidden = [
    function* () {},
    async () => {},
    async function* () {},
    [][Symbol.iterator](),
    ""[Symbol.iterator](),
    new Map()[Symbol.iterator](),
    new Set()[Symbol.iterator](),
    "".matchAll(/x/g),
    redis,
    RedisError,
    Status,
    globalThis,
  ];
  const seen = new WeakSet();
  for (const object of hidden) freeze(object, seen);

  return [
    redis,
    // Makes a command's error (0), a map (1), a set (2), a big integer (3) or a refusal (4) for the host.
    (kind, content) => {
      if (kind === 0) {
        const error = new RedisError(content);
        counted.add(error);
        return error;
      }
      if (kind === 2) return new Set(content);
      if (kind === 3) return BigInt(content);
      if (kind === 4) return new TypeError(content);
      const map = new Map();
      for (let i = 0; i < content.length; i += 2) map.set(content[i], content[i + 1]);
      return map;
    },
    // Calls a function and writes what it returns.
    (callback, keys, args) => {
      try {
        write(callback(keys, args), 0);
        put("end", "");
      } catch (error) {
        put(
          counted.has(error) ? "refused" : "failed",
          error instanceof RedisError ? `${error.message}` : `ERR ${error ?? NO_MEMORY}`,
        );
      }
    },
    // Runs a library.
    (library) => {
      try {
        library(redis);
        put("end", "");
      } catch (error) {
        put("failed", `${error ?? NO_MEMORY}`);
      }
    },
  ];
};
