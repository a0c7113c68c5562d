#!/usr/bin/env bash
# Builds the Python wheel, installs it into a fresh environment without Rust on the path, and proves
# it there: smoke test, pytest, README, mypy, pyright, stubtest. Everything lies below target/python.
#
#   scripts/python.sh               all of it
#   scripts/python.sh -k guard      arguments go to pytest, and only pytest runs
#
# PYTHON names the interpreter (3.10 or newer); more of them in PYTHONS are smoke-tested as well.
# ZENTINELLE_SERVER names a server that is built already.
. "$(dirname "$0")/common.sh"

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "\`$python\` is older than Python 3.10" "name another in PYTHON"
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
work=$target/python
crate=$PWD/zentinelle-py
mkdir -p "$work"

say "tools"
if [ ! -x "$work/tools/bin/maturin" ]; then
  "$python" -m venv "$work/tools"
  "$work/tools/bin/pip" install -q 'maturin>=1.16,<2'
fi

say "native parts"
cargo build --locked -q --profile dist -p zentinelle-hook
mkdir -p "$crate/zentinelle_agent.data/scripts"
cp "$target/dist/zentinelle-hook" "$crate/zentinelle_agent.data/scripts/"
strip "$crate/zentinelle_agent.data/scripts/zentinelle-hook" 2>/dev/null || true
[ -n "${ZENTINELLE_SERVER:-}" ] || cargo build --locked -q -p zentinelle-server
decisions=$(scripts/decisions.sh)

say "wheel"
rm -rf "$work/wheels"
(cd "$crate" && CARGO_TARGET_DIR=$target "$work/tools/bin/maturin" build --locked -q --profile dist --compatibility linux -o "$work/wheels")
wheel=$(ls "$work"/wheels/*.whl)
ls -l "$wheel" | awk '{print $5 " bytes", $NF}'

say "fresh environment"
without_rust=$(printf '%s' "$PATH" | tr ':' '\n' | grep -v '/\.cargo/\|/rustup/' | paste -sd: -)
smoke='import zentinelle_agent as z; e = z.Engine.from_yaml("policies: [{name: a, type: tool_permission, config: {denied_tools: [x]}}]"); assert e.decide(tool="y") and not e.decide(tool="x"); print("smoke", z.__version__)'
rm -rf "$work/venv"
"$python" -m venv "$work/venv"
PATH=$without_rust "$work/venv/bin/pip" install -q "$wheel"
(cd / && PATH=$without_rust "$work/venv/bin/python" -c "$smoke")
PATH=$without_rust "$work/venv/bin/zentinelle-agent" --version
PATH=$without_rust "$work/venv/bin/zentinelle-hook" --version
for other in ${PYTHONS:-}; do
  rm -rf "$work/other"
  "$other" -m venv "$work/other"
  PATH=$without_rust "$work/other/bin/pip" install -q "$wheel"
  (cd / && PATH=$without_rust "$work/other/bin/python" -c "import sys; $smoke; print(sys.version.split()[0])")
done
"$work/venv/bin/pip" install -q 'pytest>=8' 'hypothesis>=6' 'mypy>=1.15' 'pydantic>=2' 'pyright[nodejs]>=1.1.400' 'ruff>=0.12' 'redis>=5.0.1' 'grpcio>=1.60'

say "tests"
export ZENTINELLE_SERVER=${ZENTINELLE_SERVER:-$target/debug/zentinelle}
export ZENTINELLE_DECISIONS=$decisions
export HYPOTHESIS_STORAGE_DIRECTORY=$work/hypothesis
# From a folder of its own, so that nothing but the installed wheel can be imported.
(cd "$crate/tests" && "$work/venv/bin/python" -m pytest -q -p no:cacheprovider --ignore integrations "$@")
[ $# -eq 0 ] || exit 0

say "types and style"
bin=$work/venv/bin
(cd "$crate" && "$bin/ruff" check -q --no-cache . && "$bin/ruff" format -q --no-cache --check .)
(cd "$crate/tests" && "$bin/python" -m mypy --config-file ../pyproject.toml --cache-dir "$work/mypy" -p zentinelle_agent && "$bin/python" -m mypy --config-file ../pyproject.toml --cache-dir "$work/mypy" --exclude integrations .)
(cd "$crate/tests" && "$bin/python" -m mypy.stubtest zentinelle_agent --ignore-missing-stub --allowlist stubtest-allowlist.txt --mypy-config-file ../pyproject.toml)
(cd "$crate" && "$bin/pyright" --pythonpath "$bin/python" tests/*.py)

say "the Python package holds"
