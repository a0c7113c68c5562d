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
