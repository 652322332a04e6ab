import { readFileSync } from "node:fs";
import { machine, release, type } from "node:os";
import { PRODUCT, REDIS_VERSION, VERSION } from "../version.ts";
import type { Section } from "./section.ts";

/** Clock ticks of /proc are hundredths of a second on every Linux. */
const TICKS_PER_SECOND = 100;
const SECONDS_PER_DAY = 86_400;
const LRU_CLOCK_MASK = 0xffffff;

export const server: Section = {
  name: "server",
  title: "Server",
  fields({ config, clock, startedMs, runId }) {
    const nowMs = clock.unixMs();
    const seconds = Math.max(0, Math.floor((nowMs - startedMs) / 1000));
    return {
      redis_version: REDIS_VERSION,
      server_name: PRODUCT,
      server_version: VERSION,
      redis_git_sha1: "00000000",
      redis_git_dirty: 0,
      redis_build_id: "0",
      redis_mode: "standalone",
      os: `${type()} ${release()} ${machine()}`,
      arch_bits: 64,
      monotonic_clock: "POSIX clock_gettime",
      multiplexing_api: "epoll",
      runtime: `bun-${Bun.version}`,
      process_id: process.pid,
      process_supervised: "no",
      run_id: runId,
      tcp_port: config.values.port,
      server_time_usec: clock.unixUs(),
      uptime_in_seconds: seconds,
      uptime_in_days: Math.floor(seconds / SECONDS_PER_DAY),
      hz: config.values.hz,
      configured_hz: config.values.hz,
      lru_clock: Math.floor(nowMs / 1000) & LRU_CLOCK_MASK,
      executable: process.execPath,
      config_file: config.file ?? "",
      io_threads_active: 0,
    };
  },
};

export const clients: Section = {
  name: "clients",
  title: "Clients",
  fields({ clients, config, pause, tracking, waiting, watches }) {
    let input = 0;
    let output = 0;
    let subscribers = 0;
    let watching = 0;
    for (const { link, isSubscriber, watched } of clients) {
      input = Math.max(input, link.queryBytes + link.queryFreeBytes);
      output = Math.max(output, link.outputBytes);
      if (isSubscriber) subscribers++;
      if (watched !== undefined) watching++;
    }
    return {
      connected_clients: clients.size,
      cluster_connections: 0,
      maxclients: config.values.maxclients,
      client_recent_max_input_buffer: input,
      client_recent_max_output_buffer: output,
      blocked_clients: waiting.size + pause.heldBack,
      tracking_clients: tracking.clientCount,
      pubsub_clients: subscribers,
      watching_clients: watching,
      clients_in_timeout_table: waiting.timedSize,
      total_watched_keys: watches.keyCount,
      total_blocking_keys: waiting.keyCount,
    };
  },
};

/** There are no replicas, but what they would be told is in place. */
export const replication: Section = {
  name: "replication",
  title: "Replication",
  fields({ replicationId, config }) {
    return {
      role: "master",
      connected_slaves: 0,
      master_failover_state: "no-failover",
      master_replid: replicationId,
      master_replid2: "0".repeat(40),
      master_repl_offset: 0,
      second_repl_offset: -1,
      repl_backlog_active: 0,
      repl_backlog_size: config.values["repl-backlog-size"],
      repl_backlog_first_byte_offset: 0,
      repl_backlog_histlen: 0,
    };
  },
};

export const cpu: Section = {
  name: "cpu",
  title: "CPU",
  fields() {
    const { systemCPUTime, userCPUTime } = process.resourceUsage();
    const whole = { user: userCPUTime / 1e6, system: systemCPUTime / 1e6 };
    const main = mainThreadSeconds() ?? whole;
    return {
      used_cpu_sys: whole.system.toFixed(6),
      used_cpu_user: whole.user.toFixed(6),
      used_cpu_sys_children: "0.000000",
      used_cpu_user_children: "0.000000",
      used_cpu_sys_main_thread: main.system.toFixed(6),
      used_cpu_user_main_thread: main.user.toFixed(6),
    };
  },
};

/** Processor time of the thread that executes commands; undefined where there is no /proc. */
function mainThreadSeconds(): { user: number; system: number } | undefined {
  try {
    const text = readFileSync(`/proc/self/task/${process.pid}/stat`, "latin1");
    // The second field is the thread's name in parentheses and may hold anything; user and system time are the 14th and 15th.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { user: Number(fields[11]) / TICKS_PER_SECOND, system: Number(fields[12]) / TICKS_PER_SECOND };
  } catch {
    return undefined;
  }
}

export const modules: Section = {
  name: "modules",
  title: "Modules",
  fields: () => ({}),
};

export const cluster: Section = {
  name: "cluster",
  title: "Cluster",
  fields: () => ({ cluster_enabled: 0 }),
};
