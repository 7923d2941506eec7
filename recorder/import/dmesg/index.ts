/** The kernel log: `dmesg` in all its time formats, `journalctl -k`, syslog, `/dev/kmsg`, mails. */
import { isCertain } from '../../kernel-text/index.js';
import type { Importer } from '../importer.js';
import { DmesgReader } from './dmesg-reader.js';
import { MESSAGE_LINE_MAX, plainLine } from './log-prefix.js';
import { BARE, findStyle, type Style } from './log-styles.js';
import { findWrap } from './wrapped-lines.js';

const KERNEL = /Linux version (\S+)/;
/** Words that only a kernel log has, for a log that does not start with the boot. */
const KERNEL_WORDS = /\b(?:Linux version|kernel|pci|DMAR|AMD-Vi|vfio|AER|ACPI|iommu|nvme)\b/;
const HEAD_LINES = 300;
/** From this share of lines in one style on, no other importer is tried. */
const SURE = 0.95;

export const dmesg: Importer = {
  format: 'dmesg',
  describe: 'kernel log: dmesg in every time format, journalctl -k (short-…, json), syslog',
  clock: '`mono`, or `realtime` (`-T`, ISO)',
  needs: 'stream',
  sample: 'dmesg/dma-fault-r1.txt.zst',

  detect(head) {
    const { lines, style, hits } = beginningOf(head);
    if (hits === 0 || hits * 2 < lines.length) return 0;
    if (!lines.some((line) => KERNEL_WORDS.test(line))) return 0.3;
    const isSure = style !== BARE && hits >= lines.length * SURE && !lines.some(isTrace);
    return isSure ? 0.95 : 0.7;
  },

  certain(head) {
    const { lines, style } = beginningOf(head);
    return lines.filter((line) => {
      const parsed = style.parse(line);
      return parsed !== null && (style !== BARE ? isLogLine(parsed.message) : true);
    }).length;
  },

  meta(input) {
    const kernel = KERNEL.exec(input.head.toString('latin1'))?.[1];
    return { ...beginningOf(input.head).style.meta, ...(kernel !== undefined && { kernel }) };
  },

  read(input, events) {
    const { lines, style } = beginningOf(input.head);
    return new DmesgReader(input, events, style, findWrap(lines, style)).read();
  },
};

/** Messages with a kernel time count even when they are not about a device. */
const isLogLine = (message: string) => isCertain(message) || KERNEL_WORDS.test(message);

/** A record of a trace that the kernel dumped into its log, which another importer may read. */
const isTrace = (line: string) => /\S-\d+ +(?:\d|\[\d)\S* +\S*\d(?:us|\.\d{6})\S? *: /.test(line);

/** The first lines of an input, and the style that most of them are in. */
interface Beginning {
  readonly lines: readonly string[];
  readonly style: Style;
  readonly hits: number;
}

/** Asked several times of one input. */
const BEGINNINGS = new WeakMap<Buffer, Beginning>();

function beginningOf(head: Buffer): Beginning {
  const known = BEGINNINGS.get(head);
  if (known !== undefined) return known;
  const lines = head
    .toString('utf8')
    .split('\n', HEAD_LINES)
    .map(plainLine)
    .filter((line) => line.trim() !== '' && line.length <= MESSAGE_LINE_MAX);
  const beginning = { lines, ...(findStyle(lines) ?? { style: BARE, hits: 0 }) };
  BEGINNINGS.set(head, beginning);
  return beginning;
}
