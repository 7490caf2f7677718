#!/usr/bin/env bash
# Make the environment .venv from pinned, hashed requirements, and keep it in step with them.
# Quick when nothing changed. PYTHON names an interpreter to use; pip's own settings (index, proxy, certificates) hold.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=.venv
stamp=$environment/.requirements

say() { printf '%s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.14; do
    if command -v "$candidate" >/dev/null && suits "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  fail "Python 3.11 or later was not found; nothing was installed. Debian, Ubuntu: apt-get install python3"
}

digest() {
  cat requirements/*.txt pyproject.toml agent/pyproject.toml scripts/bootstrap.sh | "$1" -c '
import hashlib, sys
print(hashlib.sha256(sys.stdin.buffer.read() + sys.version.encode()).hexdigest())'
}

# As root, or where sudo asks nothing.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_venv_package() {
  command -v apt-get >/dev/null || return 1
  say "  installing Debian's package python3-venv"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-venv >/dev/null 2>&1 ||
    { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-venv; } \
      >/dev/null 2>&1
}

# Debian's python3 has the module venv but not ensurepip: then pip's own wheel, pinned by its digest, brings the rest,
# and nothing is installed on the machine. Only where that fails is the machine's package asked for.
make_environment() {
  local python=$1 folder wheel
  say "Making $environment with $("$python" --version)"
  rm -rf "$environment"
  if [ -z "${WITHOUT_ENSUREPIP:-}" ] && "$python" -c 'import venv, ensurepip; ensurepip.version()' 2>/dev/null &&
    "$python" -m venv "$environment" 2>/dev/null; then
    return
  fi
  rm -rf "$environment"
  say "  this Python comes without pip; fetching the pinned one from the package index"
  folder=$(mktemp -d)
  if "$python" -m venv --without-pip "$environment" 2>/dev/null &&
    wheel=$("$python" scripts/fetch_pip.py "$folder") &&
    "$environment/bin/python" "$wheel/pip" install -q --disable-pip-version-check --require-hashes \
      -r requirements/installer.txt; then
    rm -rf "$folder"
    return
  fi
  rm -rf "$folder" "$environment"
  if install_venv_package && "$python" -m venv "$environment"; then
    return
  fi
  rm -rf "$environment"
  fail "No environment could be made. Type this, then try again:  sudo apt-get install -y python3-venv"
}

# One line that counts instead of hundreds that scroll.
show_progress() {
  awk -v total="$1" -v terminal="$2" '
    /^(Collecting|Processing|Requirement already satisfied)/ { seen++ }
    /^(Collecting|Processing)/ { name = $2; sub(/.*\//, "", name); sub(/[=<>;-].*/, "", name) }
    terminal && /^(Collecting|Processing)/ { printf "\r  %3d of about %d: %-40s", seen, total, name; fflush() }
    !terminal && /^(Collecting|Processing)/ && seen % 25 == 0 { printf "  %d of about %d\n", seen, total; fflush() }
    /^Installing collected/ { printf "%s  all %d fetched; unpacking%-30s\n", terminal ? "\r" : "", seen, ""; fflush() }
  ' >&2
}

install_requirements() {
  local log=$environment/install.log total terminal=0
  total=$(grep -c '==' requirements/development.txt)
  if [ -t 2 ]; then terminal=1; fi
  say "Installing what is pinned in requirements/development.txt (a minute or two the first time)"
  if ! "$environment/bin/python" -m pip install --disable-pip-version-check --require-hashes --progress-bar off \
    -r requirements/development.txt 2>&1 | tee "$log" | show_progress "$total" "$terminal"; then
    tail -n 15 "$log" >&2
    fail "The requirements could not be installed; the whole story is in $log."
  fi
}

install_own() {
  "$environment/bin/python" -m pip install --disable-pip-version-check -q --require-hashes -r requirements/installer.txt
  PYTHONWARNINGS=ignore "$environment/bin/python" -m pip install --disable-pip-version-check -q \
    --no-deps --no-build-isolation -e . -e ./agent
}

# A machine may be told not to keep byte code; then every start would compile every library again, for seconds.
compile_all() {
  local packages
  packages=$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  PYTHONDONTWRITEBYTECODE='' "$environment/bin/python" -m compileall -q -j 0 "$packages" api governance agent/sslm_agent \
    >/dev/null 2>&1 || true
}

main() {
  local python wanted
  python=$(find_python)
  if ! suits "$environment/bin/python"; then make_environment "$python"; fi
  wanted=$(digest "$environment/bin/python")
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
  install_requirements
  install_own
  compile_all
  printf '%s\n' "$wanted" >"$stamp"
  say "The environment is ready."
}

# Two makes at once: the second waits and finds the work done.
if [ -z "${BOOTSTRAPPING:-}" ] && command -v flock >/dev/null; then
  mkdir -p var
  BOOTSTRAPPING=1 exec flock var/bootstrap.lock "$0" "$@"
fi
main
