/** What a recording is, in a few lines, and what to do about what is wrong with it. */
import type { TraceReader } from '../../../traces/index.js';
import { formatDuration } from '../../format-duration.js';
import { describeCompleteness } from '../../open-trace.js';
import { plural } from '../../plural.js';

/**
 * Kernel, clock, length, completeness.
 * @param span length of the recording in nanoseconds
 * @param isGrowing whether the recording goes on
 */
export function factsOf(reader: TraceReader, span: bigint, isGrowing: boolean): string[] {
  const { kernel, clock, writer } = reader.meta;
  const named = clock === 'unknown' ? 'an unknown clock' : `clock ${clock}`;
  const time = clock === 'none' ? 'without times' : `${formatDuration(span)} of ${named}`;
  const parts = [
    kernel === undefined ? 'kernel unknown' : `Linux ${kernel}`,
    time,
    `recorded by ${reader.dictionaries.source.join(', ') || 'nothing'}`,
    `written by ${writer}`,
  ];
  const { completeness, isVerified, events } = reader;
  if (isGrowing) return [parts.join(' · '), `${plural(events, 'event')} so far`];
  const state = describeCompleteness(reader);
  const counted = `${plural(events, 'event')}, whose bytes are being verified`;
  return [parts.join(' · '), completeness.complete && !isVerified ? counted : state];
}

/** What is wrong with the recording, with the next step; empty when nothing is. */
export function adviceFor(reader: TraceReader, isGrowing: boolean): string[] {
  if (reader.events === 0) {
    return [
      'No event is in this trace: nothing happened, or no probe could be used.',
      'Run `vfr doctor` to see what this machine can record, or `vfr demo` for a recording.',
    ];
  }
  const advice: string[] = [];
  const { truncated, damaged } = reader.completeness;
  if (damaged > 0)
    advice.push('Damaged: `vfr verify` shows where, `vfr repair` saves what can be read.');
  if (truncated && !isGrowing)
    advice.push('Cut off: the recorder did not finish it. All that is before the cut is here.');
  if (!reader.dictionaries.kind.includes('snapshot'))
    advice.push(
      'No snapshot: drivers from before the first event are unknown. `vfr record` takes one;',
      '`vfr import --snapshot DIR` adds one.',
    );
  return advice;
}
