#!/usr/bin/env bash
# Put on this machine what only the benchmark needs: wrk, which makes the load, and the servers we compare ourselves with.
# Exit code: 0 unless wrk is not there. What else could not be installed is left out of the benchmark, and told.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv/bin/python

say() { printf '%s\n' "$*" >&2; }

if [ "$(id -u)" -eq 0 ]; then sudo=(); else sudo=(sudo -n); fi

apt_install() {
  command -v apt-get >/dev/null &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null 2>&1
}

install_wrk() {
  if command -v wrk >/dev/null; then return; fi
  say 'Installing the package wrk, which makes the load'
  if apt_install wrk || { "${sudo[@]}" apt-get update -qq >/dev/null 2>&1 && apt_install wrk; }; then return; fi
  say 'wrk is missing. Type this, then try again:  sudo apt-get install -y wrk'
  exit 1
}

# In the environment of the project: only packages that are not there yet.
install_ariadne() {
  if "$python" -c 'import ariadne' 2>/dev/null; then return; fi
  say 'Installing what is pinned in requirements/bench.txt'
  "$python" -m pip install --disable-pip-version-check -q --require-hashes -r requirements/bench.txt ||
    say 'Ariadne could not be installed; the benchmark runs without it.'
}

# Its Node comes from npm too: PostGraphile 5 needs 22, and on an older one npm takes version 4 without a word.
install_postgraphile() {
  local folder=bench/graphql/postgraphile
  if [ -f "$folder/node_modules/.package-lock.json" ] &&
    [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]; then return; fi
  if ! command -v npm >/dev/null; then
    say 'npm is missing (sudo apt-get install -y npm); the benchmark runs without PostGraphile.'
    return
  fi
  say 'Installing PostGraphile 5 with its Node'
  (cd "$folder" && npm ci --silent >/dev/null 2>&1) ||
    say 'PostGraphile could not be installed; the benchmark runs without it.'
}

install_wrk
install_ariadne
install_postgraphile
