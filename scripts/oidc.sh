#!/usr/bin/env bash
# Signs in at a real OpenID Connect provider, walking the flow as a browser does, and at one that
# lies about its tokens. `--install` only fetches what the provider is made of.
. "$(dirname "$0")/common.sh"
need npm "install Node 20 or later"

tests=zentinelle-server/tests/oidc
target=${CARGO_TARGET_DIR:-target}

say "sign-in by OpenID Connect: install"
# Installed again only when the pinned versions change.
if ! cmp -s $tests/package-lock.json $tests/node_modules/installed-lock.json; then
  (cd $tests && npm ci --silent --no-audit --no-fund)
  cp $tests/package-lock.json $tests/node_modules/installed-lock.json
fi

[ "${1-}" != --install ] || exit 0

say "sign-in by OpenID Connect: build"
cargo build --locked -q -p zentinelle-server

say "sign-in by OpenID Connect: walk"
node $tests/walk.js "$target/debug/zentinelle" "$target/oidc"
