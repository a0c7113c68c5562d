#!/usr/bin/env bash
# Puts the engine beside the page. Afterwards this folder is the whole site: serve it from anywhere
# (`python3 -m http.server -d examples/playground`). Run scripts/wasm.sh first.
set -euo pipefail
cd "$(dirname "$0")"
rm -rf vendor
mkdir -p vendor/dist
cp -r ../../zentinelle-wasm/dist/esm vendor/dist/esm
cp -r ../../zentinelle-wasm/web vendor/web
find vendor/dist \( -name '*.d.ts' -o -name 'wasm-node.*' -o -name 'wasm-bundler.*' \) -delete
(cd vendor/dist/esm && find . -name '*.js' | sed 's#^\./##' | sort | sed 's/.*/"&"/' | paste -sd, | sed 's/.*/[&]/') >vendor/modules.json
