/**
 * Imports several inputs into one trace: first each into a trace of its own, then merged on one
 * timeline.
 */
import type { ImportOptions, ImportResult } from '../recorder/import/index.js';
import { type MergeOptions, mergeReaders } from './merge-options.js';

export interface ImportInputs extends MergeOptions {
  readonly inputs: readonly string[];
  readonly output: string;
  readonly format?: string;
  readonly snapshot?: string;
  readonly clock?: string;
  readonly kernel?: string;
  readonly strict?: boolean;
  readonly mode?: number;
}

/**
 * @returns the sum of what was found in all inputs
 * @throws VfrError when one of them cannot be imported; the output is then unchanged
 */
export async function importInputs(options: ImportInputs): Promise<ImportResult> {
  const recorder = await import('../recorder/import/index.js');
  const { Progress } = await import('./progress.js');
  const progress = new Progress();
  const importInput = (one: ImportOptions): ImportResult => {
    progress.start(one.input);
    try {
      return recorder.importInput({ ...one, progress: progress.update });
    } finally {
      progress.clear();
    }
  };
  const { inputs, align: _align, offset: _offset, ...rest } = options;
  if (inputs.length === 1) return importInput({ input: inputs[0], ...rest });
  const { snapshot, mode: _mode, ...others } = rest;
  const { refuseInputs, ScratchSink } = await import('../traces/index.js');
  const reads = snapshot === undefined ? inputs : [...inputs, snapshot];
  refuseInputs({ file: options.output, inputs: reads });
  const folder = await folderOf(options.output);
  const parts: InstanceType<typeof ScratchSink>[] = [];
  try {
    const results = inputs.map((input, i) => {
      const part = new ScratchSink(folder);
      parts.push(part);
      const state = i === 0 && snapshot !== undefined ? { snapshot } : {};
      return importInput({ ...others, ...state, input, output: part });
    });
    const paths = parts.map(({ path }) => path);
    const events = await mergeParts(paths, { ...options, reads });
    return { ...sum(results), events };
  } finally {
    for (const part of parts) part.close();
  }
}

/** A folder on the file system of the output, where there is space for it. */
export async function folderOf(output: string): Promise<string> {
  const { tmpdir } = await import('node:os');
  const { dirname } = await import('node:path');
  return output === '-' ? tmpdir() : dirname(output);
}

async function mergeParts(
  parts: readonly string[],
  options: ImportInputs & { readonly reads: readonly string[] },
): Promise<number> {
  const { TraceReader } = await import('../traces/index.js');
  const readers = parts.map((part) => TraceReader.open(part));
  try {
    return await mergeReaders(readers, options);
  } catch (error) {
    const { VfrError } = await import('../traces/index.js');
    if (!(error instanceof VfrError)) throw error;
    // Users know the inputs, not the temporary traces made from them.
    const part = parts.indexOf(error.place.file ?? '');
    const place = part < 0 ? error.place : { ...error.place, file: options.inputs[part] };
    throw new VfrError(error.code, error.what, error.next, place);
  } finally {
    for (const reader of readers) reader.close();
  }
}

function sum(results: readonly ImportResult[]): ImportResult {
  const total = (of: (result: ImportResult) => number) =>
    results.reduce((all, result) => all + of(result), 0);
  const stopped = results.find((result) => result.stopped !== undefined)?.stopped;
  return {
    format: [...new Set(results.map(({ format }) => format))].join(', '),
    events: total((r) => r.events),
    records: sumCounts(results.map(({ records }) => records)),
    kinds: sumCounts(results.map(({ kinds }) => kinds)),
    unparsed: total((r) => r.unparsed),
    lost: total((r) => r.lost),
    ...(stopped === undefined ? {} : { stopped }),
  };
}

/** Sums by name, the largest first. */
function sumCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, n] of all.flatMap(Object.entries<number>)) sums[name] = (sums[name] ?? 0) + n;
  return Object.fromEntries(Object.entries(sums).sort(([, a], [, b]) => b - a));
}
