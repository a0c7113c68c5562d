#!/usr/bin/env bash
# Builds @zentinelle/wasm for browsers, bundlers and Node, whole and small, checks the sizes, and runs its tests in Node
# and in Chromium. `--build` stops before the tests.
. "$(dirname "$0")/common.sh"
need node "install Node 20 or later: https://nodejs.org"
need npm "npm comes with Node"

target=${CARGO_TARGET_DIR:-target}
package=zentinelle-wasm

built=$target/wasm32-unknown-unknown/wasm
# The folders that programs were compiled in are nobody's business, and every byte of them would be downloaded.
flags="--remap-path-prefix=$(rustc --print sysroot)="
for index in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
  flags+=" --remap-path-prefix=$index/="
done
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$flags

say "the modules"
scripts/wasm-std.sh
cargo build --locked -q -p zentinelle-wasm-bindgen
compile() { # NAME OPTIONS…: the whole engine, or the small build
  cargo build --locked -q -p zentinelle-wasm --target wasm32-unknown-unknown --profile wasm "${@:2}"
  cmp -s "$built/zentinelle_wasm.wasm" "$built/$1.wasm" || cp "$built/zentinelle_wasm.wasm" "$built/$1.wasm"
}
compile lite --no-default-features
compile whole

say "packages of the build"
for folder in zentinelle-node $package; do
  [ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ] ||
    npm ci --prefix $folder --no-audit --no-fund --loglevel=error
done

say "glue and optimising"
# Only what every engine of the last years has; `--all-features` makes modules that Node 20 refuses.
features=(--enable-bulk-memory --enable-bulk-memory-opt --enable-sign-ext --enable-mutable-globals
  --enable-nontrapping-float-to-int --enable-reference-types --enable-multivalue --enable-call-indirect-overlong)
# Functions are sorted by name, so that like ones stand together for whoever compresses them.
smallest=(--flatten --rereloop -Oz -Oz --inline-max-combined-binary-size=0 --reorder-functions-by-name)
wrap() { # NAME FOLDER: glue for browsers, bundlers and Node in FOLDER
  local name=$1 folder=$2 kind stamp=$built/$1.sha256
  ! sha256sum --status -c "$stamp" 2>/dev/null || [ ! -f "$folder/nodejs/zentinelle_bg.wasm" ] || return 0
  for kind in web bundler nodejs; do
    rm -rf "${folder:?}/$kind"
    "$target/debug/zentinelle-wasm-bindgen" "$built/$name.wasm" "$folder/$kind" $kind
    rm -f "$folder/$kind"/*.d.ts # the package has types of its own; these are of the raw module
    mv "$folder/$kind/zentinelle_bg.wasm" "$folder/$kind/raw.wasm"
    if [ $kind != web ] && cmp -s "$folder/web/raw.wasm" "$folder/$kind/raw.wasm"; then
      cp "$folder/web/zentinelle_bg.wasm" "$folder/$kind/"
    else
      $package/node_modules/.bin/wasm-opt "${smallest[@]}" --strip-debug --strip-producers "${features[@]}" \
        "$folder/$kind/raw.wasm" -o "$folder/$kind/zentinelle_bg.wasm"
    fi
  done
  rm -f "$folder"/*/raw.wasm
  echo '{ "type": "commonjs" }' >"$folder/nodejs/package.json"
  sha256sum "$built/$name.wasm" scripts/wasm.sh >"$stamp" # the flags are in here
}
mkdir -p $package/lite
wrap lite $package/lite
wrap whole $package
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
