/**
 * Goal: a line that is missing, foreign or damaged costs itself, and no other line its event.
 * Method: a line of a real log is taken out, doubled, damaged, or gets a foreign one behind it; what
 * the importer makes of the others must be what it makes of them in the sound log, and every line is
 * an event, a part of one, or counted as not understood.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ImportedRow, importBytes } from '../../tests/import-bytes.js';
import { testData } from '../../tests/test-data.js';
import type { Importer } from './importer.js';
import { qemuText } from './qemu/qemu-text.js';
import { strace } from './strace/index.js';

const LINES = 200;

const FOREIGN = [
  'qemu-system-x86_64: warning: something else',
  '[   12.345678] vfio-pci 0000:01:00.0: resetting',
  '  size: 0x100, offset: 0x70000000000, flags: 0x3',
  ' => 0x1234) = 0',
  '<... ioctl resumed>) = 0',
  'strace: Process 4711 attached',
];

type Edit =
  | { readonly type: 'delete' }
  | { readonly type: 'double' }
  | { readonly type: 'insert'; readonly line: string }
  | { readonly type: 'damage'; readonly at: number; readonly byte: string };

const EDIT: fc.Arbitrary<Edit> = fc.oneof(
  fc.constantFrom<Edit>({ type: 'delete' }, { type: 'double' }),
  fc.constantFrom(...FOREIGN).map((line): Edit => ({ type: 'insert', line })),
  fc.record({
    type: fc.constant('damage' as const),
    at: fc.nat(200),
    byte: fc.constantFrom('', '#', '(', '"', '0', ' ', '<', '\0', '@', ':'),
  }),
);

function edited(line: string, edit: Edit): readonly string[] {
  if (edit.type === 'delete') return [];
  if (edit.type === 'double') return [line, line];
  if (edit.type === 'insert') return [line, edit.line];
  const at = edit.at % line.length;
  return [line.slice(0, at) + edit.byte + line.slice(at + 1)];
}

/** What an event says apart from where it stands; times that come from other lines are left out. */
const facts = ({ seq, span, ...row }: ImportedRow): string =>
  JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}` : value));

/** Events of a sound log that have no equal in the other, which has them in the same order. */
function changed(sound: readonly string[], other: readonly string[]): number {
  let first = 0;
  while (first < sound.length && sound[first] === other[first]) first++;
  let last = 0;
  const most = Math.min(sound.length, other.length) - first;
  while (last < most && sound.at(-1 - last) === other.at(-1 - last)) last++;
  return sound.length - first - last;
}

interface Sample {
  readonly name: string;
  readonly importer: Importer;
  readonly text: string;
  /** Lines that tell what others mean: which file a descriptor is. */
  readonly context: RegExp;
  /** Events that one line may be a part of. */
  readonly most: number;
}

const SAMPLES: readonly Sample[] = [
  {
    name: 'a log of QEMU',
    importer: qemuText,
    text: testData('qemu/nested-linux.log.zst').toString(),
    context: /$./,
    most: 2,
  },
  {
    name: 'strace',
    importer: strace,
    text: testData('strace/edu.strace.zst').toString(),
    context: /(?:open|close|dup|clone|fork|readlink|mmap|munmap|GET_DEVICE_FD|SET_\w+)/,
    most: 1,
  },
  {
    name: 'strace of several threads',
    importer: strace,
    text: testData('strace/dpdk.strace.zst').toString(),
    context: /(?:open|close|dup|clone|fork|readlink|mmap|munmap|GET_DEVICE_FD|SET_\w+)/,
    most: 2,
  },
];

describe.each(SAMPLES)('$name', ({ importer, text, context, most }) => {
  const all = text.split('\n').filter((line) => line !== '');
  const read = (lines: readonly string[]) =>
    importBytes(importer, Buffer.from(`${lines.join('\n')}\n`));

  test('an edit of a line changes the events of that line only', () => {
    fc.assert(
      fc.property(fc.nat(all.length - 1), fc.nat(LINES - 1), EDIT, (from, at, edit) => {
        const start = Math.min(from, Math.max(0, all.length - LINES));
        const lines = all.slice(start, start + LINES);
        const place = Math.min(at, lines.length - 1);
        fc.pre(!context.test(lines[place]));
        const other = lines.toSpliced(place, 1, ...edited(lines[place], edit));
        const [sound, result] = [read(lines), read(other)];
        const events = changed(sound.rows.map(facts), result.rows.map(facts));
        expect(events).toBeLessThanOrEqual(most);
        const written = other.filter((line) => line !== '').length;
        const continued = other.filter((line) => line.startsWith(' ')).length;
        expect(result.rows.length).toBeLessThanOrEqual(written);
        expect(result.rows.length).toBeGreaterThanOrEqual(written - continued);
        expect(result.report.unparsed).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 50 },
    );
  });
});
