// The store of express-session, called as express-session calls it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { RedisStore } from "connect-redis";
import { createClient } from "redis";
import { type Server, startOurs } from "../support/oracle.ts";

/** What express-session gives to a store, and the application's own values. */
function session(user: string, expires?: Date) {
  return { cookie: { originalMaxAge: null, ...(expires && { expires }) }, user };
}

describe("connect-redis", () => {
  const connect = () => createClient({ socket: { host: "127.0.0.1", port: server.port } }).connect();
  let server: Server;
  let client: Awaited<ReturnType<typeof connect>>;
  let store: RedisStore;
  beforeAll(async () => {
    server = await startOurs();
    client = await connect();
    store = new RedisStore({ client, prefix: "app:", ttl: 1000 });
  });
  beforeEach(() => client.flushAll());
  afterAll(async () => {
    await client.close();
    await server.stop();
  });

  test("keeps sessions for as long as they live", async () => {
    await store.set("id", session("ann"));
    expect(await store.get("id")).toMatchObject({ user: "ann" });
    expect(await client.ttl("app:id")).toBeGreaterThan(990);
    await client.expire("app:id", 10);
    await store.touch("id", session("ann"));
    expect(await client.ttl("app:id")).toBeGreaterThan(990);
    expect(await store.get("nobody")).toBeNull();
  });

  test("ends a session whose cookie has ended", async () => {
    await store.set("id", session("ann"));
    await store.set("id", session("ann", new Date(0)));
    expect(await store.get("id")).toBeNull();
  });

  test("forgets a session that is destroyed", async () => {
    await store.set("id", session("ann"));
    await store.destroy("id");
    expect(await store.get("id")).toBeNull();
  });

  test("lists, counts and clears its sessions, and no other keys", async () => {
    const ids = Array.from({ length: 250 }, (_none, i) => `id${i}`).sort();
    await client.set("other", "v");
    for (const id of ids) await store.set(id, session(id));
    expect((await store.ids()).sort()).toEqual(ids);
    expect(await store.length()).toBe(250);
    const users: string[] = (await store.all()).map(({ user }: { user: string }) => user);
    expect(users.sort()).toEqual(ids);
    await store.clear();
    expect(await client.keys("*")).toEqual(["other"]);
  });

  test("calls back, as express-session wants it", async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    await store.set("id", session("ann"));
    void store.get("id", (_error, data) => resolve(data));
    expect(await promise).toMatchObject({ user: "ann" });
  });
});
