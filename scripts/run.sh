#!/usr/bin/env bash
# `make run`: starts the server on SQLite with a demonstration organisation, and prints what to
# try. Everything it keeps is in target/demo; delete that folder to begin again. Arguments go to
# `zentinelle serve`.
. "$(dirname "$0")/common.sh"

cargo build --quiet --locked -p zentinelle-server
target=${CARGO_TARGET_DIR:-target}
exec "$target/debug/zentinelle" serve --demo --data-dir "$target/demo" "$@"
