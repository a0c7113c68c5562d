#!/usr/bin/env bash
# PostgreSQL and Redis for tests and for developers: uses running ones, starts its own, or says what is missing.
#
#   scripts/services.sh run -- COMMAND     run COMMAND (from the repository's root) with both, then stop what was started
#   eval "$(scripts/services.sh start)"    leave both running; `start` prints the `export` lines
#   scripts/services.sh status|env|stop    of those that `start` left running
#
# ZENTINELLE_TEST_POSTGRES_URL and ZENTINELLE_TEST_REDIS_URL, when set, name servers that are used as they are
# and never stopped. Whatever is not named is started from the programs installed here, on a free port of
# 127.0.0.1 with a password of its own and data in a temporary folder; as root, missing programs are installed
# with apt-get first. Nothing survives `stop`: fsync is off and the folder is removed.
#
# Sourced, it offers `services_up`, `services_down` and `services_exports` and does nothing by itself.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

postgres_url=${ZENTINELLE_TEST_POSTGRES_URL:-}
redis_url=${ZENTINELLE_TEST_REDIS_URL:-}
services_left=.services # a link to the folder of the services that `start` left running
services_dir=
services_account=

note() { printf '%s\n' "$*" >&2; }

is_root() { [ "$(id -u)" = 0 ]; }

# --- what is installed ---

# The folder of the newest PostgreSQL server: distributions keep it out of PATH.
postgres_bin() {
  local found
  found=$(for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
    [ ! -x "$folder/initdb" ] || [ ! -x "$folder/pg_ctl" ] || printf '%s\n' "$folder"
  done | sort -V | tail -1)
  [ -n "$found" ] || found=$(dirname "$(command -v initdb)" 2>/dev/null) || return 1
  [ -x "$found/pg_ctl" ] && printf '%s\n' "$found"
}

redis_program() { command -v redis-server || command -v valkey-server; }

# Installs what is neither named nor installed, or says what that is.
require_programs() {
  local names=() packages=() log attempt
  if [ -z "$postgres_url" ] && ! postgres_bin >/dev/null; then names+=(PostgreSQL) packages+=(postgresql); fi
  if [ -z "$redis_url" ] && ! redis_program >/dev/null; then names+=(Redis) packages+=(redis-server); fi
  [ ${#packages[@]} -gt 0 ] || return 0
  local missing=${names[0]}${names[1]:+ and ${names[1]}}
  local mend="install it (\`sudo apt-get install ${packages[*]}\`, or your system's packages of that kind), or set ZENTINELLE_TEST_POSTGRES_URL and ZENTINELLE_TEST_REDIS_URL to running servers"
  is_root || fail "$missing: not running by the environment and not installed here" "$mend"
  command -v apt-get >/dev/null 2>&1 || fail "$missing: not installed here, and there is no apt-get to install it with" "$mend"

  note "installing ${packages[*]} with apt-get"
  log=$(mktemp)
  for attempt in 1 2 3 4; do # another run may be installing the same at this moment
    apt-get -qq update >"$log" 2>&1 || true
    # RUNLEVEL=1 keeps the packages from starting servers of their own on the usual ports.
    if DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
      install -y -qq --no-install-recommends "${packages[@]}" >>"$log" 2>&1 </dev/null; then
      rm -f "$log"
      return 0
    fi
    [ "$attempt" = 4 ] || sleep $((attempt * 5))
  done
  tail -20 "$log" >&2
  rm -f "$log"
  fail "apt-get could not install ${packages[*]}" "$mend"
}

# --- does a named server answer? ---

within() { # SECONDS COMMAND…: with a time limit where the system has one
  if command -v timeout >/dev/null 2>&1; then timeout "$@"; else shift && "$@"; fi
}

place_of() { # URL PORT: host and port of an address, without the user and the password in it
  local place=${1#*://} host port
  place=${place%%[/?]*}
  place=${place##*@}
  case $place in
    *]:* | [!\[]*:*) host=${place%:*} port=${place##*:} ;;
    *) host=$place port=$2 ;;
  esac
  host=${host#\[}
  printf '%s %s\n' "${host%\]}" "$port"
}

port_answers() { # URL PORT
  local host port
  read -r host port < <(place_of "$1" "$2")
  within 5 bash -c 'exec 3<>"/dev/tcp/$1/$2"' _ "$host" "$port"
}

# Both print why not, with no password in it. Without a client program, an open port has to do.
postgres_answers() { # URL
  local client why
  client=$(command -v psql) || client=$(postgres_bin)/psql
  if [ -x "$client" ]; then
    why=$(PGCONNECT_TIMEOUT=5 within 10 "$client" -XAtq -d "$1" -c 'select 1' 2>&1 >/dev/null)
  else
    why=$(port_answers "$1" 5432 2>&1)
  fi || { without_password "$why" && return 1; }
}

redis_answers() { # URL
  local client why
  if client=$(command -v redis-cli || command -v valkey-cli); then
    # Its reading of an address without a user name is a user named nothing.
    why=$(within 10 "$client" --no-auth-warning -u "${1/\/\/:///default:}" ping 2>&1) && [ "$why" = PONG ]
  else
    why=$(port_answers "$1" 6379 2>&1)
  fi || { without_password "$why" && return 1; }
}

without_password() { printf '%s\n' "${1:-no answer in time}" | head -1 | sed -E 's#//[^ ]*@#//…@#g'; }

# --- starting and stopping our own ---

# PostgreSQL refuses to run as root, and Redis has no need to: as root, both run as an account with no rights.
as_account() {
  if is_root; then
    setpriv --reuid="$services_account" --regid="$(id -g "$services_account")" --clear-groups "$@"
  else
    "$@"
  fi
}

choose_account() {
  is_root || return 0
  need setpriv "install util-linux, or run this as another user than root"
  for services_account in postgres redis valkey nobody; do
    id -u "$services_account" >/dev/null 2>&1 && return 0
  done
  fail "no account to run the services under" "add a user named \`postgres\`, or run this as another user than root"
}

make_folder() {
  local parent=${TMPDIR:-/tmp}
  choose_account
  as_account test -x "$parent" || parent=/tmp
  services_dir=$(mktemp -d "${parent%/}/zentinelle-services.XXXXXX")
  is_root && chown "$services_account" "$services_dir"
  # From here the servers' working folder; they could not stay in one their account may not enter.
  mkdir -p "$services_dir/postgres" && chmod 700 "$services_dir" "$services_dir/postgres"
  ! is_root || chown "$services_account" "$services_dir/postgres"
}

password() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# Below the range that systems hand out by themselves. That a port is free is decided by the server's own bind,
# which only one can win; a loser tries the next.
any_port() { echo $((10000 + (RANDOM * 32768 + RANDOM) % 20000)); }

gave_up() { # NAME LOG
  tail -15 "$2" >&2
  fail "$1 did not start: its last words stand above" "mend that, or name a running one by ZENTINELLE_TEST_POSTGRES_URL and ZENTINELLE_TEST_REDIS_URL"
}

start_postgres() {
  local bin secret port log=$services_dir/postgres.log data=$services_dir/postgres
  bin=$(postgres_bin)
  secret=$(password)
  (umask 077 && echo "$secret" >"$services_dir/secret")
  ! is_root || chown "$services_account" "$services_dir/secret"
  # `password` rather than `scram`: thousands of test connections on loopback, and a debug build hashes slowly.
  (cd "$services_dir" && as_account "$bin/initdb" -D "$data" -U postgres -A password --pwfile="$services_dir/secret" \
    -E UTF8 --no-locale --no-sync >"$log" 2>&1) || gave_up PostgreSQL "$log"
  rm "$services_dir/secret"
  cat >>"$data/postgresql.conf" <<END
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 400
fsync = off
synchronous_commit = off
full_page_writes = off
END
  for _ in {1..20}; do
    port=$(any_port)
    if (cd "$services_dir" && as_account "$bin/pg_ctl" -D "$data" -w -t 60 -o "-p $port" start >"$log" 2>&1 </dev/null 8<&-); then
      postgres_url=postgres://postgres:$secret@127.0.0.1:$port/postgres
      return 0
    fi
    grep -q 'could not bind' "$log" || break
  done
  gave_up PostgreSQL "$log"
}

start_redis() {
  local program secret port log=$services_dir/redis.log
  program=$(redis_program)
  secret=$(password)
  for _ in {1..20}; do
    port=$(any_port)
    : >"$log"
    ! is_root || chown "$services_account" "$log"
    # By standard input: an argument could be read by every user of the machine.
    (
      cd "$services_dir" && as_account "$program" - >/dev/null 2>&1 8<&- <<END
bind 127.0.0.1
port $port
requirepass $secret
daemonize yes
pidfile "$services_dir/redis.pid"
logfile "$log"
dir "$services_dir"
save ""
appendonly no
END
    ) || gave_up Redis "$log"
    for _ in {1..100}; do
      if grep -qi 'ready to accept connections' "$log"; then
        redis_url=redis://default:$secret@127.0.0.1:$port/0
        return 0
      fi
      ! grep -qi 'in use\|failed listening' "$log" || continue 2
      sleep 0.1
    done
    break
  done
  gave_up Redis "$log"
}

# Fills `postgres_url` and `redis_url`: named servers must answer, the others are started.
services_up() {
  local why
  if [ -n "$postgres_url" ]; then
    why=$(postgres_answers "$postgres_url") || fail "ZENTINELLE_TEST_POSTGRES_URL is set, but PostgreSQL does not answer there: $why" \
      "start that server, or unset the variable: then one is started here"
  fi
  if [ -n "$redis_url" ]; then
    why=$(redis_answers "$redis_url") || fail "ZENTINELLE_TEST_REDIS_URL is set, but Redis does not answer there: $why" \
      "start that server, or unset the variable: then one is started here"
  fi
  require_programs
  [ -z "$postgres_url" ] || [ -z "$redis_url" ] || return 0
  make_folder
  [ -n "$postgres_url" ] || start_postgres
  [ -n "$redis_url" ] || start_redis
  (umask 077 && services_exports >"$services_dir/exports")
}

# Stops what was started in a folder, and removes the folder. Never fails: it runs when a script ends.
services_down() { # [FOLDER]
  local folder=${1:-$services_dir} pid bin
  case $folder in */zentinelle-services.??????) ;; *) return 0 ;; esac
  [ -d "$folder" ] || return 0
  choose_account
  if [ -f "$folder/postgres/postmaster.pid" ] && bin=$(postgres_bin); then
    (cd "$folder" && as_account "$bin/pg_ctl" -D "$folder/postgres" -m immediate -w -t 30 stop >/dev/null 2>&1) || true
  fi
  if pid=$(cat "$folder/redis.pid" 2>/dev/null) && ps -p "$pid" -o args= 2>/dev/null | grep -q 'redis\|valkey'; then
    kill "$pid" 2>/dev/null || true
    for _ in {1..50}; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
  fi
  rm -rf "$folder"
}

services_exports() {
  printf 'export ZENTINELLE_TEST_POSTGRES_URL=%q\n' "$postgres_url"
  printf 'export ZENTINELLE_TEST_REDIS_URL=%q\n' "$redis_url"
}

# --- the command ---

usage() { sed -n 's/^#   scripts/scripts/p; s/^#   eval/eval/p' "${BASH_SOURCE[0]}"; }

# Two `start` of one checkout take turns. The servers get this descriptor closed, or they would keep the turn.
take_turn() {
  exec 8<scripts
  ! command -v flock >/dev/null 2>&1 || flock 8
}

# The folder `start` left, if the services in it still answer.
left_running() {
  local folder
  folder=$(readlink "$services_left" 2>/dev/null) && [ -f "$folder/exports" ] || return 1
  # shellcheck disable=SC1091
  . "$folder/exports"
  postgres_answers "$ZENTINELLE_TEST_POSTGRES_URL" >/dev/null && redis_answers "$ZENTINELLE_TEST_REDIS_URL" >/dev/null || return 1
  postgres_url=$ZENTINELLE_TEST_POSTGRES_URL
  redis_url=$ZENTINELLE_TEST_REDIS_URL
}

command_start() {
  take_turn
  if [ -z "$postgres_url$redis_url" ] && left_running; then
    note "already running; \`scripts/services.sh stop\` ends them"
  else
    command_stop
    trap 'services_down' EXIT
    services_up
    trap - EXIT
    [ -z "$services_dir" ] || ln -s "$services_dir" "$services_left"
    [ -z "$services_dir" ] || note "left running in $services_dir; \`scripts/services.sh stop\` ends them"
  fi
  services_exports
}

command_stop() {
  local folder
  if folder=$(readlink "$services_left" 2>/dev/null); then
    services_down "$folder"
    rm -f "$services_left"
    note "stopped"
  fi
}

command_status() {
  local status=0 why
  [ -n "$postgres_url$redis_url" ] || left_running || true
  if [ -z "$postgres_url" ]; then
    echo "PostgreSQL  not started" && status=3
  elif why=$(postgres_answers "$postgres_url"); then
    echo "PostgreSQL  answers at $(place_of "$postgres_url" 5432 | tr ' ' :)"
  else
    echo "PostgreSQL  does not answer: $why" && status=3
  fi
  if [ -z "$redis_url" ]; then
    echo "Redis       not started" && status=3
  elif why=$(redis_answers "$redis_url"); then
    echo "Redis       answers at $(place_of "$redis_url" 6379 | tr ' ' :)"
  else
    echo "Redis       does not answer: $why" && status=3
  fi
  return $status
}

command_run() {
  local status=0
  trap 'services_down' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  services_up
  if [ -n "$services_dir" ]; then
    # For the day this script is killed outright: the guard, in a process group of its own, sees it gone.
    set -m
    (trap '' HUP INT TERM && while kill -0 $$ 2>/dev/null; do sleep 1; done && services_down) >/dev/null 2>&1 </dev/null &
    set +m
  fi
  ZENTINELLE_TEST_POSTGRES_URL=$postgres_url ZENTINELLE_TEST_REDIS_URL=$redis_url "$@" || status=$?
  exit $status
}

[ "${BASH_SOURCE[0]}" = "$0" ] || return 0

case ${1:-} in
  start) command_start ;;
  stop) command_stop ;;
  status) command_status ;;
  env)
    [ -n "$postgres_url" ] && [ -n "$redis_url" ] || left_running || fail "no services are running" 'start them: eval "$(scripts/services.sh start)"'
    services_exports
    ;;
  run)
    shift
    [ "${1:-}" != -- ] || shift
    [ $# -gt 0 ] || fail "\`run\` needs a command" "scripts/services.sh run -- cargo test"
    command_run "$@"
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
