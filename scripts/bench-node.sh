#!/usr/bin/env bash
# Measures deciding from JavaScript beside Cedar and casbin; writes benches/node/RESULTS.md. `--quick` only prints.
# Build both packages first: `scripts/wasm.sh --build && scripts/node.sh --build`.
. "$(dirname "$0")/common.sh"

[ benches/node/node_modules/.package-lock.json -nt benches/node/package-lock.json ] ||
  npm ci --prefix benches/node --no-audit --no-fund --loglevel=error
node benches/node/bench.mjs "$@"
