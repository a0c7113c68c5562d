#!/usr/bin/env bash
# Sends what the OpenAPI document allows, and much that it does not, to every route of a real server on SQLite: no
# answer may be a server error, and every answer must have a status, a media type and a form that the document names.
# Needs Python 3.9 or newer; the tool goes into target/schemathesis. What is sent is the same each time.
#
#   scripts/schemathesis.sh [SECONDS]       for at most so long; 120 unless told
. "$(dirname "$0")/common.sh"
need python3 "install Python 3.9 or newer"

seconds=${1:-120}
python_tool schemathesis schemathesis 'schemathesis>=4,<5'
scratch_for_a_server

say "a server on SQLite"
export ZENTINELLE_THROTTLE__ENABLED=false
start_demo
# The demonstration gives an agent's key; an operator's comes from the command.
agent=$(grep -oE 'sk_agent_[A-Za-z0-9_-]{43}' "$scratch/log" | head -1)
admin=$("$zentinelle" key create --data-dir "$scratch/data" --role admin --label schemathesis --format json | grep -oE 'sk_platform_[A-Za-z0-9_-]{43}' | head -1)
[ -n "$agent" ] && [ -n "$admin" ] || fail "the server gave no keys to try it with"

# Bodies may be right and name nothing that exists, so any documented answer below 500 will do.
attack() { # KEY [OPTION…]
  local status=0
  # It leaves a cache where it runs.
  (cd "$scratch" && exec timeout --signal=INT --kill-after=20 $((seconds / 2 + 30)) "$tool/bin/schemathesis" run "http://$address/api/openapi.json" \
    --url "http://$address" --header "X-Zentinelle-Key: $1" --mode all "${@:2}" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --phases examples,coverage,fuzzing --max-examples 25 --max-time $((seconds / 2)) --request-timeout 70 \
    --generation-deterministic --workers 1 --warnings off --no-color) || status=$?
  case $status in
    0) ;;
    124 | 130) say "the time was over" ;; # which is not a fault
    *) fail "schemathesis found a fault (exit code $status)" "the requests that show it stand above" ;;
  esac
}
say "every route of http://$address as an operator"
attack "$admin"
say "every route of http://$address as an agent"
attack "$agent" --exclude-path-regex '/deregister$' # which would be its last word

kill -0 "$server" 2>/dev/null || fail "the server did not survive" "its last words: $(tail -3 "$scratch/log")"
! grep -q 'panicked' "$scratch/log" || fail "a part of the server panicked" "$(grep panicked "$scratch/log" | head -3)"
say "no server error, and no answer that is not documented"
