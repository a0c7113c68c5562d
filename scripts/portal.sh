#!/usr/bin/env bash
# Builds the portal into zentinelle-server/portal/out: packages as locked, the engine's module, types from the
# GraphQL contract, checks, pages, sizes. `--quick` leaves out the tests. Nothing is fetched but the packages.
. "$(dirname "$0")/common.sh"
need node "install Node 20 or later: https://nodejs.org"
need npm "npm comes with Node"
export NEXT_TELEMETRY_DISABLED=1
portal=zentinelle-server/portal

say "packages"
[ $portal/node_modules/.package-lock.json -nt $portal/package-lock.json ] || npm ci --prefix $portal --no-audit --no-fund --loglevel=error

say "the engine for the playground"
[ -f zentinelle-wasm/web/zentinelle_bg.wasm ] && [ -f zentinelle-wasm/dist/esm/wasm-web.js ] || scripts/wasm.sh --build
node $portal/scripts/engine.mjs

cd $portal
say "types from the contract"
npm run -s codegen -- --silent
npm run -s lint

if [ "${1-}" != --quick ]; then
  say "tests"
  npm test -s
fi

say "pages"
npm run -s build
node scripts/externalise.mjs
node scripts/compress.mjs

say "size of the first load"
npm run -s size
