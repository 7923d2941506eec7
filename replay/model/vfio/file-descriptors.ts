/**
 * Determines the file of a user's call, where the system calls were recorded: the kernel's
 * functions only have the device or nothing, and a process may have several files of one device.
 */

import type { UserUnmap } from '../vfio-pci-core/user-mappings.js';

/** A file that a process has open: the number of it in the recording. */
export type FileNumber = number & { readonly brand: 'FileNumber' };

/** A container, known by its file, or by its process if no system call shows the file. */
export type ContainerKey = number & { readonly brand: 'ContainerKey' };

/** Any of the several containers of a process. */
export const ANY_CONTAINER = 0 as ContainerKey;

const DESCRIPTOR = /\b(?:fd|fildes|oldfd): (0x[0-9a-f]+|\d+)/;

/** The descriptor among the arguments of a system call; -1 without one. */
export const descriptorIn = (text: string | null): number =>
  Number(DESCRIPTOR.exec(text ?? '')?.[1] ?? -1);

export interface UserCall {
  /** Descriptor; negative for a call without one. */
  readonly descriptor: number;
  /** The third argument of an ioctl. */
  readonly argument: number | null;
  readonly name: string;
  /** It opens a new container. */
  readonly opens: boolean;
  /** The number of the group that it opens; null for another file. */
  readonly group: number | null;
  /** Addresses that it unmaps or moves. */
  readonly unmap: UserUnmap | null;
}

/** System calls that return a new file. */
export const OPENS: ReadonlySet<string> = new Set(['open', 'openat', 'openat2', 'creat']);

/**
 * Notes what the system call of a thread opens, which not every recording has the name of.
 * @returns false when the thread is in no system call that opens a file
 */
export function noteOpened(
  { calls }: Descriptors,
  tid: number,
  what: Partial<Pick<UserCall, 'opens' | 'group'>>,
): boolean {
  const call = calls.get(tid);
  if (call === undefined || !OPENS.has(call.name)) return false;
  calls.set(tid, { ...call, ...what });
  return true;
}

/** Plain data, which is copied with a replay's state. */
export interface Descriptors {
  /** Files that were opened while the recording ran, by process and descriptor. */
  readonly files: Map<string, FileNumber>;
  /** The system call that each thread is in. */
  readonly calls: Map<number, UserCall>;
  next: number;
}

export const newDescriptors = (): Descriptors => ({ files: new Map(), calls: new Map(), next: 1 });

const keyOf = (process: number, descriptor: number) => `${process} ${descriptor}`;

/** A process got a new file. */
export function openFile(to: Descriptors, process: number, descriptor: number): FileNumber {
  const file = to.next++ as FileNumber;
  to.files.set(keyOf(process, descriptor), file);
  return file;
}

/** The file of a descriptor; null when it was opened before the recording began. */
export const fileAt = (of: Descriptors, process: number, descriptor: number): FileNumber | null =>
  of.files.get(keyOf(process, descriptor)) ?? null;

/** A process closed a file. @returns it, when its opening was recorded */
export function closeFile(of: Descriptors, process: number, descriptor: number): FileNumber | null {
  const file = fileAt(of, process, descriptor);
  of.files.delete(keyOf(process, descriptor));
  return file;
}

/** The file of the system call that a thread is in; null when not known. */
export function fileOfCall(of: Descriptors, process: number, tid: number): FileNumber | null {
  const call = of.calls.get(tid);
  return call === undefined ? null : fileAt(of, process, call.descriptor);
}

/** A process has a file on a further descriptor. */
export function sameFile(
  of: Descriptors,
  process: number,
  file: FileNumber | null,
  descriptor: number,
): void {
  if (file === null) of.files.delete(keyOf(process, descriptor));
  else of.files.set(keyOf(process, descriptor), file);
}

/** The files that processes have on a descriptor. */
export const filesOn = ({ files }: Descriptors, descriptor: number): FileNumber[] =>
  [...files].filter(([key]) => key.endsWith(` ${descriptor}`)).map(([, file]) => file);
