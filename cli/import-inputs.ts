/** Importing several inputs into one trace: each by itself, then merged on one timeline. */
import type { ImportResult } from '../recorder/index.js';
import { isVfrError } from './exit.js';
import { writerName, writeTrace } from './trace-output.js';

export interface ImportInputs {
  readonly inputs: readonly string[];
  readonly output: string;
  readonly format?: string;
  readonly snapshot?: string;
  readonly clock?: string;
  readonly kernel?: string;
}

/**
 * @returns what was found in all inputs together
 * @throws VfrError when one of them cannot be imported; the output is then as it was before
 */
export async function importInputs(options: ImportInputs): Promise<ImportResult> {
  const { importInput } = await import('../recorder/index.js');
  const { inputs, ...rest } = options;
  if (inputs.length === 1) return importInput({ input: inputs[0], ...rest });
  const { snapshot, ...others } = rest;
  const { mkdtempSync, rmSync } = await import('node:fs');
  // Beside the output, where there is room for it.
  const folder = mkdtempSync(`${options.output}.parts-`);
  try {
    const parts = inputs.map((_, i) => `${folder}/${i}.arrows`);
    const results = inputs.map((input, i) =>
      importInput({
        ...others,
        ...(i === 0 && snapshot !== undefined ? { snapshot } : {}),
        input,
        output: parts[i],
      }),
    );
    const events = await mergeParts(parts, options.output);
    return { ...sum(results), events };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function mergeParts(parts: readonly string[], output: string): Promise<number> {
  const { alignClocks, mergedMeta, mergeTraces, TraceReader } = await import('../traces/index.js');
  const readers = parts.map((part) => TraceReader.open(part));
  try {
    const metas = readers.map((reader) => reader.meta);
    const names = metas.map((meta) => ({ name: meta.notes.input, meta }));
    const offsets = await explain(() => alignClocks(names));
    const merged = readers.map((reader, i) => ({ reader, offsetNs: offsets[i] }));
    return await writeTrace({ output }, [], mergedMeta(metas, writerName()), (writer) => {
      mergeTraces(merged, writer);
      return writer.events.seq;
    });
  } finally {
    for (const reader of readers) reader.close();
  }
}

/** Import has no offsets to give: those are for `vfr merge`. */
async function explain<T>(align: () => T): Promise<T> {
  try {
    return align();
  } catch (error) {
    if (!isVfrError(error) || error.code !== 'CLOCKS_DIFFER') throw error;
    const { VfrError } = await import('../traces/index.js');
    const { kind, code, what, place } = error;
    const next =
      'Name the clock with --clock if the input does not tell it, or import each by itself and run `vfr merge` with --offset.';
    throw new VfrError(kind, code, what, next, place);
  }
}

function sum(results: readonly ImportResult[]): ImportResult {
  const records: Record<string, number> = {};
  for (const result of results) {
    for (const [name, n] of Object.entries(result.records)) {
      records[name] = (records[name] ?? 0) + n;
    }
  }
  const total = (of: (result: ImportResult) => number) =>
    results.reduce((all, result) => all + of(result), 0);
  const stopped = results.find((result) => result.stopped !== undefined)?.stopped;
  return {
    format: [...new Set(results.map(({ format }) => format))].join(', '),
    events: total((r) => r.events),
    records,
    unparsed: total((r) => r.unparsed),
    lost: total((r) => r.lost),
    ...(stopped === undefined ? {} : { stopped }),
  };
}
