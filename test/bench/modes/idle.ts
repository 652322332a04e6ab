/** What connections cost that do nothing. */
import { type Bench, progress, withEach } from "../bench.ts";
import { settle } from "../now.ts";
import { count, fixed, megabytes, type Section } from "../report.ts";

const CONNECTIONS = 10_000;
const CONNECTIONS_QUICK = 500;

export async function idle(bench: Bench): Promise<Section[]> {
  const { quick, contenders } = bench.options;
  const connections = quick ? CONNECTIONS_QUICK : CONNECTIONS;
  const body = async (server: { port: number; rssBytes(): number }, contender: { name: string }) => {
    progress(`idle ${contender.name}`);
    await settle(quick);
    const before = server.rssBytes();
    await bench.generator.idle({ port: server.port, connections });
    const opened = server.rssBytes();
    await settle(quick);
    const settled = server.rssBytes();
    await bench.generator.idle({ port: server.port, connections: 0 });
    return { before, opened, settled };
  };
  const figures = await withEach(bench, "everysec", body, ["--maxclients", String(connections + 100)]);
  return [
    {
      title: "Idle connections",
      head: ["Server", "RSS before", "just opened", "at rest", "bytes per connection"],
      rows: figures.map((one, i) => [
        contenders[i]!.name,
        megabytes(one.before),
        megabytes(one.opened),
        megabytes(one.settled),
        fixed((one.settled - one.before) / connections, 0),
      ]),
      notes: [`${count(connections)} connections; each has sent one PING and is silent since. AOF everysec.`],
      data: figures,
    },
  ];
}
