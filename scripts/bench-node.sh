#!/usr/bin/env bash
# Measures deciding from JavaScript beside Cedar and casbin; writes benches/node/RESULTS.md. `--quick` only prints.
# Build both packages first: `scripts/wasm.sh --build && scripts/node.sh --build`.
. "$(dirname "$0")/common.sh"

[ benches/node/node_modules/.package-lock.json -nt benches/node/package-lock.json ] ||
  npm ci --prefix benches/node --no-audit --no-fund --loglevel=error
# Node 20 can end in a fatal error of V8 while it takes back an inlined call into WebAssembly; seen once, in a run of
# this bench that calls two modules in turn. Without the inlining figures are the same or slightly higher.
node --no-turbo-inline-js-wasm-calls benches/node/bench.mjs "$@"
