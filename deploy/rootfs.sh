#!/usr/bin/env bash
# Gathers what a binary needs to run in an image made from nothing: deploy/rootfs.sh BINARY FOLDER
# An empty data folder is put beside it, in FOLDER-data, for the image to give to its user.
set -euo pipefail

binary=$1
root=$2
mkdir -p "$root"/{etc/ssl/certs,proc,sys,dev,usr/bin,var/lib} "$root-data"
install -d -m 1777 "$root/tmp"
install -m 0755 "$binary" "$root/usr/bin/zentinelle"

# Each library at the place the loader looks for it, the loader itself included. Host names are resolved by the C
# library alone (since 2.34), so no plug-in of it has to come along.
ldd "$binary" | grep -oE '/[^ ]+' | while read -r library; do
  cp -L --parents "$library" "$root"
done

cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
echo 'zentinelle:x:65532:65532::/var/lib/zentinelle:/sbin/nologin' >"$root/etc/passwd"
echo 'zentinelle:x:65532:' >"$root/etc/group"

# A library that was missed shows here rather than in production.
chroot --userspec=65532:65532 "$root" /usr/bin/zentinelle --version
