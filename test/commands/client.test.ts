import { describe, expect, test } from "bun:test";
import { type LocalClient, LocalServer } from "./local-server.ts";

const SYNTAX = "-ERR syntax error\r\n";
const BAD_NAME = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n";

function expectAnswers(c: LocalClient, dialogue: Record<string, string>): void {
  for (const [request, bytes] of Object.entries(dialogue)) expect([request, c.say(request)]).toEqual([request, bytes]);
}

/** The ids in a CLIENT LIST, in its order. */
function idsIn(list: string): number[] {
  return [...list.matchAll(/^(?:txt:)?id=(\d+)/gm)].map((hit) => Number(hit[1]));
}

describe("CLIENT", () => {
  test("names its mistakes as redis-server does", () => {
    expectAnswers(new LocalServer().connect(), {
      CLIENT: "-ERR wrong number of arguments for 'client' command\r\n",
      "CLIENT NOPE": "-ERR unknown subcommand 'NOPE'. Try CLIENT HELP.\r\n",
      "CLIENT HELP x": "-ERR wrong number of arguments for 'client|help' command\r\n",
      "CLIENT ID x": "-ERR wrong number of arguments for 'client|id' command\r\n",
      "CLIENT SETNAME": "-ERR wrong number of arguments for 'client|setname' command\r\n",
      "CLIENT NO-EVICT x": SYNTAX,
      "CLIENT NO-TOUCH x": SYNTAX,
    });
  });

  test("HELP tells of every subcommand", () => {
    const server = new LocalServer();
    const help = server.connect().say("CLIENT HELP");
    const lines = [...help.matchAll(/^\+(\S+)/gm)].map((hit) => hit[1]);
    const names = [...server.table.get("client")!.subcommands!.keys()].map((name) => name.toUpperCase());
    expect(lines.slice(1)).toEqual(names);
    expect(help).toStartWith(`*${2 * names.length + 1}\r\n`);
  });

  test("ID counts connections", () => {
    const server = new LocalServer();
    expect([server.connect().say("CLIENT ID"), server.connect().say("CLIENT ID")]).toEqual([":1\r\n", ":2\r\n"]);
  });
});

describe("CLIENT SETNAME", () => {
  test("takes printable names without blanks", () => {
    expectAnswers(new LocalServer().connect(), {
      "CLIENT GETNAME": "$-1\r\n",
      "CLIENT SETNAME ~!": "+OK\r\n",
      'CLIENT SETNAME "a b"': BAD_NAME,
      'CLIENT SETNAME "a\\nb"': BAD_NAME,
      'CLIENT SETNAME "\\x7f"': BAD_NAME,
      'CLIENT SETNAME "\\xff"': BAD_NAME,
      "client getname": "$2\r\n~!\r\n",
    });
  });

  test("takes an empty name as none", () => {
    const c = new LocalServer().connect();
    expect(c.say("CLIENT SETNAME me", 'CLIENT SETNAME ""', "CLIENT GETNAME")).toBe("+OK\r\n+OK\r\n$-1\r\n");
    expect(c.say("HELLO 3", "CLIENT GETNAME")).toEndWith("_\r\n");
  });
});

describe("CLIENT SETINFO", () => {
  test("shows library name and version in CLIENT INFO, also after RESET", () => {
    const c = new LocalServer().connect();
    expect(c.say("CLIENT SETINFO lib-name redis-lib(om_v1.0)", "CLIENT SETINFO LIB-VER 1.2.3", "RESET")).toBe(
      "+OK\r\n+OK\r\n+RESET\r\n",
    );
    expect(c.say("CLIENT INFO")).toContain(" lib-name=redis-lib(om_v1.0) lib-ver=1.2.3 ");
    c.say('CLIENT SETINFO LIB-VER ""');
    expect(c.say("CLIENT INFO")).toContain(" lib-ver= ");
  });

  test("refuses what CLIENT LIST could not show", () => {
    expectAnswers(new LocalServer().connect(), {
      'CLIENT SETINFO LIB-NAME "a b"': "-ERR LIB-NAME cannot contain spaces, newlines or special characters.\r\n",
      'CLIENT SETINFO lib-ver "1\\n"': "-ERR lib-ver cannot contain spaces, newlines or special characters.\r\n",
      "CLIENT SETINFO NOPE x": "-ERR Unrecognized option 'NOPE'\r\n",
      "CLIENT SETINFO LIB-NAME": "-ERR wrong number of arguments for 'client|setinfo' command\r\n",
    });
  });
});

describe("CLIENT INFO", () => {
  test("has the fields of redis-server 7.0.15 in their order, then the newer ones", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say("SELECT 4");
    server.pass(2500);
    const line = c.say("CLIENT INFO").split("\r\n")[1]!;
    expect(line).toBe(
      "id=1 addr=127.0.0.1:5000 laddr=127.0.0.1:6379 fd=8 name= age=2 idle=0 flags=N db=4 sub=0 psub=0 ssub=0 multi=-1 qbuf=26 " +
        "qbuf-free=0 argv-mem=10 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=3400 events=r cmd=client|info user=default " +
        "redir=-1 resp=2 lib-name= lib-ver= watch=0 tot-net-in=0 tot-net-out=0 tot-cmds=1\n",
    );
  });

  test("is a verbatim string in RESP3", () => {
    const c = new LocalServer().connect();
    c.say("HELLO 3");
    expect(c.say("CLIENT INFO")).toMatch(/^=\d+\r\ntxt:id=1 .* resp=3 .*\n\r\n$/);
  });

  test("shows monitors, transactions and the requests they hold", () => {
    const server = new LocalServer();
    server.connect().say("MONITOR");
    const other = server.connect();
    other.say("MULTI", "SET k v", "GET k");
    const [monitor, transaction] = server.connect().say("CLIENT LIST").split("\n").slice(1);
    expect(monitor).toContain(" flags=O ");
    expect(transaction).toContain(" flags=x ");
    expect(transaction).toContain(" multi=2 ");
  });

  test("shows modes and subscriptions as flags", () => {
    const flags = (...requests: string[]): string => {
      const c = new LocalServer().connect(requests.includes("unix") ? "/tmp/s:0" : "127.0.0.1:1");
      c.say("HELLO 3", ...requests.filter((request) => request !== "unix"));
      return / flags=(\S+) /.exec(c.say("CLIENT INFO"))![1]!;
    };
    expect(flags()).toBe("N");
    expect(flags("CLIENT NO-EVICT on")).toBe("e");
    expect(flags("CLIENT NO-EVICT on", "CLIENT NO-EVICT OFF")).toBe("N");
    expect(flags("SSUBSCRIBE s", "CLIENT NO-EVICT on", "CLIENT NO-TOUCH on", "unix")).toBe("PUeT");
  });
});

describe("CLIENT LIST", () => {
  test("shows everybody, with what they did last and how long ago", () => {
    const server = new LocalServer();
    const [admin, idle, other] = [server.connect(), server.connect(), server.connect()];
    other.say("HELLO 3 SETNAME bob", "SUBSCRIBE x y", "PSUBSCRIBE p*", "SSUBSCRIBE s");
    server.pass(5000);
    const list = admin.say("CLIENT LIST");
    expect(idsIn(list)).toEqual([1, 2, 3]);
    expect(list).toMatch(/id=1 .* age=5 idle=0 flags=N .* cmd=client\|list /);
    expect(list).toMatch(/id=2 .* age=5 idle=5 flags=N .* cmd=NULL /);
    expect(list).toMatch(/id=3 .* name=bob age=5 idle=5 flags=P db=0 sub=2 psub=1 ssub=1 .* cmd=ssubscribe .* resp=3 /);
    expect(idle.heard()).toBe("");
  });

  test("filters by type and by ids", () => {
    const server = new LocalServer();
    const [admin, subscriber] = [server.connect(), server.connect()];
    subscriber.say("SSUBSCRIBE s");
    expect(idsIn(admin.say("CLIENT LIST TYPE normal"))).toEqual([1]);
    expect(idsIn(admin.say("CLIENT LIST TYPE PubSub"))).toEqual([2]);
    expect(idsIn(admin.say("CLIENT LIST ID 2 77 1 2"))).toEqual([2, 1, 2]);
    expectAnswers(admin, {
      "CLIENT LIST TYPE replica": "$0\r\n\r\n",
      "CLIENT LIST TYPE slave": "$0\r\n\r\n",
      "CLIENT LIST TYPE master": "$0\r\n\r\n",
      "CLIENT LIST ID 0": "$0\r\n\r\n",
      "CLIENT LIST ID -1 9223372036854775807": "$0\r\n\r\n",
    });
  });

  test("names its mistakes as redis-server does", () => {
    expectAnswers(new LocalServer().connect(), {
      "CLIENT LIST NOPE": SYNTAX,
      "CLIENT LIST TYPE": SYNTAX,
      "CLIENT LIST TYPE normal x": SYNTAX,
      "CLIENT LIST TYPE normal ID 1": SYNTAX,
      "CLIENT LIST ID": SYNTAX,
      "CLIENT LIST TYPE nope": "-ERR Unknown client type 'nope'\r\n",
      "CLIENT LIST ID abc": "-ERR Invalid client ID\r\n",
      "CLIENT LIST ID 1 x": "-ERR Invalid client ID\r\n",
      "CLIENT LIST ID 99999999999999999999": "-ERR Invalid client ID\r\n",
    });
  });
});

describe("CLIENT CAPA", () => {
  test("takes what it knows and what it does not", () => {
    expect(new LocalServer().connect().say("CLIENT CAPA redirect whatever")).toBe("+OK\r\n");
  });
});

describe("CLIENT NO-TOUCH", () => {
  test("lets reads leave no trace", () => {
    const server = new LocalServer();
    const c = server.connect();
    c.say("SET k v", "CLIENT NO-TOUCH on");
    server.pass(20_000);
    expect(c.say("GET k", "OBJECT IDLETIME k")).toBe("$1\r\nv\r\n:20\r\n");
    expect(c.say("CLIENT NO-TOUCH off", "GET k", "OBJECT IDLETIME k")).toBe("+OK\r\n$1\r\nv\r\n:0\r\n");
  });
});
