#!/usr/bin/env bash
# Pin every requirement with its hashes, for all platforms and Python versions we serve.
# No address of an index is recorded, so the files hold for any package index.
set -euo pipefail
cd "$(dirname "$0")/../requirements"

if ! command -v uv >/dev/null; then
  printf 'uv is missing. Type this, then try again:  python3 -m pip install uv\n' >&2
  exit 1
fi

for name in installer runtime development bench; do
  printf 'requirements/%s.txt\n' "$name"
  uv pip compile "$name.in" -o "$name.txt" --quiet ${UPGRADE---upgrade} --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-emit-find-links --no-header
done
