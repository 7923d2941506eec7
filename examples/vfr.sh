# What the examples share: the program of this repository, a recording, and a folder that is removed.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
vfr() { node "$root/dist/vfr/main.js" "$@"; }
recording=$root/tests/data/captures/sriov-on-r1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trace=$work/sriov.arrows
vfr import "$recording/trace.txt.zst" --snapshot "$recording/state-before" -o "$trace" >/dev/null 2>&1
