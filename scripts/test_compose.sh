#!/usr/bin/env bash
# The compose file on a real Docker engine that is started for it and leaves nothing behind: `make test-compose`.
# Needs root, and no other Docker on the machine. Pulls nothing: see tests/compose_engine/.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(id -u)" != 0 ]; then
  echo "test-compose: a Docker engine needs root; run it with sudo"
  exit 1
fi
exec .venv/bin/python -m pytest -m compose tests/compose_engine --durations=10 "$@" </dev/null
