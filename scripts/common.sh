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
