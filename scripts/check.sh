#!/usr/bin/env bash
# Everything that can be checked without running Backhaul; all findings are shown, not just the first.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0
step() {
  local name=$1
  shift
  if output=$("$@" 2>&1); then printf 'ok    %s\n' "$name"
  else printf 'FAIL  %s\n%s\n' "$name" "$output"; failed=1; fi
}
bin=.venv/bin
step "format (ruff format)" $bin/ruff format --check .
step "lint (ruff)" $bin/ruff check .
step "types (mypy --strict)" $bin/mypy
step "room borders (import-linter)" $bin/lint-imports
step "generated docs are current" $bin/python scripts/generate_docs.py --check
step "dashboards are what the code writes" $bin/python -m grafana.dashboards --check
step "prometheus configuration (promtool)" promtool check config prometheus/prometheus.yml
step "rules (promtool)" promtool check rules prometheus/rules/*.yml
step "alertmanager configuration (amtool)" amtool check-config alertmanager/alertmanager.yml
step "compose file, as docker-compose reads it" docker-compose --env-file .env.example config -q
step "compose files past one machine, the same way" docker-compose -f docker-compose.yml -f docker-compose.scale.yml --env-file .env.example config -q
step "compose file, images and Grafana's settings" $bin/python scripts/check_compose.py
exit $failed
