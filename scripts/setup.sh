#!/usr/bin/env bash
# Installs what Backhaul needs: the Python environment in .venv, and from the distribution what is not on PATH.
# Run twice it does nothing the second time.
#
#   scripts/setup.sh run     what `make run` needs
#   scripts/setup.sh test    that, and what `make test` and `make check` need
#   scripts/setup.sh compose that, and what `make test-compose` needs
#   scripts/setup.sh bench   as test, and the peers we measure against
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-run}

say() { printf '%s\n' "setup: $*"; }

# --- programs of the distribution: "command:package" ------------------------------------------------------
wanted=(prometheus:prometheus promtool:prometheus alertmanager:prometheus-alertmanager amtool:prometheus-alertmanager
  npm:npm)
[ "$purpose" = run ] || wanted+=(snmpd:snmpd snmpbulkwalk:snmp iperf3:iperf3 ip:iproute2 sysctl:procps nft:nftables chromium:chromium
  pg_ctlcluster:postgresql docker-compose:docker-compose nginx:nginx-light victoria-metrics:victoria-metrics openssl:openssl)
[ "$purpose" != compose ] || wanted+=(dockerd:docker.io containerd:containerd iptables:iptables busybox:busybox)
[ "$purpose" != bench ] || wanted+=(fping:fping prometheus-snmp-exporter:prometheus-snmp-exporter)

# Debian names the Alertmanager binary prometheus-alertmanager; upstream's archive calls it alertmanager.
# Servers live in sbin, which is not on every user's PATH.
have() {
  PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 ||
    PATH="$PATH:/usr/sbin:/sbin" command -v "prometheus-$1" >/dev/null 2>&1
}

missing=()
for pair in "${wanted[@]}"; do
  have "${pair%%:*}" || missing+=("${pair##*:}")
done
python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null 2>&1; then
  [ -z "${PYTHON:-}" ] || { say "PYTHON names $PYTHON, which is not here"; exit 1; }
  missing+=(python3 python3-venv)
elif [ ! -x .venv/bin/pip ] && ! "$python" -c 'import ensurepip' 2>/dev/null; then missing+=(python3-venv)
fi

if [ "${#missing[@]}" -gt 0 ]; then
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
  install="apt-get install -y --no-install-recommends ${missing[*]}"
  if ! command -v apt-get >/dev/null 2>&1; then
    say "these programs are missing, and there is no apt-get here to install them: ${missing[*]}"
    say "install them your system's way, then run this again"
    exit 1
  elif [ "$(id -u)" = 0 ]; then as_root=""
  elif sudo -n true 2>/dev/null; then as_root="sudo"
  else
    say "some programs are missing; type this once, then run make again:"
    say "    sudo sh -c 'apt-get update && $install'"
    exit 1
  fi
  say "installing ${missing[*]}"
  # The distribution starts servers when it installs them; ours are started by the stack, on loopback only, so
  # a policy that refuses is put up while we install (and only if the machine has none of its own).
  policy=/usr/sbin/policy-rc.d
  put_policy=no
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod +x "$policy"
    put_policy=yes
  fi
  take_policy_down() { [ "$put_policy" = no ] || $as_root rm -f "$policy"; }
  trap take_policy_down EXIT
  log=$(mktemp)
  if ! { $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
         $as_root env DEBIAN_FRONTEND=noninteractive $install; } >"$log" 2>&1; then
    tail -n 20 "$log"
    say "installing failed; the lines above say why"
    exit 1
  fi
  rm -f "$log"
fi

# --- the Python environment ---------------------------------------------------------------------------------
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  say "Python 3.11 or newer is needed; $("$python" --version) is here (set PYTHON to another one)"
  exit 1
}
if [ "$purpose" = run ]; then lock=requirements.lock; else lock=requirements-dev.lock; fi
stamp=".venv/.installed-$lock-$(cat "$lock" pyproject.toml | sha256sum | cut -c1-16)"
if [ ! -e "$stamp" ]; then
  say "installing the Python packages of $lock into .venv"
  [ -x .venv/bin/pip ] || "$python" -m venv .venv
  { .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r "$lock" &&
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .; } || {
    say "the packages could not be installed; the lines above say why. Behind a proxy set HTTPS_PROXY, for an index of"
    say "your own PIP_INDEX_URL; then run make again"
    exit 1
  }
  rm -f .venv/.installed-"$lock"-*
  touch "$stamp"
fi

# --- what the pages take from others --------------------------------------------------------------------------
if [ "$purpose" = run ]; then scripts/pages.sh; else scripts/pages.sh --with-peers; fi

# The peers have requirements that contradict ours, so they get an environment of their own.
if [ "$purpose" != run ] && [ ! -e .venv-peers/.installed ]; then
  say "installing mktxp, an independent RouterOS client, into .venv-peers"
  "$python" -m venv .venv-peers
  .venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r bench/requirements-peers.txt
  touch .venv-peers/.installed
fi
say "ready"
