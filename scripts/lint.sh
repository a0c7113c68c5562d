#!/usr/bin/env bash
# Format and lints, warnings denied.
. "$(dirname "$0")/common.sh"

rustup component list --installed 2>/dev/null | grep -q '^rustfmt' || rustup component add rustfmt clippy

say "format"
cargo fmt --all -- --check
say "lints"
cargo clippy --locked --all-targets -- -D warnings
cargo clippy --locked --all-targets -p zentinelle-py -p zentinelle-js -p zentinelle-node -p zentinelle-wasm -p zentinelle-upstream -- -D warnings
