#!/usr/bin/env bash
# A gate for CI: rules that a trace must pass, and the report for the host of the code.
source "$(dirname "$0")/../vfr.sh"
cd "$work" && mv "$trace" trace.arrows

code=0
vfr check trace.arrows --set driver-author --format sarif > vfr.sarif 2>/dev/null || code=$?
echo "rules of driver authors: exit code $code, $(grep -c '"ruleId"' vfr.sarif || true) results"

code=0
vfr check trace.arrows --set operator --format junit > vfr.xml 2>/dev/null || code=$?
echo "rules of operators: exit code $code, $(grep -o 'failures="[0-9]*"' vfr.xml)"

cat > own.rules <<'RULES'
-- rule: no-native-driver
-- title: The VF goes to no native driver
never driver(0000:01:00.1) == nvme
RULES
code=0
vfr check trace.arrows --rules own.rules 2>/dev/null | head -2 || code=$?
