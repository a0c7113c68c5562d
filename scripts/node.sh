#!/usr/bin/env bash
# Builds @zentinelle/agent, runs its tests against the addon and against the WebAssembly it falls back to, the client
# against the real server, and the packages' examples in a project of their own. Build scripts/wasm.sh first, or leave
# it to this script. `--build` stops before the tests.
. "$(dirname "$0")/common.sh"
need node "install Node 20 or later: https://nodejs.org"
need npm "npm comes with Node"

target=${CARGO_TARGET_DIR:-target}
package=zentinelle-node

say "the addon"
cargo build --locked -q --profile dist -p zentinelle-node
case $(uname -s) in Darwin) library=libzentinelle_node.dylib ;; *) library=libzentinelle_node.so ;; esac
platform=$(node -p 'const { platform: p, arch: a } = process;
  p === "linux" ? `${p}-${a}-${process.report.getReport().header.glibcVersionRuntime ? "gnu" : "musl"}` : `${p}-${a}`')
cp "$target/dist/$library" "$package/zentinelle.$platform.node"
[ -f $package/wasm/zentinelle_bg.wasm ] || scripts/wasm.sh --build

say "TypeScript"
[ $package/node_modules/.package-lock.json -nt $package/package-lock.json ] ||
  npm ci --prefix $package --no-audit --no-fund --loglevel=error
npm run --silent --prefix $package generate -- --check
node $package/scripts/build.mjs
git diff --exit-code --stat -- $package/types zentinelle-wasm/types ||
  fail "the committed declarations have drifted" "look at them, and commit what scripts/node.sh wrote"
[ "${1-}" != --build ] || exit 0

decisions=$(scripts/decisions.sh)
say "the Rust that both packages share"
cargo clippy --locked -q -p zentinelle-js -p zentinelle-node -p zentinelle-wasm --all-targets -- -D warnings
cargo test --locked -q -p zentinelle-js

say "tests of the addon"
ZENTINELLE_ENGINE=addon ZENTINELLE_DECISIONS=$decisions node --test --test-reporter=spec $package/test/*.test.mjs

say "tests of the addon, as CommonJS, and of the fallback"
fast=()
for file in $package/test/*.test.mjs; do case $file in */memory.test.mjs) ;; *) fast+=("$file") ;; esac; done
ZENTINELLE_ENGINE=addon ZENTINELLE_TEST_ENTRY=$package/dist/cjs/index.js ZENTINELLE_DECISIONS=$decisions \
  node --test --test-reporter=dot "${fast[@]}"
ZENTINELLE_ENGINE=wasm ZENTINELLE_DECISIONS=$decisions node --test --test-reporter=dot "${fast[@]}"

say "the client, with the real server"
cargo build --locked -q -p zentinelle-server
ZENTINELLE_PROGRAM=$target/debug/zentinelle node --test --test-reporter=spec $package/test/client/*.test.mjs

say "the packages in a project of their own"
node $package/scripts/fresh-project.mjs
