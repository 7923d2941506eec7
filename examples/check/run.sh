#!/usr/bin/env bash
# A gate for CI: rules that a trace must pass, and the report for the host of the code.
source "$(dirname "$0")/../vfr.sh"

vfr check "$trace" --set driver-author 2>/dev/null
echo "rules of driver authors: exit code $?"

code=0
vfr check "$trace" --set operator --format sarif >"$work/vfr.sarif" 2>/dev/null || code=$?
echo "rules of operators: exit code $code, $(grep -c '"ruleId": "race"' "$work/vfr.sarif") races"
