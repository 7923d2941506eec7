#!/usr/bin/env bash
# Compares the tables of vfr with the newest kernel headers and QEMU that Debian has. The packages are
# only taken apart, nothing is installed; where they cannot be had, what this machine has is compared.
set -euo pipefail
cd "$(dirname "$0")/../.."

suite=${UAPI_SUITE:-sid}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fetch() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && [ -r "$keyring" ] || return 1
  mkdir -p "$folder"/{lists/partial,cache/archives/partial,root}
  local mirror
  mirror=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | grep -m1 '/debian/*$' || true)
  [ -n "$mirror" ] || return 1
  echo "deb [signed-by=$keyring] $mirror $suite main" >"$folder/sources.list"
  cat >"$folder/apt.conf" <<CONF
Dir::Etc::SourceList "$folder/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$folder/lists";
Dir::Cache "$folder/cache";
APT::Sandbox::User "root";
CONF
  (
    cd "$folder"
    export APT_CONFIG=$folder/apt.conf
    timeout 300 apt-get -qq update || exit 1
    for package in linux-libc-dev qemu-system-common; do
      version=$(apt-cache madison $package | awk 'NR == 1 { print $3 }')
      apt-get -qq download "$package=$version" || exit 1
    done
    for file in ./*.deb; do dpkg-deb -x "$file" root; done
  )
}

if fetch; then
  node dist/tests/uapi/main.js "$folder/root/usr"
else
  echo "skipped: Debian's linux-libc-dev and qemu-system-common of $suite cannot be fetched here"
fi
