#!/usr/bin/env bash
# Opens every page of the portal in Chromium, served by the command itself over the demonstration organisation; fails on
# an error in the console, a page too wide for its window, or a serious finding of axe. Pictures: target/portal-shots.
. "$(dirname "$0")/common.sh"
need node "install Node 20 or later: https://nodejs.org"
need_chromium
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
[ -f zentinelle-server/portal/out/index.html ] || fail "the portal is not built" "run scripts/portal.sh first"

say "portal: every page, served by the command"
cargo build --locked -q -p zentinelle-server
address=127.0.0.1:8431
data=$(mktemp -d)
"$target/debug/zentinelle" serve --demo --data-dir "$data" --listen $address >"$target/portal-server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$data"' EXIT
for _ in $(seq 600); do
  curl -fs "http://$address/ready" >/dev/null 2>&1 && break
  kill -0 $server 2>/dev/null || { cat "$target/portal-server.log" >&2; fail "the server did not start" "its output stands above"; }
  sleep 0.2
done
PORTAL_URL=http://$address/zentinelle SHOTS=$target/portal-shots ONLY=${ONLY:-light-1440} scripts/portal-shots.sh "$@"
