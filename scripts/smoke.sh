#!/usr/bin/env bash
# Proves that a built executable is a server: starts it as a user would, without Bun, and talks to it with redis-cli.
#
#   scripts/smoke.sh [dist/go-redis]
#
# Prints a line for each check and, last, "N passed, N failed"; exits 1 where one failed.
set -euo pipefail
cd "$(dirname "$0")/.."

program=$(realpath "${1:-dist/go-redis}")
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
work=$(mktemp -d)
port=$((20000 + RANDOM % 10000))
passed=0 failed=0 server=

finish() {
  if [ -n "$server" ]; then kill -KILL "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

# check NAME COMMAND...: runs the command and counts whether it succeeded.
check() {
  local name=$1
  shift
  if "$@" >"$work/check.log" 2>&1; then
    passed=$((passed + 1))
    echo "ok    $name"
  else
    failed=$((failed + 1))
    echo "FAIL  $name"
    sed 's/^/      /' "$work/check.log"
  fi
}

# The server sees this environment and no other; nothing of it belongs to Bun.
server_env() { env -i PATH=/usr/bin:/bin HOME="$work" "$@"; }

# start ARGUMENT...: starts the server in $work/data and waits until it is ready or has ended.
start() {
  # Now, because the server's own process may come to it only after the first look at what it says.
  : >"$work/server.log"
  (cd "$work/data" && exec env -i PATH=/usr/bin:/bin HOME="$work" "$program" "$@") >"$work/server.log" 2>&1 &
  server=$!
  local patience=400
  until grep -q 'Ready to accept connections' "$work/server.log"; do
    patience=$((patience - 1))
    if [ "$patience" -eq 0 ] || ! kill -0 "$server" 2>/dev/null; then
      cat "$work/server.log"
      return 1
    fi
    sleep 0.05
  done
}

# ends_with CODE SIGNAL: sends the server a signal and compares its exit code.
ends_with() {
  local code=0
  kill -"$2" "$server"
  wait "$server" || code=$?
  server=
  cat "$work/server.log"
  [ "$code" -eq "$1" ]
}

# refuses WORDS ARGUMENT...: the server must print WORDS and exit with 1.
refuses() {
  local words=$1 code=0
  shift
  (cd "$work/other" && server_env timeout 10 "$program" "$@") >"$work/refused.log" 2>&1 || code=$?
  cat "$work/refused.log"
  echo "exit $code"
  [ "$code" -eq 1 ] && grep -qi -- "$words" "$work/refused.log"
}

# prints WORDS COMMAND...: the command must succeed and print WORDS.
prints() {
  local words=$1 output
  shift
  output=$(server_env "$@")
  echo "$output"
  grep -qi -- "$words" <<<"$output"
}

# answers REPLY COMMAND...: redis-cli must print exactly REPLY.
answers() {
  local expected=$1 reply
  shift
  reply=$(redis-cli -p "$port" "$@")
  echo "$reply"
  [ "$reply" = "$expected" ]
}

# becomes STATE: INFO persistence must come to have that line.
becomes() {
  local patience=200
  until redis-cli -p "$port" INFO persistence | tr -d '\r' | grep -x -- "$1"; do
    patience=$((patience - 1))
    if [ "$patience" -eq 0 ]; then
      cat "$work/server.log"
      return 1
    fi
    sleep 0.05
  done
}

fails() { ! "$@"; }

# saves: a snapshot is written, which takes a worker thread of the executable's.
saves() {
  local patience=100
  redis-cli -p "$port" BGSAVE
  until [ -s "$work/data/dump.rdb" ]; do
    patience=$((patience - 1))
    if [ "$patience" -eq 0 ]; then
      cat "$work/server.log"
      return 1
    fi
    sleep 0.05
  done
}

mkdir "$work/data" "$work/other"
# What lies in the working folder must not be run or read by the executable.
echo 'preload = ["./planted.ts"]' >"$work/data/bunfig.toml"
echo 'require("node:fs").writeFileSync("planted", "")' >"$work/data/planted.ts"
echo 'GO_REDIS_PORT=1' >"$work/data/.env"

check '--version names the version' prints "$version" "$program" --version
check '--help says how to start it' prints usage "$program" --help
check 'an unknown directive is refused' refuses 'no-such-directive' --no-such-directive 1
check 'a bad value is refused' refuses 'port' --port many
check 'the health check fails while nothing listens' fails server_env GO_REDIS_PORT=$port "$program" --healthcheck

check 'it starts in an empty folder' start --port "$port" --appendonly yes
check 'a planted bunfig.toml is left alone' test ! -e "$work/data/planted"
check 'PING' answers PONG PING
check 'SET' answers OK SET greeting 'hello world'
check 'GET' answers 'hello world' GET greeting
check 'the health check succeeds' server_env GO_REDIS_PORT=$port "$program" --healthcheck
check 'a busy port is refused' refuses 'address already in use' --port "$port"
check 'BGREWRITEAOF' answers 'Background append only file rewriting started' BGREWRITEAOF
check 'its thread rewrites the file' becomes aof_rewrites:1
check 'the rewrite succeeds' becomes aof_last_bgrewrite_status:ok
check 'SIGTERM ends it with 0' ends_with 0 TERM
check 'the append-only file is there' test -s "$work/data/appendonlydir/database.aof.manifest"

printf 'port %s\nappendonly yes\n' "$port" >"$work/redis.conf"
check 'it starts again from a configuration file' start "$work/redis.conf"
check 'the data is there again' answers 'hello world' GET greeting
check 'BGSAVE writes a snapshot' saves
check 'SIGINT ends it with 0' ends_with 0 INT

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
