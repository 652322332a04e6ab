import { NAMES, type Named } from "./directives.ts";
import { type ByteString, byteString } from "./text.ts";

const PREFIX = "GO_REDIS_";

/**
 * What orchestrators tell a container of a service called go-redis (`GO_REDIS_PORT=tcp://10.0.0.5:6379`,
 * `GO_REDIS_SERVICE_HOST`, `GO_REDIS_PORT_6379_TCP_ADDR`): these are no configuration.
 */
const SERVICE_LINK = /^GO_REDIS_(NAME|SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_\d+_(TCP|UDP|SCTP)(_.+)?|ENV_.+)$/;
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//;

export interface Setting {
  /** As it stands in the environment. */
  readonly line: string;
  /** Undefined when there is no such directive. */
  readonly named: Named | undefined;
  /** The whole value; quotes have no meaning in it. */
  readonly text: ByteString;
}

/** The directives that the environment sets, in the order of their variables' names. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Setting[] {
  const settings: Setting[] = [];
  for (const variable of Object.keys(env).sort()) {
    const value = env[variable];
    if (value === undefined || !variable.startsWith(PREFIX) || isServiceLink(variable, value)) continue;
    settings.push({ line: `${variable}=${value}`, named: VARIABLES.get(variable), text: byteString(value) });
  }
  return settings;
}

function isServiceLink(variable: string, value: string): boolean {
  return SERVICE_LINK.test(variable) || (variable === `${PREFIX}PORT` && SERVICE_ADDRESS.test(value));
}

/** The name of the variable that sets a directive. */
export function variableOf(directive: string): string {
  return PREFIX + directive.toUpperCase().replaceAll("-", "_");
}

const VARIABLES = new Map([...NAMES.values()].map((named) => [variableOf(named.name), named]));
