#!/usr/bin/env bash
# Has Rust decide every shared vector and prints the name of the file with its decisions. The packages of other
# languages must write the very same bytes.
. "$(dirname "$0")/common.sh"

target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
ZENTINELLE_DECISIONS=$target/decisions.jsonl \
  cargo test --locked -q -p zentinelle-core --test vectors -- --exact decisions_are_written_for_other_languages >/dev/null
echo "$target/decisions.jsonl"
