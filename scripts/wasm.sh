#!/usr/bin/env bash
# Builds @zentinelle/wasm for browsers, bundlers and Node, checks its size, and runs its tests in Node and in
# Chromium. `--build` stops before the tests.
. "$(dirname "$0")/common.sh"
need node "install Node 20 or later: https://nodejs.org"
need npm "npm comes with Node"

target=${CARGO_TARGET_DIR:-target}
package=zentinelle-wasm

say "the module"
scripts/wasm-std.sh
cargo build --locked -q -p zentinelle-wasm-bindgen
cargo build --locked -q -p zentinelle-wasm --target wasm32-unknown-unknown --profile wasm

say "packages of the build"
for folder in zentinelle-node $package; do
  [ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ] ||
    npm ci --prefix $folder --no-audit --no-fund --loglevel=error
done

say "glue and optimising"
module=$target/wasm32-unknown-unknown/wasm/zentinelle_wasm.wasm
# Only what every engine of the last years has; `--all-features` makes modules that Node 20 refuses.
features=(--enable-bulk-memory --enable-bulk-memory-opt --enable-sign-ext --enable-mutable-globals
  --enable-nontrapping-float-to-int --enable-reference-types --enable-multivalue --enable-call-indirect-overlong)
stamp=$target/wasm32-unknown-unknown/wasm/optimised.sha256
if ! sha256sum --status -c "$stamp" 2>/dev/null || [ ! -f $package/nodejs/zentinelle_bg.wasm ]; then
  for kind in web bundler nodejs; do
    rm -rf $package/$kind
    "$target/debug/zentinelle-wasm-bindgen" "$module" $package/$kind $kind
    rm -f $package/$kind/*.d.ts # the package has types of its own; these are of the raw module
    mv $package/$kind/zentinelle_bg.wasm $package/$kind/raw.wasm
    if [ $kind != web ] && cmp -s $package/web/raw.wasm $package/$kind/raw.wasm; then
      cp $package/web/zentinelle_bg.wasm $package/$kind/
    else
      node_modules=$package/node_modules
      "$node_modules/.bin/wasm-opt" -Os --strip-debug --strip-producers "${features[@]}" \
        $package/$kind/raw.wasm -o $package/$kind/zentinelle_bg.wasm
    fi
  done
  rm -f $package/*/raw.wasm
  echo '{ "type": "commonjs" }' >$package/nodejs/package.json
  sha256sum "$module" >"$stamp"
fi
# The addon's package falls back to this module where it has no addon.
rm -rf zentinelle-node/wasm
cp -r $package/nodejs zentinelle-node/wasm

say "TypeScript"
node zentinelle-node/scripts/build.mjs --package $package

say "size"
node $package/scripts/size.mjs ${ZENTINELLE_UPDATE_SIZES:+--update}
[ "${1-}" != --build ] || exit 0

decisions=$(scripts/decisions.sh)
say "tests in Node"
ZENTINELLE_DECISIONS=$decisions ZENTINELLE_TEST_ENTRY=$package/dist/esm/wasm-node.js \
  node --test --test-reporter=spec zentinelle-node/test/*.test.mjs $package/test/*.test.mjs
ZENTINELLE_DECISIONS=$decisions ZENTINELLE_TEST_ENTRY=$package/dist/cjs/wasm-node.js \
  node --test --test-reporter=dot zentinelle-node/test/*.test.mjs

need_chromium
say "tests in a browser"
ZENTINELLE_DECISIONS=$decisions node --test --test-reporter=spec $package/browser/*.test.mjs
