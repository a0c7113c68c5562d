#!/usr/bin/env bash
# Runs each fuzz target for 60 seconds (FUZZ_SECONDS changes that) on its kept corpus.
. "$(dirname "$0")/common.sh"

rustup run nightly rustc --version >/dev/null 2>&1 || fail "the nightly toolchain was not found" "rustup toolchain install nightly"
command -v cargo-fuzz >/dev/null 2>&1 || cargo install --locked cargo-fuzz
cd zentinelle-core
for target in $(cargo +nightly fuzz list); do
  say "fuzz $target"
  # A scratch folder first: libFuzzer writes what it finds there and only reads the kept corpus.
  scratch=$(mktemp -d)
  cargo +nightly fuzz run "$target" "$scratch" "fuzz/corpus/$target" -- \
    -max_total_time="${FUZZ_SECONDS:-60}" -max_len=65536 -timeout=10 -print_final_stats=1 2>&1 |
    grep -E 'stat::number_of_executed|SUMMARY|panicked|Done|ERROR' || true
  [ -z "$(ls -A "fuzz/artifacts/$target" 2>/dev/null)" ] || fail "fuzz target $target found something: see zentinelle-core/fuzz/artifacts/$target"
  rm -rf "$scratch"
done
say "no fuzz target found anything"
