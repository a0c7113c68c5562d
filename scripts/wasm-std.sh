#!/usr/bin/env bash
# Makes the active toolchain able to build for wasm32-unknown-unknown; does nothing when it is.
#
# rustup has the target ready-made. Where its server cannot be reached, Debian's source package
# of the very same compiler version is built once and put where rustup would have put it.
. "$(dirname "$0")/common.sh"

sysroot=$(rustc --print sysroot)
lib=$sysroot/lib/rustlib/wasm32-unknown-unknown/lib
compgen -G "$lib/libstd-*.rlib" >/dev/null && exit 0

if timeout 60 rustup target add wasm32-unknown-unknown >/dev/null 2>&1 && compgen -G "$lib/libstd-*.rlib" >/dev/null; then
  exit 0
fi
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
  fail "the wasm32-unknown-unknown target is missing and rustup could not add it" \
    "run \`rustup target add wasm32-unknown-unknown\`"

version=$(rustc -vV | sed -n 's/^release: //p')
echo "building std $version for wasm32-unknown-unknown, once"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,std/src}
mirror=$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources)
for suite in trixie-backports sid; do
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n' \
    "$mirror" "$suite"
done >"$work/src.sources"
apt=(-o Dir::Etc::sourcelist="$work/src.sources" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$work/lists"
  -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -o DPkg::Lock::Timeout=300)
apt-get "${apt[@]}" -qq update
pin=$(apt-cache "${apt[@]}" madison rust-src |
  awk -F'|' -v v="$version" '{gsub(/ /,"",$2)} index($2,v"+")==1{print $2; exit}')
[ -n "$pin" ] || fail "no source package of Rust $version was found" "run \`rustup target add wasm32-unknown-unknown\`"
(cd "$work" && apt-get "${apt[@]}" -qq download "rust-src=$pin" && dpkg -x rust-src_*.deb x)
mkdir -p "$sysroot/lib/rustlib/src/rust"
rm -rf "$sysroot/lib/rustlib/src/rust/library"
cp -a "$work"/x/usr/src/rustc-*/library "$sysroot/lib/rustlib/src/rust/library"
echo '#![no_std]' >"$work/std/src/lib.rs"
printf '[package]\nname="std_holder"\nversion="0.0.0"\nedition="2021"\n[workspace]\n' >"$work/std/Cargo.toml"
(cd "$work/std" && env -u RUSTFLAGS RUSTC="$sysroot/bin/rustc" RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$work/t" \
  "$sysroot/bin/cargo" build -q -Z build-std=std,panic_abort --target wasm32-unknown-unknown --release)
mkdir -p "$lib"
for rlib in "$work"/t/wasm32-unknown-unknown/release/deps/*.rlib; do
  case $rlib in *std_holder*) ;; *) cp "$rlib" "$lib/" ;; esac
done
