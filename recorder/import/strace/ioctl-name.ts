/**
 * Determines which call an ioctl is. strace prints all names of a number ("A or B") because it does
 * not know the file. The kind of file, if known, and the struct, where strace decoded it, decide.
 * Otherwise the name stays as the line has it.
 */
import {
  isVfioIoctl,
  vfioIoctlFile,
  vfioIoctlName,
  vfioIoctlNames,
  vfioIoctlNumber,
} from '../../vfio-ioctls.js';
import type { OpenFile } from './vfio-files.js';

/** The request of an ioctl as a line has it. */
export interface Request {
  /** Its number, or -1 when the line has a name that is not known here. */
  readonly command: number;
  /** The names that it may have. */
  readonly names: readonly string[];
  /** The kind of file that the name implies. */
  readonly file: OpenFile['kind'] | undefined;
  /** Whether it can only be one of VFIO or iommufd; other numbers are so on their files only. */
  readonly isOwn: boolean;
}

const IOC =
  /^_IOC?\((?:[\w|]+, )?(0x3b|59|';'), (0x[0-9a-f]+|\d+)(?:, (0x[0-9a-f]+|\d+))?\)(?: |$)/;
const NUMBER = /^(?:0x[0-9a-f]+|\d+)(?= |$)/;
const NAMES = /^(?:VFIO|IOMMU)_\w+(?: or \w+)*$/;
const TYPE = 0x3b00;
const SPAPR = /_SPAPR_/;

/** What only the struct of one of several calls has. */
const SHAPES: readonly [RegExp, RegExp][] = [
  [/\b(?:iova|vaddr)=/, /^VFIO_IOMMU_/],
  [/\b(?:count|group_fds|devices)=/, /^VFIO_DEVICE_(?:GET_)?PCI_HOT_RESET/],
];

/** The request in an argument, or null when it is a name of another subsystem. */
export function requestOf(argument: string): Request | null {
  const text = argument.trim();
  const command = commandOf(text);
  if (command !== null) return numbered(command);
  if (!NAMES.test(text)) return null;
  const names = text.split(' or ').filter((name) => /^(?:VFIO|IOMMU)_/.test(name));
  const known = names.map(vfioIoctlNumber).find((n) => n !== undefined);
  return { command: known ?? -1, names, file: fileOf(names), isOwn: true };
}

/** The number in any of the forms in which strace prints one, or null. */
function commandOf(text: string): number | null {
  const number = NUMBER.exec(text);
  if (number !== null) return Number(number[0]);
  const [, type, command, size] = IOC.exec(text) ?? [];
  if (type === undefined || Number(size ?? 0) !== 0) return null;
  return TYPE + (Number(command) & 0xff);
}

function numbered(command: number): Request {
  const names = vfioIoctlNames(command);
  const shown = names.length === 0 ? [`0x${command.toString(16)}`] : names;
  return { command, names: shown, file: fileOf(names), isOwn: isVfioIoctl(command) };
}

/** The kind of file when all that it may be are calls of one kind. */
function fileOf(names: readonly string[]): OpenFile['kind'] | undefined {
  const files = new Set(names.map(vfioIoctlFile));
  return files.size === 1 ? [...files][0] : undefined;
}

/**
 * The name of a request, or all candidates.
 * @param file the file of the call, if known
 * @param argument the third argument as strace prints it
 */
export function nameOf(request: Request, file: OpenFile | null, argument: string): string {
  let { names } = request;
  const keep = (is: (name: string) => boolean) => {
    const kept = names.filter(is);
    if (kept.length > 0) names = kept;
  };
  if (file !== null) keep((name) => isOf(name, request.command, file.kind));
  for (const [struct, call] of SHAPES) if (struct.test(argument)) keep((name) => call.test(name));
  // An iommufd does for a container of type 1 only.
  const iommu = file?.kind === 'iommufd' ? 'type1' : (file?.iommu ?? null);
  if (iommu !== null) keep((name) => SPAPR.test(name) === (iommu === 'spapr'));
  return names.join(' or ');
}

const isOf = (name: string, command: number, kind: OpenFile['kind']): boolean =>
  vfioIoctlFile(name) === (kind === 'iommufd' ? 'container' : kind) ||
  vfioIoctlName(command, kind) === name;
