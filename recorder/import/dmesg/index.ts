/** The kernel log: `dmesg` in all its time formats, `journalctl -k`, syslog, `/dev/kmsg`, mails. */
import { isCertain } from '../../kernel-text/index.js';
import type { Importer } from '../importer.js';
import type { Input } from '../input.js';
import { plainLine } from './prefix.js';
import { DmesgReader } from './reader.js';
import { BARE, findStyle, type Style } from './styles.js';
import { findWrap } from './wrap.js';

const KERNEL = /Linux version (\S+)/;
/** Words that only a kernel log has, for a log that does not start with the boot. */
const KERNEL_WORDS = /\b(?:Linux version|kernel|pci|DMAR|AMD-Vi|vfio|AER|ACPI|iommu|nvme)\b/;
const HEAD_LINES = 300;

export const dmesg: Importer = {
  format: 'dmesg',
  describe: 'kernel log: dmesg in every time format, journalctl -k (short-…, json), syslog',

  detect(head) {
    const lines = headLines(head);
    const found = findStyle(lines);
    if (found === null || found.hits * 2 < lines.length) return 0;
    return lines.some((line) => KERNEL_WORDS.test(line)) ? 0.7 : 0.3;
  },

  certain(head) {
    const { style } = findStyle(headLines(head)) ?? { style: BARE };
    return headLines(head).filter((line) => {
      const parsed = style.parse(line);
      return parsed !== null && (style !== BARE ? isLogLine(parsed.message) : true);
    }).length;
  },

  meta(input) {
    const kernel = KERNEL.exec(input.head.toString('latin1'))?.[1];
    return { ...styleOf(input).meta, ...(kernel !== undefined && { kernel }) };
  },

  read(input, events) {
    const style = styleOf(input);
    return new DmesgReader(input, events, style, findWrap(headLines(input.head), style)).read();
  },
};

/** A message that stands behind a time of the kernel's: it need not be of a device. */
const isLogLine = (message: string) => isCertain(message) || KERNEL_WORDS.test(message);

const headLines = (head: Buffer) =>
  head
    .toString('utf8')
    .split('\n', HEAD_LINES)
    .map(plainLine)
    .filter((line) => line.trim() !== '');

const styleOf = (input: Input): Style => findStyle(headLines(input.head))?.style ?? BARE;
