#!/usr/bin/env bash
# Makes the secrets of the compose file in ./secrets, each in a file of its own. What is there is left as it is, so it
# can be run again at any time: after an update it makes what is new. It prints names, never a value.
#
#   scripts/secrets.sh [HOST]                      HOST: the name in the certificate; default: that of BACKHAUL_PUBLIC_URL in .env
#   scripts/secrets.sh --certificate CHAIN KEY     put a certificate in, as certbot's deploy hook does
#   scripts/secrets.sh --rotate NAME               make that one anew, and say what has to be done next (docs/install.md)
set -euo pipefail
umask 077
cd "$(dirname "$0")/.."
folder=${BACKHAUL_SECRETS:-secrets}

# Nobody but its owner gets into the folder. The files can be read by who gets there, since Docker shows them to the
# services, which run as users of their own, with the mode they have here.
mkdir -p "$folder"
chmod 700 "$folder"

say() { printf 'secrets: %s\n' "$*"; }
# Written beside and renamed, so that an interruption leaves no half secret that a second run would keep.
keep() {
  [ ! -e "$folder/$1" ] || { cat >/dev/null; return 0; }
  cat >"$folder/.$1.new"
  [ -s "$folder/.$1.new" ] || [ "${2:-}" = empty ] || { rm -f "$folder/.$1.new"; say "$1 could not be made"; exit 1; }
  if [ "${2:-}" = empty ]; then chmod 644 "$folder/.$1.new"; else chmod 444 "$folder/.$1.new"; fi
  mv "$folder/.$1.new" "$folder/$1"
  say "made $1${2:+, to be filled in by you}"
}
random() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'; }

# In place: a container sees the file it was started with, not another one of that name.
put() {
  touch "$folder/$1"
  chmod 644 "$folder/$1"
  cat >"$folder/$1"
  chmod 444 "$folder/$1"
}
database_url() { printf 'postgresql://backhaul_%s:%s@postgres:5432/backhaul' "$1" "$(cat "$folder/database_${1}_password")"; }

if [ "${1:-}" = --certificate ]; then
  [ $# = 3 ] || { say "expected --certificate CHAIN KEY"; exit 2; }
  openssl x509 -noout -in "$2" && openssl pkey -noout -in "$3" || { say "these are no certificate and key in PEM"; exit 1; }
  [ "$(openssl x509 -noout -pubkey -in "$2")" = "$(openssl pkey -pubout -in "$3")" ] || { say "the key is not the certificate's"; exit 1; }
  put tls_certificate <"$2"
  put tls_key <"$3"
  say "put the certificate in; now: docker compose exec front nginx -c /etc/nginx/front.conf -s reload"
  exit 0
fi

if [ "${1:-}" = --rotate ]; then
  [ $# = 2 ] || { say "expected --rotate NAME"; exit 2; }
  case $2 in
    database_superuser_password | database_owner_password | database_app_password)
      next='docker-compose exec -T postgres bash /passwords.sh, then docker-compose restart exporter alert_webhook portal' ;;
    webhook_token)
      next='docker-compose restart alert_webhook alertmanager' ;;
    grafana_gateway_token | grafana_admin_password | grafana_secret_key)
      next='docker-compose rm -sf grafana grafana_setup, delete the volume of grafana, docker-compose up -d, docker-compose restart portal' ;;
    secret_key) say "secret_key opens what is in the database: docs/registry.md, Keys, changes it without losing that"; exit 2 ;;
    tls_certificate | tls_key) say "expected --certificate CHAIN KEY"; exit 2 ;;
    *) say "\"$2\" is none that is made here; write it into $folder/$2, and see docs/install.md"; exit 2 ;;
  esac
  [ -e "$folder/$2" ] || { say "there is no $2 yet; scripts/secrets.sh makes it"; exit 1; }
  random | put "$2"
  role=${2#database_}
  role=${role%_password}
  [ ! -e "$folder/database_${role}_url" ] || database_url "$role" | put "database_${role}_url"
  say "made $2 anew; now: $next"
  exit 0
fi

# The compose file adds paths to it.
url=$(sed -n "s|^BACKHAUL_PUBLIC_URL=||p" .env 2>/dev/null | tail -n 1) || true  # none is no fault
case $url in
  */) say "BACKHAUL_PUBLIC_URL=$url in .env ends with a slash: take it away"; exit 2 ;;
esac

for name in database_superuser_password database_owner_password database_app_password webhook_token \
  grafana_gateway_token grafana_admin_password grafana_secret_key; do
  random | keep "$name"
done
# 32 bytes, as `backhaul secrets new-key` makes them. Lose it, and the routers' passwords in the database are lost.
head -c 32 /dev/urandom | base64 | tr -d '\n' | keep secret_key
for role in owner app; do
  database_url "$role" | keep "database_${role}_url"
done
: | keep twilio_auth_token empty
: | keep smtp_url empty

if [ ! -e "$folder/tls_certificate" ] || [ ! -e "$folder/tls_key" ]; then
  host=${1:-$(printf '%s\n' "$url" | sed -n 's|^https://\([^:/]*\).*|\1|p')}
  host=${host:-localhost}
  case $host in
    *[!a-zA-Z0-9.-]*) say "\"$host\" is no host name"; exit 2 ;;
    *[!0-9.]*) name="DNS:$host" ;;
    *) name="IP:$host" ;;
  esac
  new=$(mktemp -d "$folder/.tls.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 825 -subj "/CN=$host" \
    -addext "subjectAltName=$name" -keyout "$new/key" -out "$new/certificate" 2>/dev/null ||
    { say "openssl could not make a certificate for $host"; exit 1; }
  rm -f "$folder/tls_certificate" "$folder/tls_key"
  keep tls_certificate <"$new/certificate"
  keep tls_key <"$new/key"
  say "the certificate is our own, for $host: browsers warn. docs/install.md says how to get one they know"
fi
