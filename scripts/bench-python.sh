#!/usr/bin/env bash
# Measures the Python package beside others and prints one table; writes benches/python/RESULTS.md.
# Needs the wheel that scripts/python.sh builds. The others go into target/python/bench.
. "$(dirname "$0")/common.sh"

target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
wheel=$(ls "$target"/python/wheels/*.whl 2>/dev/null) || fail "there is no wheel yet" "run scripts/python.sh"
venv=$target/python/bench
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install -q --force-reinstall --no-deps "$wheel"
"$venv/bin/pip" install -q 'httpx>=0.27,<1' pyyaml cedarpy pycasbin presidio-analyzer detect-secrets

say "decisions and scanning"
"$venv/bin/python" benches/python/bench.py | tee "$target/python/bench.md"

say "the hook, from process start to its end, 200 runs"
"$venv/bin/python" benches/python/hook.py "$venv/bin/zentinelle-hook" | tee -a "$target/python/bench.md"

say "agents of the Zentinel proxy, over a Unix socket"
cargo build --locked --profile dist -q -p zentinelle-server
cargo build --locked --release -q -p zentinelle-bench-zentinel
"$venv/bin/python" benches/zentinel/run.py "$target/release/zentinelle-bench-zentinel" "$target/dist/zentinelle" |
  tee -a "$target/python/bench.md"

changes=$(git diff --quiet HEAD -- ':!benches' 2>/dev/null || echo ' with uncommitted changes')
{
  echo "# The Python package, measured"
  echo
  echo "commit $(git rev-parse --short=12 HEAD)$changes, $(date -u +%Y-%m-%d), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -1)"
  echo
  cat "$target/python/bench.md"
} >benches/python/RESULTS.md
