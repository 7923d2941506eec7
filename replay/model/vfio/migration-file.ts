/**
 * The file by which a device's state is saved or resumed: reads, writes, and
 * VFIO_MIG_GET_PRECOPY_INFO. Drivers differ in sizes and errnos.
 */
import { ERRNO } from '../../../traces/index.js';
import { type Migration, STATE, type State } from './migration-states.js';

const { PRE_COPY, PRE_COPY_P2P, STOP_COPY } = STATE;

/** What a driver's files are like. */
export interface FileRules {
  /** Name of the file's inode. */
  readonly name: string;
  /** Bytes that there are while the device still runs. */
  readonly initial: number;
  /** Bytes of the whole state. */
  readonly whole: number;
  /** What a read returns when the data of a device that still runs is used up. */
  readonly drained: 0 | number;
  /** Errno of a write that is more than the state. */
  readonly tooLong: number;
  /** Errno of leaving RESUMING with less than the whole state; 0 when that is no error. */
  readonly tooShort: number;
  /** What reads and writes return after the driver closed the file. */
  readonly closedRead: (position: number) => number;
  readonly closedWrite: number;
  /** It says how much is left to be copied while the device runs. */
  readonly tellsRest: boolean;
}

/** A file of a device. Plain data. */
export interface DataFile {
  readonly type: 'save' | 'resume';
  /** Bytes that can be read, or that were written. */
  readonly filled: number;
  readonly position: number;
  /** The driver ended it: the device was reset, or left the state that it belongs to. */
  readonly closed: boolean;
}

/** The errnos that most drivers have. */
export const fileRules = (
  name: string,
  initial: number,
  whole: number,
  own: Partial<FileRules> = {},
): FileRules => ({
  name,
  initial,
  whole,
  drained: -ERRNO.ENOMSG,
  tooLong: -ERRNO.ENOMEM,
  tooShort: 0,
  closedRead: () => -ERRNO.ENODEV,
  closedWrite: -ERRNO.ENODEV,
  tellsRest: true,
  ...own,
});

/** The file that a device has opened in a state. */
export const openedFile = (rules: FileRules, type: DataFile['type'], state: State): DataFile => ({
  type,
  filled: type === 'resume' ? 0 : filledIn(rules, state),
  position: 0,
  closed: false,
});

const filledIn = ({ initial, whole }: FileRules, state: State): number =>
  state === STOP_COPY ? whole : initial;

/** What a file has after the device has come to a state. */
export function fileAfter(
  rules: FileRules,
  file: DataFile,
  { state, file: open }: Migration,
): DataFile {
  if (open !== file.type) return { ...file, closed: true };
  const filled = file.type === 'save' ? filledIn(rules, state) : file.filled;
  return { ...file, filled };
}

export interface FileResult {
  readonly file: DataFile;
  /** Bytes or a negative errno. */
  readonly ret: number;
}

/**
 * @param state of the device
 * @param positioned pread or pwrite, which a stream does not have
 */
export function readFile(
  rules: FileRules,
  file: DataFile,
  state: State,
  count: number,
  positioned: boolean,
): FileResult {
  const { type, filled, position, closed } = file;
  if (type !== 'save') return { file, ret: -ERRNO.EBADF };
  if (positioned) return { file, ret: -ERRNO.ESPIPE };
  if (closed) return { file, ret: rules.closedRead(position) };
  const ret = Math.min(count, filled - position);
  if (ret > 0 || count === 0) return { file: { ...file, position: position + ret }, ret };
  const runs = state === PRE_COPY || state === PRE_COPY_P2P;
  return { file, ret: runs ? rules.drained : 0 };
}

/** @param content errno of a driver that refuses what was written, which counts all the same */
export function writeFile(
  rules: FileRules,
  file: DataFile,
  count: number,
  positioned: boolean,
  content = 0,
): FileResult {
  const { type, filled, closed } = file;
  if (type !== 'resume') return { file, ret: -ERRNO.EBADF };
  if (positioned) return { file, ret: -ERRNO.ESPIPE };
  if (closed) return { file, ret: rules.closedWrite };
  if (filled + count > rules.whole) return { file, ret: rules.tooLong };
  const after = { ...file, filled: filled + count, position: file.position + count };
  return { file: after, ret: content < 0 ? content : count };
}

/** Bytes of `struct vfio_precopy_info`. */
const INFO_BYTES = 24;

/** VFIO_MIG_GET_PRECOPY_INFO. @returns 0 or a negative errno */
export function precopyInfo(rules: FileRules, file: DataFile, state: State, argsz: number): number {
  if (!rules.tellsRest || file.type !== 'save') return -ERRNO.ENOTTY;
  if (argsz < INFO_BYTES) return -ERRNO.EINVAL;
  if (state !== PRE_COPY && state !== PRE_COPY_P2P) return -ERRNO.EINVAL;
  return file.closed ? -ERRNO.ENODEV : 0;
}

/** Whether the state that was written is enough. @returns 0 or a negative errno */
export const leaveResuming = (rules: FileRules, file: DataFile): number =>
  file.filled < rules.whole ? rules.tooShort : 0;
