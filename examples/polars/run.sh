#!/usr/bin/env bash
# Reads a trace in polars: which driver probed how often.
source "$(dirname "$0")/../vfr.sh"

cd "$root"
node --input-type=module -e '
  import { readFileSync } from "node:fs";
  import pl from "nodejs-polars";
  const events = pl.readIPCStream(readFileSync(process.argv[1]));
  const text = (name) => pl.col(name).cast(pl.Utf8);
  const probes = events.filter(
    text("kind").eq(pl.lit("probe")).and(text("name").eq(pl.lit("really_probe"))),
  );
  const begins = probes.filter(text("phase").eq(pl.lit("begin")));
  const counts = {};
  for (const driver of begins.getColumn("driver").cast(pl.Utf8).toArray())
    counts[driver] = (counts[driver] ?? 0) + 1;
  for (const driver of Object.keys(counts).sort()) console.log(`${counts[driver]}\t${driver}`);
' "$trace"
