# Sourced by the other scripts: strict mode, the repository's root, and one way to report.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf 'help: %s\n' "$2" >&2
  exit 1
}

need() { # need COMMAND HELP
  command -v "$1" >/dev/null 2>&1 || fail "\`$1\` was not found" "$2"
}

need cargo "install Rust 1.95 with rustup: https://rustup.rs"

# Finds Chromium, or installs it as root. Prints nothing; fails when there is none.
need_chromium() {
  ! command -v chromium >/dev/null 2>&1 || return 0
  local help="install it (\`sudo apt-get install chromium\`, or your system's package of that name)"
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || fail "\`chromium\` was not found" "$help"
  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends chromium >/dev/null ||
    fail "apt-get could not install chromium" "$help"
}

# A folder that goes with the script, in $scratch, and the server that start_demo starts in it.
scratch_for_a_server() {
  scratch=$(mktemp -d)
  server=
  trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$scratch"' EXIT
}

# Starts a server with the demonstration organisation in $scratch, its log in JSON in $scratch/log. Sets $zentinelle, the
# command, and $address, where it listens.
start_demo() {
  cargo build --locked -q -p zentinelle-server
  zentinelle=${CARGO_TARGET_DIR:-target}/debug/zentinelle
  : >"$scratch/log" # the server opens it only once it runs
  ZENTINELLE_LOG__FORMAT=json "$zentinelle" serve --demo --data-dir "$scratch/data" --listen 127.0.0.1:0 >"$scratch/log" &
  server=$!
  address=
  for _ in {1..600}; do
    address=$(sed -nE 's/.*"message":"listening".*"address":"([^"]+)".*/\1/p' "$scratch/log")
    [ -z "$address" ] || return 0
    kill -0 "$server" 2>/dev/null || fail "the server ended" "its last words: $(tail -3 "$scratch/log")"
    sleep 0.1
  done
  fail "the server did not begin to listen within a minute"
}

# A Python tool of its own under the build folder, in $tool: NAME PROGRAM PACKAGE
python_tool() {
  mkdir -p "${CARGO_TARGET_DIR:-target}"
  tool=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/$1
  [ ! -x "$tool/bin/$2" ] || return 0
  say "installing $3 into $tool"
  python3 -m venv "$tool"
  "$tool/bin/pip" install --quiet --disable-pip-version-check "$3"
}
