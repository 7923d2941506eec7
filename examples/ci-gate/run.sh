#!/usr/bin/env bash
# A gate for CI: the trace must be sound, and every response of the kernel must be what was predicted.
source "$(dirname "$0")/../vfr.sh"

gate() {
  local code=0
  vfr "$@" >"$work/report.txt" 2>&1 || code=$?
  if [ "$code" -eq 0 ]; then echo "$1: passed"; else echo "$1: exit code $code" && tail -n 5 "$work/report.txt"; fi
  return "$code"
}

gate verify "$trace"
gate replay "$trace" --strict

# What the gate does with a trace that was damaged on the way: it ends with another code.
printf '\xff' | dd of="$trace" bs=1 seek=60000 conv=notrunc status=none
vfr verify "$trace" >/dev/null 2>&1 || echo "a damaged trace: exit code $?"
