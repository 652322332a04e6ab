import { directive, inert, inertImmutable } from "./directive.ts";
import { INT_MAX, integer, LONG_MAX, oneOf, path, text, yesNo } from "./kinds.ts";
import { directory } from "./kinds-merging.ts";
import { eventClasses, oomScores, percentiles, shutdownFlags, titleTemplate } from "./kinds-special.ts";

const INT_MIN = -INT_MAX - 1;

const process = {
  databases: directive(integer(1, INT_MAX), 16, "Number of databases.", { immutable: true }),
  dir: directive(directory, "", "Folder for data; the process works in it.", {
    protected: true,
    notWhileLoading: true,
  }),
  pidfile: directive(path, "", "File for the process id while the server runs.", { immutable: true }),
  loglevel: directive(
    oneOf(["debug", "verbose", "notice", "warning"]),
    "notice",
    "Least important kind of message that is logged.",
  ),
  logfile: directive(path, "", "File for the log; empty is standard output.", { immutable: true }),
  "always-show-logo": directive(
    yesNo,
    false,
    "Start with the logo although the log is no terminal; it is always there.",
    inertImmutable,
  ),
  "notify-keyspace-events": directive(eventClasses, "", "Which changes of keys are published, and as what."),
  daemonize: directive(yesNo, false, "Run in the background; this server stays in the foreground.", inertImmutable),
  supervised: directive(
    oneOf(["upstart", "systemd", "auto", "no"]),
    "no",
    "Tell a supervisor when the server is ready.",
    inertImmutable,
  ),
  "syslog-enabled": directive(yesNo, false, "Log to the system's log.", inertImmutable),
  "syslog-ident": directive(text, "redis", "Name in the system's log.", inertImmutable),
  "syslog-facility": directive(
    oneOf(["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"]),
    "local0",
    "Facility in the system's log.",
    inertImmutable,
  ),
  "set-proc-title": directive(yesNo, true, "Whether the process names itself.", inertImmutable),
  "proc-title-template": directive(
    titleTemplate,
    "{title} {listen-addr} {server-mode}",
    "How the process names itself.",
    inert,
  ),
  "shutdown-timeout": directive(integer(0, INT_MAX), 10, "Seconds for which a shutdown waits for replicas.", inert),
  "shutdown-on-sigint": directive(shutdownFlags, [], "How SIGINT ends the server, in SHUTDOWN's words."),
  "shutdown-on-sigterm": directive(shutdownFlags, [], "How SIGTERM ends the server, in SHUTDOWN's words."),
  "crash-log-enabled": directive(yesNo, true, "Log the state of a crash.", inert),
  "crash-memcheck-enabled": directive(yesNo, true, "Test the memory after a crash.", inert),
  "use-exit-on-panic": directive(yesNo, false, "End by exit after a broken invariant.", { ...inert, hidden: true }),
  "watchdog-period": directive(
    integer(0, INT_MAX, (ms) => (ms > 0 && ms < 200 ? 200 : ms)),
    0,
    "Milliseconds after which a stalled server logs where it is.",
    { ...inert, hidden: true },
  ),
  "ignore-warnings": directive(text, "", "Warnings at start that are left out.", inert),
  "hide-user-data-from-log": directive(yesNo, false, "Keep users' data out of the log of a crash.", inert),
  "locale-collate": directive(text, "", "Locale for comparing strings.", inert),
};

const cpus = (doc: string, alias: string) => directive(text, "", doc, { ...inertImmutable, aliases: [alias] });

const system = {
  hz: directive(
    integer(0, INT_MAX, (value) => Math.min(Math.max(value, 1), 500)),
    10,
    "Rounds of background work per second; this server works between requests.",
    inert,
  ),
  "dynamic-hz": directive(yesNo, true, "More rounds with more clients.", inert),
  "io-threads": directive(integer(1, 128), 1, "Threads that read and write sockets.", inertImmutable),
  "io-threads-do-reads": directive(yesNo, false, "Whether those threads read as well.", inertImmutable),
  lookahead: directive(integer(1, 1024), 16, "Requests of a pipeline that are looked at together.", inert),
  "jemalloc-bg-thread": directive(yesNo, true, "A thread that returns memory.", inert),
  "disable-thp": directive(
    yesNo,
    false,
    "Do not ask the system for huge pages; they make look-ups faster, and nothing here forks.",
    { immutable: true },
  ),
  "oom-score-adj": directive(
    oneOf(["no", "yes", "relative", "absolute"], { relative: "yes" }),
    "no",
    "How willingly the system is to end the server when memory runs out: its own rule, or a score of oom-score-adj-values.",
  ),
  "oom-score-adj-values": directive(
    oomScores,
    [0, 200, 800],
    "The scores: of a server, of a replica, of a child process; this server is always the first.",
  ),
  server_cpulist: cpus("Processors for the server.", "server-cpulist"),
  bio_cpulist: cpus("Processors for background threads.", "bio-cpulist"),
  aof_rewrite_cpulist: cpus("Processors for rewriting the AOF.", "aof-rewrite-cpulist"),
  bgsave_cpulist: cpus("Processors for saving.", "bgsave-cpulist"),
};

const observation = {
  "slowlog-log-slower-than": directive(
    integer(-1, LONG_MAX),
    10000,
    "Microseconds above which a command is slow; -1 is never.",
  ),
  "slowlog-max-len": directive(integer(0, LONG_MAX), 128, "Slow commands that are remembered."),
  "latency-monitor-threshold": directive(
    integer(0, LONG_MAX),
    0,
    "Milliseconds above which a delay is remembered; 0 is off.",
  ),
  "latency-tracking": directive(yesNo, true, "Whether INFO shows the latency of every command."),
  "latency-tracking-info-percentiles": directive(percentiles, [50, 99, 99.9], "Percentiles of latency in INFO."),
};

const scripts = {
  "busy-reply-threshold": directive(
    integer(0, LONG_MAX),
    5000,
    "Milliseconds after which others are told that a script runs.",
    { aliases: ["lua-time-limit"] },
  ),
  "lua-enable-deprecated-api": directive(
    yesNo,
    false,
    "Give scripts setfenv, getfenv and newproxy, which are unsafe.",
    {
      immutable: true,
      hidden: true,
    },
  ),
};

/** Delays that Redis's tests ask for. */
const testing = {
  "key-load-delay": directive(integer(INT_MIN, INT_MAX), 0, "Microseconds to wait after a loaded key.", {
    ...inert,
    hidden: true,
  }),
  "rdb-key-save-delay": directive(integer(INT_MIN, INT_MAX), 0, "Microseconds to wait after a saved key.", {
    ...inert,
    hidden: true,
  }),
  "loading-process-events-interval-bytes": directive(
    integer(1024, INT_MAX),
    2097152,
    "Bytes loaded between two looks at clients.",
    {
      ...inert,
      hidden: true,
    },
  ),
};

export const serverDirectives = { ...process, ...system, ...observation, ...scripts, ...testing };
