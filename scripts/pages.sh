#!/usr/bin/env bash
# Puts what the portal's pages take from others into portal/static/vendor: what portal/package-lock.json lists, by npm.
# Run twice it does nothing the second time. Needs nothing else, so that the image is built by it too.
#
#   scripts/pages.sh               what the pages need
#   scripts/pages.sh --with-peers  and what only the tests look at
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '%s\n' "setup: $*"; }
vendor=portal/static/vendor
listed=$(cat portal/package-lock.json scripts/pages.sh | sha256sum | cut -c1-16)
omit=--omit=dev
if [ "${1:-}" = --with-peers ] || [ -e ".npm/.installed--include=dev-$listed" ]; then omit=--include=dev; fi
stamp=".npm/.installed$omit-$listed"
if [ -e "$stamp" ] && [ -d "$vendor" ]; then exit 0; fi

say "installing the scripts of the portal's pages into $vendor"
mkdir -p .npm
cp portal/package.json portal/package-lock.json .npm/
# Only files are taken: --ignore-scripts keeps the packages from running anything here, telemetry among it.
(cd .npm && npm ci --ignore-scripts "$omit" --no-audit --no-fund --loglevel=error) || {
  say "npm could not install what portal/package-lock.json lists; the lines above say why. Behind a proxy set"
  say "HTTPS_PROXY, for a registry of your own npm_config_registry; then run make again"
  exit 1
}
modules=.npm/node_modules
rm -rf "$vendor"
mkdir -p "$vendor/swagger-ui"
cp "$modules"/uplot/dist/uPlot.esm.js "$modules"/uplot/dist/uPlot.min.css "$vendor/"
cp "$modules"/uplot/LICENSE "$vendor/uPlot.LICENSE.txt"
cp "$modules"/swagger-ui-dist/swagger-ui.css "$modules"/swagger-ui-dist/swagger-ui-bundle.js \
  "$modules"/swagger-ui-dist/LICENSE "$modules"/swagger-ui-dist/NOTICE "$vendor/swagger-ui/"
rm -f .npm/.installed*
touch "$stamp"
