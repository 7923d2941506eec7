#!/bin/bash
# Does one scenario after the other: what is recorded between the times in a scenario's log is its run.
actors="python3 -B /vfr/lab/guest/actors.py"
for file in /out/scenarios/*.json; do
  name=$(basename "$file" .json)
  echo "$name at $(cut -d' ' -f1 /proc/uptime) s"
  $actors prepare "$file" || { echo "$name cannot be prepared"; continue; }
  $actors run "$file" "/tmp/$name.log"
  $actors end "/tmp/$name.log"
  cp "/tmp/$name.log" /out/scenarios/
done
