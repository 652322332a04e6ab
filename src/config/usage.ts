/** What --help prints. */
export function usageText(program: string): string {
  return `Usage: ${program} [file] [--directive value ...] [-]
       ${program} -                    read the configuration from standard input
       ${program} --healthcheck        ask the server that this configuration describes for a PONG
       ${program} check-aof [--fix | --truncate-to-timestamp <seconds>] <file>
                                       look for damage in an append-only file, or a manifest's files
       ${program} check-rdb <file>     look for damage in a snapshot
       ${program} -v, --version
       ${program} -h, --help

       ${program} ... --restore-to <seconds>
                                       start with the append-only file cut back to that Unix time; what there was is kept

Any directive of redis.conf may be given as an option, or as a variable GO_REDIS_<DIRECTIVE> with dashes as
underscores. Options count more than variables, variables more than the file.

Examples:
       ${program}                      listen on localhost:6379, keep data in this folder
       ${program} /etc/redis/6379.conf
       ${program} --port 7777 --appendfsync always
       ${program} redis.conf --loglevel verbose
       echo 'maxclients 100' | ${program} -
       GO_REDIS_PORT=7777 ${program}
`;
}
