/**
 * Error messages of QEMU about assigned devices. QEMU prints them to its log, and the host logs
 * them, whether or not anything is traced. dma-operations.ts reads those about mappings; this file
 * reads the others (hw/vfio/pci.c, region.c, common.c and container.c; in newer releases
 * also listener.c, device.c and container-legacy.c). Accesses that failed:
 *
 *     vfio_region_write(0000:03:00.0:region0+0x40, 0x1,4) failed: Input/output error
 *     vfio_pci_read_config(0000:03:00.0, 0x4, 0x2) failed: No such device
 *
 * Of all others what they name: the device, the call, and the error at their end.
 */
import { type Kind, REGION_CONFIG } from '../../../traces/index.js';
import { vfioIoctlNumber } from '../../vfio-ioctls.js';
import { errnoOfText } from './strerror.js';

/** What a message says; null for what it does not. */
export interface Message {
  readonly kind: Kind;
  /** The function of QEMU or the call of the kernel that failed. */
  readonly name: string | null;
  readonly device: string | null;
  readonly region: number | null;
  readonly offset: bigint | null;
  readonly length: bigint | null;
  readonly value: bigint | null;
  readonly ret: number | null;
}

const VGA = 8;
const NUMBER = String.raw`(?:0x[\da-f]{1,16}|\d{1,10})`;
const FAILED = String.raw`\) failed: (?<error>.+)$`;
const at = `(?<offset>${NUMBER})`;
const length = `(?<length>${NUMBER})`;
const value = `(?<value>${NUMBER})`;

/** The accesses by the function of QEMU that makes them. */
const ACCESSES: readonly (readonly [RegExp, Kind, number | null])[] = [
  [
    new RegExp(
      String.raw`\b(?<name>vfio_region_read)\((?<device>\S+):region(?<region>\d{1,4})\+` +
        String.raw`${at}, ${length}${FAILED}`,
    ),
    'region.read',
    null,
  ],
  [
    new RegExp(
      String.raw`\b(?<name>vfio_region_write)\((?<device>\S+):region(?<region>\d{1,4})\+` +
        String.raw`${at}, ${value}, ?${length}${FAILED}`,
    ),
    'region.write',
    null,
  ],
  [
    new RegExp(
      String.raw`\b(?<name>vfio_pci_read_config)\((?<device>\S+), ${at}, ${length}${FAILED}`,
    ),
    'config.read',
    REGION_CONFIG,
  ],
  [
    new RegExp(
      String.raw`\b(?<name>vfio_pci_write_config)\((?<device>\S+), ${at}, ${value}, ` +
        String.raw`${length}${FAILED}`,
    ),
    'config.write',
    REGION_CONFIG,
  ],
  [
    new RegExp(String.raw`\b(?<name>vfio_vga_read)\(,${at}, ${length}${FAILED}`),
    'region.read',
    VGA,
  ],
  [
    new RegExp(String.raw`\b(?<name>vfio_vga_write)\(,${at}, ${value}, ${length}${FAILED}`),
    'region.write',
    VGA,
  ],
  [
    /\b(?<name>vfio_\w{1,60})\((?<device>\S+)\) reset bar (?<region>\d{1,4}) failed: (?<error>.+)$/,
    'log',
    null,
  ],
  [
    new RegExp(
      String.raw`\b(?<name>vfio_iommu_map_dirty_notify)\(\S+, ${at}, ${length}\)` +
        String.raw` = (?<ret>-\d{1,4}) \(`,
    ),
    'log',
    null,
  ],
];

/** A quick test: most lines of a log match none of these. */
const ABOUT = /vfio|VFIO_|iommufd|IOMMU_/;
const CALL = /\b(?:VFIO|IOMMU)_[A-Z0-9_]{3,40}\b/;
const ADDRESS = /\b(?:([\da-f]{4,8}):)?([\da-f]{2}:[01][\da-f]\.[0-7])\b/;
/** What says which device a message is about, the surest first. */
const DEVICES = ['vfio ', 'sysfsdev=\\S*/', 'host=', ''].map(
  (before) => new RegExp(before + ADDRESS.source),
);
/** How QEMU says that something was in vain. */
const IN_VAIN = new RegExp(
  '[Ff]ail|[Cc]annot|[Cc]ould not|[Uu]nable|[Ee]rror|' +
    'not (?:supported|available|viable|owned)|unsupported|Unrecoverable|denied|stuck in',
);
/** Names that QEMU has for calls of the kernel in its messages. */
const CALLS: Readonly<Record<string, string>> = {
  VFIO_MAP_DMA: 'VFIO_IOMMU_MAP_DMA',
  VFIO_UNMAP_DMA: 'VFIO_IOMMU_UNMAP_DMA',
};

/** What a line that is not a trace event says about a device or a call of VFIO, or null. */
export function messageIn(line: string): Message | null {
  if (!ABOUT.test(line)) return null;
  return accessIn(line) ?? otherIn(line);
}

function accessIn(line: string): Message | null {
  for (const [pattern, kind, region] of ACCESSES) {
    const groups = pattern.exec(line)?.groups;
    if (groups === undefined) continue;
    const number = (text: string | undefined) => (text === undefined ? null : BigInt(text));
    return {
      kind,
      name: groups.name,
      device: groups.device ?? null,
      region: groups.region === undefined ? region : Number(groups.region),
      offset: number(groups.offset),
      length: number(groups.length),
      value: number(groups.value),
      ret: groups.ret === undefined ? errorAt(groups.error) : Number(groups.ret),
    };
  }
  return null;
}

function otherIn(line: string): Message | null {
  const call = CALL.exec(line)?.[0] ?? '';
  const called = CALLS[call] ?? call;
  const name = vfioIoctlNumber(called) === undefined ? null : called;
  const ret = errorAt(line);
  const device = IN_VAIN.test(line) || ret !== null ? deviceIn(line) : null;
  if (device === null && (name === null || ret === null)) return null;
  const nothing = { region: null, offset: null, length: null, value: null };
  return { kind: 'log', name, device, ret, ...nothing };
}

function deviceIn(line: string): string | null {
  for (const pattern of DEVICES) {
    const found = pattern.exec(line);
    if (found !== null) return `${found[1] ?? '0000'}:${found[2]}`;
  }
  return null;
}

/** The error at the end of a message; some messages have a remark after it. */
function errorAt(text: string): number | null {
  const said = text.slice(text.lastIndexOf(': ') + 1).trim();
  return errnoOfText(said) ?? errnoOfText(said.replace(/[,(].*$/, '').trim()) ?? null;
}
