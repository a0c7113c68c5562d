#!/usr/bin/env bash
# Licences, sources and bans of every dependency, by deny.toml.
. "$(dirname "$0")/common.sh"

command -v cargo-deny >/dev/null 2>&1 || cargo install cargo-deny --locked
cargo deny --all-features check bans licenses sources
