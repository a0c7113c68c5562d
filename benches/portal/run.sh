#!/usr/bin/env bash
# Makes a company of the demonstration organisation on PostgreSQL, and asks it what the portal's pages ask.
#   scripts/services.sh run -- benches/portal/run.sh BINARY [ROUNDS]
# DAYS (10), PER_DAY (100000 decisions) and EVENTS (1000000) say how much there is.
set -euo pipefail
here=$(dirname "$0")
binary=$1 rounds=${2:-20}
data=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null; rm -rf "$data"' EXIT

(umask 077 && echo "bench:$(head -c 32 /dev/urandom | base64)" >"$data/master.key")
export ZENTINELLE_DATABASE__URL=$ZENTINELLE_TEST_POSTGRES_URL ZENTINELLE_REDIS__URL=$ZENTINELLE_TEST_REDIS_URL
export ZENTINELLE_MASTER_KEY_FILE=$data/master.key ZENTINELLE_THROTTLE__ENABLED=false
export ZENTINELLE_SCHEDULES__USAGE_ROLL_UP=10s
address=127.0.0.1:8461

start() {
  "$binary" serve --demo --data-dir "$data" --listen $address >"$data/server.log" 2>&1 &
  server=$!
  for _ in $(seq 300); do
    ! curl -fs "http://$address/ready" >/dev/null || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 1
  done
  cat "$data/server.log" >&2
  exit 1
}

sql() { psql -q -v ON_ERROR_STOP=1 "$ZENTINELLE_TEST_POSTGRES_URL" "$@"; }

start
echo "grows to its size; this takes minutes" >&2
sql -v days="${DAYS:-10}" -v per_day="${PER_DAY:-100000}" -v events="${EVENTS:-1000000}" -f "$here/seed.sql"
# The sums of what was put in behind the server's back are made anew.
sql -c "DELETE FROM zentinelle.watermarks WHERE name IN ('usage_rolled_up', 'decisions_rolled_up')"
for _ in $(seq 300); do
  [ "$(sql -Atc "SELECT count(*) FROM zentinelle.watermarks WHERE name = 'decisions_rolled_up'")" = 0 ] || break
  sleep 1
done
node "$here/walk.mjs" "http://$address" "$rounds"
