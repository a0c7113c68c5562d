#!/usr/bin/env bash
# Runs the Python integrations against the real frameworks, each in an environment of its own below
# target/python. Needs the wheel that scripts/python.sh builds.
#
#   scripts/test-integrations.sh [NAME...]     all of them unless named
. "$(dirname "$0")/common.sh"

target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
wheel=$(ls "$target"/python/wheels/*.whl 2>/dev/null) || fail "there is no wheel yet" "run scripts/python.sh"

[ $# -gt 0 ] || set -- agent-framework anthropic crewai fastmcp langgraph llama-index openai-agents pydantic-ai
for name; do
  say "$name"
  venv=$target/python/integration-$name
  [ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install -q pytest "$wheel[$name]"
  "$venv/bin/pip" install -q --force-reinstall --no-deps "$wheel"
  (cd zentinelle-py/tests/integrations && "$venv/bin/python" -m pytest -q -p no:cacheprovider "test_${name//-/_}.py")
done
say "${#} integrations hold"
