#!/usr/bin/env bash
# Installs the Chromium of the distribution for the tests of pages, where that can be done. Without it
# those tests are skipped.
set -euo pipefail

command -v chromium >/dev/null && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  timeout 300 apt-get -qq update && timeout 600 apt-get -qq install -y --no-install-recommends chromium && exit 0
fi
echo 'Chromium cannot be installed here: the tests of pages are skipped.'
