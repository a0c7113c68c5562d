#!/usr/bin/env bash
# Pictures of every page of the built portal (scripts/portal.sh) against the mock, in light and dark, wide and on a
# phone, into zentinelle-server/portal/shots; fails on an error in the console, a page too wide, or a serious finding
# of axe. With PORTAL_URL (and COOKIE) it looks at a real server instead. Paths may be given: `portal-shots.sh /agents/`.
. "$(dirname "$0")/common.sh"
need node "install Node 20 or later: https://nodejs.org"
need_chromium
cd zentinelle-server/portal
[ -n "${PORTAL_URL-}" ] || {
  [ -d out ] || fail "the portal is not built" "run scripts/portal.sh first"
  node mock/server.mjs & mock=$!
  trap 'kill $mock 2>/dev/null' EXIT
  sleep 2
}
node scripts/shots.mjs "$@"
