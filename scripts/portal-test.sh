#!/usr/bin/env bash
# The portal in Chromium, served by the command itself over the demonstration organisation: every page, which fails on
# an error in the console, a page too wide for its window, or a serious finding of axe (pictures: target/portal-shots);
# then the main flows from end to end (zentinelle-server/portal/e2e). Paths may be given: then those pages alone.
# `--pictures` takes every page (or those named) in light and dark, wide and on a phone, and nothing else.
. "$(dirname "$0")/common.sh"
need node "install Node 20 or later: https://nodejs.org"
need_chromium
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
[ -f zentinelle-server/portal/out/index.html ] || fail "the portal is not built" "run scripts/portal.sh first"

only=${ONLY:-light-1440} pictures=
[ "${1-}" != --pictures ] || { shift; only=${ONLY-} pictures=1; }

say "portal: build the command"
cargo build --locked -q -p zentinelle-server

started=() folders=()
trap 'kill "${started[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "${folders[@]}"' EXIT

serve() { # serve ADDRESS LOG [NAME=VALUE…]
  local address=$1 log=$2 data
  shift 2
  data=$(mktemp -d)
  folders+=("$data")
  env "$@" "$target/debug/zentinelle" serve --demo --data-dir "$data" --listen "$address" >"$log" 2>&1 &
  started+=($!)
  for _ in $(seq 600); do
    ! curl -fs "http://$address/ready" >/dev/null 2>&1 || return 0
    kill -0 "${started[-1]}" 2>/dev/null || break
    sleep 0.2
  done
  cat "$log" >&2
  fail "the server did not start" "its output stands above"
}

say "portal: every page"
address=127.0.0.1:8431
serve $address "$target/portal-server.log"
PORTAL_URL=http://$address/zentinelle SHOTS=$target/portal-shots ONLY=$only scripts/portal-shots.sh "$@"
[ $# = 0 ] && [ -z "$pictures" ] || exit 0

say "portal: the main flows"
scripts/oidc.sh --install
oidc=127.0.0.1:8432 provider=8433
node -e 'import("./zentinelle-server/tests/oidc/provider.js").then((real) => real.start(Number(process.argv[1]), process.argv[2]))' \
  $provider "http://$oidc/api/zentinelle/v1/auth/oidc/callback" >"$target/portal-provider.log" 2>&1 &
started+=($!)
serve $oidc "$target/portal-oidc.log" ZENTINELLE_AUTH__MODE=oidc ZENTINELLE_AUTH__PUBLIC_URL=http://$oidc \
  ZENTINELLE_AUTH__OIDC__ISSUER=http://127.0.0.1:$provider ZENTINELLE_AUTH__OIDC__CLIENT_ID=zentinelle \
  ZENTINELLE_AUTH__OIDC__CLIENT_SECRET="a secret of the test" ZENTINELLE_AUTH__OIDC__ROLES__CHIEF=admin
cd zentinelle-server/portal
PORTAL_URL=http://$address/zentinelle OIDC_PORTAL_URL=http://$oidc/zentinelle SERVER_LOG=$target/portal-server.log \
  RESULTS=$target/portal-flows npm run -s flows
