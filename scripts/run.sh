#!/usr/bin/env bash
# `make run`: starts the server on SQLite with a demonstration organisation, and prints what to
# try. Everything it keeps is in target/demo; delete that folder to begin again. Arguments go to
# `zentinelle serve`.
. "$(dirname "$0")/common.sh"

# The portal is part of the command, and is built again when anything it is made of has changed.
portal=zentinelle-server/portal
newer=$(find $portal/src $portal/package-lock.json zentinelle-server/src/graphql/schema -newer $portal/out/index.html -print -quit 2>/dev/null || echo none)
[ -z "$newer" ] || scripts/portal.sh --quick

cargo build --quiet --locked -p zentinelle-server
target=${CARGO_TARGET_DIR:-target}
exec "$target/debug/zentinelle" serve --demo --data-dir "$target/demo" "$@"
