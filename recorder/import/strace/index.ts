/** strace of a program that uses VFIO: `strace -f -ttt -T -y -v`, or less of it. */
import type { Importer, InputMeta } from '../importer.js';
import type { Input } from '../input-stream.js';
import type { TimeStyle } from './call-line.js';
import { StraceReader } from './strace-reader.js';

/** `--decode-pids=comm` appends the name of the thread to its number. */
const WHO = String.raw`(?:\[pid +\d+(?:<[^>]*>)?\] |\d+(?:<[^>]*>)? +)?`;
const SECONDS = String.raw`(?:\d+\.\d{3,9}|\d{9,10})`;
const OF_DAY = String.raw`\d\d:\d\d:\d\d(?:\.\d{3,9})?`;
/** What `-r` adds after another time, then `-n`, then `-i`: `(+     0.000246) [  59] [7f87] `. */
const EXTRAS = String.raw`(?:\(\+ *[\d.]+\) )?(?:\[[ 0-9a-f?]+\] )*`;
const WHAT = String.raw`(?:[a-z_][a-z0-9_]*\(|<\.\.\. [a-z0-9_]+ resumed>|--- SIG|\+\+\+ )`;
const LINE = new RegExp(`^${WHO} *(?:(?:${SECONDS}|${OF_DAY}) )?${EXTRAS}${WHAT}`);
/**
 * Lines with elements that only strace writes, so that C or a shell script is not mistaken for it.
 */
const SURE = / = (?:-?\d+|0x[0-9a-f]+|\?)(?:<.*>| E[A-Z0-9]+ \(.*\)| \(.*\))?(?: <[\d.]+>)?$/;
/** Longer lines are not examined: one doubtful line does not matter. */
const LINE_LENGTH_MAX = 2000;
const EPOCH = new RegExp(`^${WHO} *(${SECONDS}) ${EXTRAS}${WHAT}`);
const DAY = new RegExp(`^${WHO} *${OF_DAY} ${EXTRAS}${WHAT}`);
/** Lines below a call: frames of its stack (`-k`), bytes that it moved (`-e write`). */
const BELOW = /^ [>|] /;
/** Times below this are distances (-r), not seconds since 1970. */
const EPOCH_MIN = 100_000_000;

export const strace: Importer = {
  format: 'strace',
  describe: 'strace text of a VFIO client, best with -f -ttt -T -y -v',
  clock: '`realtime` (`-ttt`), `day`, `relative` or `none`',
  needs: 'stream',
  sample: 'strace/edu.strace.zst',

  detect(head) {
    const lines = head
      .toString('latin1')
      .split(/\r?\n/, 200)
      .filter((line) => line !== '' && !BELOW.test(line));
    const hits = lines.filter((line) => LINE.test(line)).length;
    const isSure = lines.some(
      (line) => line.length < LINE_LENGTH_MAX && LINE.test(line) && SURE.test(line),
    );
    return isSure && hits * 2 > lines.length ? 0.9 : 0;
  },

  meta: (input) => META[timeStyle(input)],
  read: (input, events) => new StraceReader(input, events, timeStyle(input)).read(),
};

const META: Record<TimeStyle, InputMeta> = {
  epoch: { clock: 'realtime', wallOffsetNs: 0n },
  day: { clock: 'day', notes: { clock: 'time of day in the zone of the tracing machine' } },
  delta: { clock: 'relative', notes: { clock: 'time since the first line' } },
  none: { clock: 'none' },
};

/** The form of the input's times: that of the first line with a time. */
function timeStyle(input: Input): TimeStyle {
  for (const line of input.head.toString('latin1').split('\n')) {
    const epoch = EPOCH.exec(line);
    if (epoch !== null) return Number(epoch[1]) >= EPOCH_MIN ? 'epoch' : 'delta';
    if (DAY.test(line)) return 'day';
  }
  return 'none';
}
