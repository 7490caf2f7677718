#!/usr/bin/env bash
# Put Pebble, the test certificate authority, on this machine. Exit code: 0 it is there, 1 it is not.
# Debian's and Ubuntu's package is installed as root or where sudo asks nothing; else the one line to type is printed.
set -euo pipefail

if command -v "${PEBBLE:-pebble}" >/dev/null; then exit 0; fi

if [ "$(id -u)" -eq 0 ]; then sudo=(); else sudo=(sudo -n); fi

install() {
  command -v apt-get >/dev/null &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends pebble >/dev/null 2>&1
}

if command -v apt-get >/dev/null; then
  printf 'Installing the package pebble, the test certificate authority\n' >&2
  if install || { "${sudo[@]}" apt-get update -qq >/dev/null 2>&1 && install; }; then exit 0; fi
fi

printf 'Pebble, the test certificate authority, is missing. Type this, then try again:\n' >&2
if command -v apt-get >/dev/null; then
  printf '  sudo apt-get install -y pebble\n' >&2
else
  printf '  go install github.com/letsencrypt/pebble/v2/cmd/pebble@latest\n' >&2
fi
exit 1
