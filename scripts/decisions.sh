#!/usr/bin/env bash
# Has Rust decide every shared vector and prints the name of the file with its decisions. The packages of other
# languages must write the very same bytes.
. "$(dirname "$0")/common.sh"

target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
cargo run --locked -q -p zentinelle-core --example vector_documents >"$target/decisions.jsonl"
echo "$target/decisions.jsonl"
