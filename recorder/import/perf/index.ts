/** Text of `perf script`: tracepoint and probe events, with any choice of fields. */
import { RecordMapper } from '../../mapping/record-mapper.js';
import { findLayout } from '../ftrace/find-layout.js';
import { TextReader } from '../ftrace/text-reader.js';
import type { Importer, InputMeta } from '../importer.js';
import { CLOCKS } from './clock-names.js';
import { PERF_LAYOUTS, taskName } from './perf-layouts.js';

/** `system:event:` as perf prints it after the time or the CPU, with an optional period. */
const EVENT = /(?::|\]) +(?:\d+ +)?\w+:\w+: /;
const SHARE_MIN = 0.25;

/** The instruction's address and symbol after the event (`-F ip,sym`). */
const LOCATION = / +[0-9a-f]{4,16}(?: [^="]*)?$/;
const LOCATION_LOOK = 512;

export const perfScript: Importer = {
  format: 'perf-script',
  describe: 'text of perf script, default fields or any -F with cpu or time',
  clock: '`unknown`, or as its header says',
  needs: 'stream',
  sample: 'perf/default.txt.zst',
  detect(head) {
    if (!EVENT.test(head.toString('latin1'))) return 0;
    const found = findLayout(head, PERF_LAYOUTS);
    return found === null || found.share < SHARE_MIN ? 0 : 0.5 + found.share / 4;
  },
  meta({ head }): InputMeta {
    const text = head.toString('latin1');
    const kernel = /^# os release : (\S+)/m.exec(text)?.[1];
    const command = /^# cmdline : (.+)$/m.exec(text)?.[1];
    const clock = /use_clockid = 1, clockid = (\d+)/.exec(text)?.[1] ?? '';
    return {
      clock: CLOCKS[clock] ?? 'unknown',
      ...(kernel === undefined ? {} : { kernel }),
      ...(command === undefined ? {} : { notes: { command: command.trim() } }),
    };
  },
  read(input, events) {
    const layout = findLayout(input.head, PERF_LAYOUTS)?.layout ?? null;
    const options = hasLocation(input.head) ? { taskName, trim } : { taskName };
    return new TextReader(
      input,
      new RecordMapper(events, 'perf-script'),
      events,
      layout,
      options,
    ).read();
  },
};

/** Whether the events of the head end with a location. */
function hasLocation(head: Buffer): boolean {
  const lines = head
    .toString('latin1')
    .split('\n')
    .filter((line) => EVENT.test(line));
  const located = lines.filter((line) => LOCATION.test(line.slice(-LOCATION_LOOK)));
  return located.length > lines.length / 2;
}

/** The end of what the event printed, before the location. */
function trim(bytes: Buffer, start: number, end: number): number {
  const from = Math.max(start, end - LOCATION_LOOK);
  const match = LOCATION.exec(bytes.toString('latin1', from, end));
  return match === null ? end : from + match.index;
}
