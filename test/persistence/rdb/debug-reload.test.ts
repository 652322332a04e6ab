import { afterEach, describe, expect, test } from "bun:test";
import { requireRedisServer, type Server, startOurs, startRedis } from "../../support/oracle.ts";
import { encodePipeline, RawConnection } from "../../support/raw.ts";
import { asking, contentsOf, differences } from "./contents.ts";
import { everything } from "./dataset.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function connect(starting: Promise<Server>): Promise<RawConnection> {
  const server = await starting;
  servers.push(server);
  return RawConnection.connect(server.port);
}

const LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 7 end)";

describe("DEBUG RELOAD", () => {
  test("leaves everything as it was, also within a transaction", async () => {
    const connection = await connect(startOurs());
    const requests = [...everything(31), ["FUNCTION", "LOAD", LIBRARY], ["HSET", "h", "a", "1", "b", "2"]];
    requests.push(["HPEXPIREAT", "h", "4102444800000", "FIELDS", "1", "a"]);
    connection.send(encodePipeline(requests));
    await connection.read(requests.length);
    const ask = asking(connection);
    const options = { fieldDeadlines: true };
    const before = await contentsOf(ask, options);
    expect(await connection.text("DEBUG", "RELOAD")).toBe("+OK\r\n");
    expect(differences(before, await contentsOf(ask, options))).toEqual([]);
    expect(await connection.text("FCALL", "f", "0")).toBe(":7\r\n");
    await ask([["MULTI"], ["SET", "new", "1"], ["DEBUG", "RELOAD"], ["GET", "new"]]);
    expect(await connection.text("EXEC")).toBe("*3\r\n+OK\r\n+OK\r\n$1\r\n1\r\n");
    expect(differences(before, await contentsOf(ask, options))).toEqual([expect.stringContaining("0 new")]);
    connection.close();
  });

  test("is told once when the file has another version than was asked for", async () => {
    const connection = await connect(startOurs());
    const told = () => servers[0]!.log().match(/Snapshots have version \d+ of their format, not \d+/g);
    await asking(connection)([
      ["HSET", "h", "a", "1"],
      ["DEBUG", "RELOAD"],
    ]);
    expect(told()).toBeNull();
    await asking(connection)([
      ["HEXPIRE", "h", "1000", "FIELDS", "1", "a"],
      ["DEBUG", "RELOAD"],
      ["DEBUG", "RELOAD"],
    ]);
    expect(told()).toEqual(["Snapshots have version 12 of their format, not 10"]);
    connection.close();
  });

  test.skipIf(requireRedisServer() === undefined)("takes its options as redis-server does", async () => {
    const connections = await Promise.all([connect(startRedis()), connect(startOurs())]);
    const requests = [
      ["DEBUG", "RELOAD", "NOSAVE"],
      ["SET", "a", "1"],
      ["DEBUG", "RELOAD"],
      ["SET", "b", "2"],
      ["DEBUG", "RELOAD", "nosave"],
      ["DBSIZE"],
      ["SET", "b", "2"],
      ["SET", "a", "3"],
      ["DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"],
      ["MGET", "a", "b"],
      ["DEBUG", "RELOAD", "NOFLUSH", "NOSAVE", "WHAT"],
      ["DEBUG", "RELOAD", "MERGE", "MERGE", "MERGE", "MERGE", "MERGE"],
      ["MGET", "a", "b"],
    ];
    const [theirs, ours] = await Promise.all(
      connections.map(async (connection) => {
        const replies: string[] = [];
        for (const request of requests) replies.push(await connection.text(...request));
        connection.close();
        return replies;
      }),
    );
    expect(ours!).toEqual(theirs!);
  });
});
