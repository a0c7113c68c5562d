#!/usr/bin/env bash
# Runs the Zentinel proxy project's own client against our agent. Needs `protoc`, or Python to fetch one.
#
#   scripts/zentinel-interop.sh            all of it
#   scripts/zentinel-interop.sh generate   writes the Rust code of the gRPC messages from the `.proto`
. "$(dirname "$0")/common.sh"

if [ "${1:-}" = generate ]; then
  export ZENTINELLE_GENERATE=1
  set -- --test proto
else
  cargo build --locked -q -p zentinelle-server
  export ZENTINELLE="${CARGO_TARGET_DIR:-$PWD/target}/debug/zentinelle"
fi
if [ -z "${PROTOC:-}" ] && ! command -v protoc >/dev/null 2>&1; then
  tools=$(mktemp -d)
  trap 'rm -rf "$tools"' EXIT
  python3 -m venv "$tools/venv"
  "$tools/venv/bin/pip" install -q grpcio-tools
  includes=$("$tools/venv/bin/python" -c 'import grpc_tools, os; print(os.path.join(grpc_tools.__path__[0], "_proto"))')
  printf '#!/bin/sh\nexec "%s" -m grpc_tools.protoc -I"%s" "$@"\n' "$tools/venv/bin/python" "$includes" >"$tools/protoc"
  chmod +x "$tools/protoc"
  export PROTOC="$tools/protoc"
fi
cd zentinelle-server/interop
say "the proxy's own client against our agent"
target="${INTEROP_TARGET_DIR:-$PWD/target}"
CARGO_TARGET_DIR="$target" cargo test --locked "$@"
