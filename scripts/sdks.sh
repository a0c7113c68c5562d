#!/usr/bin/env bash
# Runs the official clients of OpenAI, Anthropic and Google, Python and Node, against a mock of the
# providers: straight, and through the server with policies. Arguments: `pytest`, `node`, or both.
. "$(dirname "$0")/common.sh"
need python3 "install Python 3.9 or later with its venv module"
need npm "install Node 20 or later"

tests=zentinelle-server/tests/sdks
target=${CARGO_TARGET_DIR:-target}
clients=$target/sdks
[ $# -gt 0 ] || set -- pytest node

say "official clients: install"
# Installed again only when the pinned versions change.
if ! cmp -s $tests/python/requirements.txt "$clients/python/requirements.txt"; then
  rm -rf "$clients/python"
  python3 -m venv "$clients/python"
  "$clients/python/bin/pip" install -q --no-deps -r $tests/python/requirements.txt
  cp $tests/python/requirements.txt "$clients/python/"
fi
if ! cmp -s $tests/node/package-lock.json $tests/node/node_modules/installed-lock.json; then
  (cd $tests/node && npm ci --silent --no-audit --no-fund)
  cp $tests/node/package-lock.json $tests/node/node_modules/installed-lock.json
fi
grep -E '^(anthropic|openai|google-genai)==' $tests/python/requirements.txt | paste -sd' '
(cd $tests/node && npm ls --depth=0 --parseable=false 2>/dev/null | grep '@' | grep -v sdk-tests | paste -sd' ')

say "official clients: build"
cargo build --locked -q -p zentinelle-server -p zentinelle-upstream

say "official clients: straight, and through the server"
"$clients/python/bin/python" $tests/run.py "$target/debug/mock_upstream" "$target/debug/zentinelle" "$clients/run" "$@"
