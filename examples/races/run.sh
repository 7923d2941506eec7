#!/usr/bin/env bash
# Counts the races of a recording by device, from the JSON that vfr prints.
source "$(dirname "$0")/../vfr.sh"

# Exit code 1 means that races were found.
vfr races "$trace" --json >"$work/races.json" || [ $? -eq 1 ]
node -e '
  const { races } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
  const counts = {};
  for (const { class: name, device } of races) {
    const key = `${name} ${device}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  for (const key of Object.keys(counts).sort()) console.log(`${counts[key]}\t${key}`);
' "$work/races.json"
