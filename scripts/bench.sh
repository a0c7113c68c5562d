#!/usr/bin/env bash
# Runs every bench in one go, prints one table and writes it to benches/RESULTS.md.
# `scripts/bench.sh server` measures only the server, on every database; what follows goes to the
# bench (`--soak 300` watches its memory for five minutes). `scripts/bench.sh proxy` measures the
# proxy for model calls alone, `scripts/bench.sh portal` what the portal asks of an organisation with a
# million events on PostgreSQL (20 minutes and 4 GB of disk). Other arguments go to criterion: `scripts/bench.sh decision` measures
# only what is named so. None of these writes a file.
. "$(dirname "$0")/common.sh"

target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
export CRITERION_HOME=$target/criterion

# As it is shipped; that takes a quarter of an hour.
build_server() { cargo build --locked --profile dist -q -p zentinelle-server; }

litellm=1.106.2
bench_proxy() { # prints rows of the table
  build_server
  cargo build --locked --release -q -p zentinelle-upstream -p zentinelle-proxy-bench
  # Installed once; without Python or a registry the others are measured alone.
  if [ ! -x "$target/litellm-$litellm/bin/litellm" ] && command -v python3 >/dev/null; then
    python3 -m venv "$target/litellm-$litellm" &&
      "$target/litellm-$litellm/bin/pip" install -q "litellm[proxy]==$litellm" >&2 || true
  fi
  rival=
  [ ! -x "$target/litellm-$litellm/bin/litellm" ] || rival="--litellm $target/litellm-$litellm/bin/litellm"
  # shellcheck disable=SC2086
  "$target/release/proxy_bench" --binary "$target/dist/zentinelle" --upstream "$target/release/mock_upstream" $rival
}

if [ "${1-}" = proxy ]; then
  printf '| measured | case | figure | beside it | target |\n|---|---|---|---|---|\n'
  bench_proxy
  exit
fi
if [ "${1-}" = portal ]; then
  shift
  build_server
  scripts/services.sh run -- benches/portal/run.sh "$target/dist/zentinelle" "$@"
  exit
fi
# The server beside a bare route of its own library, one after the other in turns.
server_bench() {
  build_server
  cargo build --locked --release -p zentinelle-server-bench
  scripts/services.sh run -- bash -c '
    exec "$0" --binary "$1" --postgres "$ZENTINELLE_TEST_POSTGRES_URL" --redis "$ZENTINELLE_TEST_REDIS_URL" "${@:2}"
  ' "$target/release/server_bench" "$target/dist/zentinelle" "$@"
}

if [ "${1:-}" = server ]; then
  shift
  server_bench "$@"
  exit
fi

if [ $# -gt 0 ]; then
  cargo bench --locked -p zentinelle-benches -- "$@"
  cargo bench --locked -p zentinelle-rivals -- "$@"
  exit
fi

rm -rf "$CRITERION_HOME"
say "build"
# One crate at a time: built together, each would get the features of the other's dependencies.
for crate in zentinelle-benches zentinelle-rivals; do
  cargo bench --locked -p $crate --no-run
  cargo build --locked --release -p $crate --bins
done

say "measure"
load_before=$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown)
for crate in zentinelle-benches zentinelle-rivals; do
  cargo bench --locked -q -p $crate -- --quiet
done
"$target/release/allocations" >"$target/allocations.json"
"$target/release/rival_allocations" >"$target/rival_allocations.json"
bench_proxy >"$target/proxy-rows.md"

server_bench >"$target/server.md"

say "results"
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -1)
changes=$(git diff --quiet HEAD -- ':!benches/RESULTS.md' 2>/dev/null || echo ' with uncommitted changes')
"$target/release/report" "$CRITERION_HOME" "$target/allocations.json" "$target/rival_allocations.json" \
  "${cpu:-$(uname -m)}, $(getconf _NPROCESSORS_ONLN) cores, $(uname -s) $(uname -m)" \
  "$(rustc --version), release profile of this workspace, system allocator" \
  "commit $(git rev-parse --short=12 HEAD)$changes, $(date -u +%Y-%m-%d)" \
  "load of the machine before the first bench: $load_before; beside other work, figures are higher and ratios hold" \
  "cedar-policy $(cargo pkgid cedar-policy | sed 's/.*[#@]//'), regorus $(cargo pkgid regorus | sed 's/.*[#@]//'), casbin $(cargo pkgid casbin | sed 's/.*[#@]//'); every engine answers all 108 questions of the scenario alike before it is timed" \
  >benches/RESULTS.md
{
  printf '\n## The proxy for model calls\n\n'
  cat benches/proxy/README.md
  printf '\n| measured | case | figure | beside it | target |\n|---|---|---|---|---|\n'
  cat "$target/proxy-rows.md"
  printf '\n## The server\n\n'
  cat benches/server/method.md "$target/server.md"
  printf '\n'
  cat benches/profile.md
} >>benches/RESULTS.md
cat benches/RESULTS.md
