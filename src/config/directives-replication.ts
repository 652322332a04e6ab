import { directive, inert, inertImmutable } from "./directive.ts";
import { INT_MAX, integer, LONG_MAX, memory, oneOf, PORT_MAX, path, secret, text, yesNo } from "./kinds.ts";
import { hostName, masterAddress } from "./kinds-special.ts";

/** A directive that was called slave-... before, and still answers to that. */
const formerly = (...aliases: string[]) => ({ ...inert, aliases });

const replication = {
  replicaof: directive(masterAddress, "", "Server to replicate; only none.", {
    ...inertImmutable,
    aliases: ["slaveof"],
    refuse: (value) => (value === "" ? undefined : "go-redis does not replicate another server"),
  }),
  masterauth: directive(secret, new Uint8Array(0), "Password for the master.", { ...inert, secret: true }),
  masteruser: directive(text, "", "User for the master.", { ...inert, secret: true }),
  "replica-serve-stale-data": directive(yesNo, true, "Answer without a master.", formerly("slave-serve-stale-data")),
  "replica-read-only": directive(yesNo, true, "Whether a replica refuses writes.", formerly("slave-read-only")),
  "replica-lazy-flush": directive(yesNo, false, "Empty a replica in the background.", formerly("slave-lazy-flush")),
  "replica-priority": directive(integer(0, INT_MAX), 100, "Rank among replicas.", formerly("slave-priority")),
  "replica-announced": directive(yesNo, true, "Whether a replica is shown.", inert),
  "replica-announce-ip": directive(text, "", "Address of a replica, for others.", formerly("slave-announce-ip")),
  "replica-announce-port": directive(
    integer(0, PORT_MAX),
    0,
    "Port of a replica, for others.",
    formerly("slave-announce-port"),
  ),
  "replica-ignore-maxmemory": directive(
    yesNo,
    true,
    "Whether a replica evicts nothing.",
    formerly("slave-ignore-maxmemory"),
  ),
  "replica-ignore-disk-write-errors": directive(yesNo, false, "Whether a replica goes on without its disk.", inert),
  "replica-full-sync-buffer-limit": directive(memory(0, LONG_MAX), 0, "Changes kept during a full copy.", inert),
  "min-replicas-to-write": directive(
    integer(0, INT_MAX),
    0,
    "Replicas needed for writes.",
    formerly("min-slaves-to-write"),
  ),
  "min-replicas-max-lag": directive(
    integer(0, INT_MAX),
    10,
    "Seconds after which a replica does not count.",
    formerly("min-slaves-max-lag"),
  ),
  "repl-diskless-sync": directive(yesNo, true, "Send a full copy without a file.", inert),
  "repl-diskless-sync-delay": directive(integer(0, INT_MAX), 5, "Seconds to wait for more replicas.", inert),
  "repl-diskless-sync-max-replicas": directive(integer(0, INT_MAX), 0, "Replicas that end this wait.", inert),
  "repl-diskless-load": directive(
    oneOf(["disabled", "on-empty-db", "swapdb"]),
    "disabled",
    "Load a full copy without a file.",
    {
      ...inert,
      notWhileLoading: true,
    },
  ),
  "repl-rdb-channel": directive(yesNo, false, "A connection of its own for a full copy.", inert),
  "repl-ping-replica-period": directive(
    integer(1, INT_MAX),
    10,
    "Seconds between two pings.",
    formerly("repl-ping-slave-period"),
  ),
  "repl-timeout": directive(integer(1, INT_MAX), 60, "Seconds of silence that end replication.", inert),
  "repl-disable-tcp-nodelay": directive(yesNo, false, "Fewer and larger packets to replicas.", inert),
  "repl-backlog-size": directive(
    memory(1, LONG_MAX, (bytes) => Math.max(bytes, 16384)),
    1024 ** 2,
    "Changes kept for replicas that were away.",
    inert,
  ),
  "repl-backlog-ttl": directive(integer(0, LONG_MAX), 3600, "Seconds for which they are kept.", inert),
};

const cluster = {
  "cluster-enabled": directive(yesNo, false, "Be a node of a cluster; only off.", {
    ...inertImmutable,
    refuse: (value) => (value ? "go-redis is no cluster node" : undefined),
  }),
  "cluster-config-file": directive(path, "nodes.conf", "File for the state of the cluster.", inertImmutable),
  "cluster-node-timeout": directive(integer(0, LONG_MAX), 15000, "Milliseconds after which a node is gone.", inert),
  "cluster-port": directive(integer(0, PORT_MAX), 0, "Port of the cluster bus.", inertImmutable),
  "cluster-announce-ip": directive(text, "", "Address of this node, for others.", inert),
  "cluster-announce-hostname": directive(hostName, "", "Name of this node's machine, for others.", inert),
  "cluster-announce-human-nodename": directive(hostName, "", "Name of this node, for logs.", inert),
  "cluster-announce-port": directive(integer(0, PORT_MAX), 0, "Port of this node, for others.", inert),
  "cluster-announce-tls-port": directive(integer(0, PORT_MAX), 0, "TLS port of this node, for others.", inert),
  "cluster-announce-bus-port": directive(integer(0, PORT_MAX), 0, "Bus port of this node, for others.", inert),
  "cluster-preferred-endpoint-type": directive(
    oneOf(["ip", "hostname", "unknown-endpoint"]),
    "ip",
    "How clients are told of nodes.",
    inert,
  ),
  "cluster-migration-barrier": directive(integer(0, INT_MAX), 1, "Replicas that a master keeps.", inert),
  "cluster-replica-validity-factor": directive(
    integer(0, INT_MAX),
    10,
    "Age at which a replica is no successor.",
    formerly("cluster-slave-validity-factor"),
  ),
  "cluster-replica-no-failover": directive(
    yesNo,
    false,
    "Never succeed a master.",
    formerly("cluster-slave-no-failover"),
  ),
  "cluster-allow-replica-migration": directive(yesNo, true, "Whether replicas change their master.", inert),
  "cluster-require-full-coverage": directive(yesNo, true, "Stop when slots are missing.", inert),
  "cluster-allow-reads-when-down": directive(yesNo, false, "Answer reads without a working cluster.", inert),
  "cluster-allow-pubsubshard-when-down": directive(yesNo, true, "Shard channels without a working cluster.", inert),
  "cluster-link-sendbuf-limit": directive(memory(0, LONG_MAX), 0, "Memory of a link between nodes.", inert),
  "cluster-compatibility-sample-ratio": directive(
    integer(0, 100),
    0,
    "Share of commands checked for use in a cluster.",
    inert,
  ),
  "cluster-slot-stats-enabled": directive(yesNo, false, "Count per slot.", inert),
};

export const replicationDirectives = { ...replication, ...cluster };
