#!/usr/bin/env bash
# Scenarios of your own: what each can end with, which order decides, and what a run of it shows.
source "$(dirname "$0")/../vfr.sh"
here="$(dirname "$0")"

echo '== a udev rule against the first probe of a VF'
vfr scenarios check "$here/udev-override.json"
vfr explore "$here/udev-override.json" || echo "exit code $?"
vfr explain "$here/udev-override.json" --outcome 2 | head -1

echo '== an unbind while a user has the device'
vfr explore "$here/unbind-asks.json" | head -3

echo '== two modules for one function: a run that went well, and the race that it won'
vfr explore "$here/two-modules.json" --witness 2 -o "$work/run.arrows" >/dev/null 2>&1
vfr races "$work/run.arrows" 2>/dev/null || echo "exit code $?"
