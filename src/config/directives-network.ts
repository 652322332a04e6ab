import { directive, inert, inertImmutable } from "./directive.ts";
import { INT_MAX, integer, LONG_MAX, memory, oneOf, PORT_MAX, path, secret, text, UINT_MAX, yesNo } from "./kinds.ts";
import { outputLimits } from "./kinds-merging.ts";
import { addresses, memoryShare, octal } from "./kinds-special.ts";

const MB = 1024 ** 2;
const NO_TLS = "go-redis does not speak TLS";

const listening = {
  bind: directive(
    addresses,
    ["127.0.0.1", "-::1"],
    "Addresses to listen on; `*` and `::*` are all of them, and a leading `-` lets an address be missing.",
  ),
  port: directive(integer(0, PORT_MAX), 6379, "TCP port; 0 turns TCP off."),
  "protected-mode": directive(yesNo, true, "While there is no password, only this machine may connect."),
  unixsocket: directive(path, "", "Path of a Unix socket to listen on.", { immutable: true }),
  unixsocketperm: directive(octal, 0, "Permissions of the Unix socket; 0 leaves them to the umask.", {
    immutable: true,
  }),
  "tcp-backlog": directive(
    integer(0, INT_MAX),
    511,
    "Length of the queue of connections not yet accepted; here it is always 512.",
    inertImmutable,
  ),
  "bind-source-addr": directive(text, "", "Address from which the server connects to others.", inert),
  "socket-mark-id": directive(integer(0, UINT_MAX), 0, "Mark of the listening sockets.", inertImmutable),
};

const clients = {
  timeout: directive(integer(0, INT_MAX), 0, "Seconds after which an idle client is disconnected; 0 is never."),
  "tcp-keepalive": directive(
    integer(0, INT_MAX),
    300,
    "Seconds of silence after which TCP asks whether a client is still there; 0 is never.",
  ),
  maxclients: directive(integer(1, UINT_MAX), 10000, "Connections accepted at the same time."),
  "client-output-buffer-limit": directive(
    outputLimits,
    {
      normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
      replica: { hardBytes: 256 * MB, softBytes: 64 * MB, softSeconds: 60 },
      pubsub: { hardBytes: 32 * MB, softBytes: 8 * MB, softSeconds: 60 },
    },
    "Replies that a client of each class may leave unread before it is cut off; 0 is no limit.",
  ),
  "client-query-buffer-limit": directive(
    memory(MB, LONG_MAX),
    1024 * MB,
    "Bytes of one request that may be waiting for its end.",
  ),
  "proto-max-bulk-len": directive(memory(MB, LONG_MAX), 512 * MB, "Length of the longest argument of a request."),
  "maxmemory-clients": directive(
    memoryShare,
    { unit: "bytes", amount: 0 },
    "Memory of all clients together, above which the largest are cut off; in percent: of maxmemory. 0 is no limit.",
  ),
  "tracking-table-max-keys": directive(
    integer(0, LONG_MAX),
    1000000,
    "Keys remembered for client-side caching; 0 is no limit.",
  ),
  "max-new-connections-per-cycle": directive(
    integer(1, 1000),
    10,
    "Connections accepted in one turn of the event loop.",
    inert,
  ),
};

const security = {
  requirepass: directive(secret, new Uint8Array(0), "Password that clients must give; empty is none.", {
    secret: true,
  }),
  "enable-protected-configs": directive(
    oneOf(["no", "yes", "local"]),
    "no",
    "Who may change protected directives: nobody, everybody, or clients of this machine.",
    { immutable: true },
  ),
  "enable-debug-command": directive(
    oneOf(["no", "yes", "local"]),
    "no",
    "Who may use DEBUG: nobody, everybody, or clients of this machine.",
    { immutable: true },
  ),
  "enable-js-functions": directive(
    oneOf(["no", "yes", "local"]),
    "no",
    "Who may load functions in JavaScript: nobody, everybody, or clients of this machine.",
    { protected: true },
  ),
  "enable-module-command": directive(oneOf(["no", "yes", "local"]), "no", "Who may use MODULE.", inertImmutable),
  "acl-pubsub-default": directive(
    oneOf(["allchannels", "resetchannels"]),
    "resetchannels",
    "Channels that a new user may use.",
    inert,
  ),
  "acllog-max-len": directive(integer(0, LONG_MAX), 128, "Length of the log of denied commands.", inert),
  aclfile: directive(path, "", "File with users.", {
    ...inertImmutable,
    refuse: (value) => (value === "" ? undefined : "go-redis has no users but the default one: use requirepass"),
  }),
};

const tlsFile = (doc: string) => directive(path, "", doc, inert);
const tlsOff = (value: boolean) => (value ? NO_TLS : undefined);

const tls = {
  "tls-port": directive(integer(0, PORT_MAX), 0, "TCP port for TLS; only 0, off.", {
    ...inert,
    refuse: (value) => (value === 0 ? undefined : NO_TLS),
  }),
  "tls-cluster": directive(yesNo, false, "TLS between the nodes of a cluster; only off.", { ...inert, refuse: tlsOff }),
  "tls-replication": directive(yesNo, false, "TLS to a master; only off.", { ...inert, refuse: tlsOff }),
  "tls-cert-file": tlsFile("Certificate."),
  "tls-key-file": tlsFile("Key of the certificate."),
  "tls-key-file-pass": directive(secret, new Uint8Array(0), "Password of the key.", { ...inert, secret: true }),
  "tls-client-cert-file": tlsFile("Certificate as a client."),
  "tls-client-key-file": tlsFile("Key of the client certificate."),
  "tls-client-key-file-pass": directive(secret, new Uint8Array(0), "Password of the client key.", {
    ...inert,
    secret: true,
  }),
  "tls-dh-params-file": tlsFile("Diffie-Hellman parameters."),
  "tls-ca-cert-file": tlsFile("Certificates that are trusted."),
  "tls-ca-cert-dir": tlsFile("Folder of certificates that are trusted."),
  "tls-auth-clients": directive(oneOf(["no", "yes", "optional"]), "yes", "Whether clients need a certificate.", inert),
  "tls-auth-clients-user": directive(
    oneOf(["off", "cn"]),
    "off",
    "Whether a client's certificate names its user.",
    inert,
  ),
  "tls-protocols": directive(text, "", "Versions of TLS.", inert),
  "tls-ciphers": directive(text, "", "Ciphers up to TLS 1.2.", inert),
  "tls-ciphersuites": directive(text, "", "Ciphers of TLS 1.3.", inert),
  "tls-prefer-server-ciphers": directive(yesNo, false, "Whether the server's order of ciphers counts.", inert),
  "tls-session-caching": directive(yesNo, true, "Whether sessions are kept to be resumed.", inert),
  "tls-session-cache-size": directive(integer(0, INT_MAX), 20480, "Sessions kept.", inert),
  "tls-session-cache-timeout": directive(integer(0, INT_MAX), 300, "Seconds for which they are kept.", inert),
  "max-new-tls-connections-per-cycle": directive(
    integer(1, 1000),
    1,
    "TLS connections accepted in one turn of the event loop.",
    inert,
  ),
};

export const networkDirectives = { ...listening, ...clients, ...security, ...tls };
