/**
 * What a user does to his mappings of BARs by munmap and mremap (kernel mm/mmap.c and mm/mremap.c
 * 6.12), if system calls are recorded. Mappings of devices cannot grow (VM_DONTEXPAND).
 */
import type { Mapping, OpenDevice } from './open-device.js';
import { PAGE } from './regions.js';

/** User addresses, in whole pages; the end not included. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** The range that a munmap removes, or the part that a mremap moves or cuts off. */
export type UserUnmap =
  | ({ readonly type: 'munmap' } & Range)
  | ({ readonly type: 'mremap'; readonly newLength: number } & Range);

const ADDRESS = /\b(?:addr|start): (0x[0-9a-f]+)/;
const LENGTH = /\b(?:len|old_len): (0x[0-9a-f]+)/;
const NEW_LENGTH = /\bnew_len: (0x[0-9a-f]+)/;

const numberIn = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
const wholePages = (bytes: number) => Math.ceil(bytes / PAGE) * PAGE;

/** Reads the arguments of a system call; null for one that removes nothing, or has no arguments. */
export function unmapIn(name: string, text: string | null): UserUnmap | null {
  if (text === null || (name !== 'munmap' && name !== 'mremap')) return null;
  const start = numberIn(text, ADDRESS);
  const end = start + wholePages(numberIn(text, LENGTH));
  if (!Number.isSafeInteger(end)) return null;
  if (name === 'munmap') return { type: 'munmap', start, end };
  const newLength = wholePages(numberIn(text, NEW_LENGTH));
  return Number.isSafeInteger(newLength) ? { type: 'mremap', start, end, newLength } : null;
}

/** The call begins: from now on the pages may be there or not. */
export function beginUnmap(device: OpenDevice, process: number, range: Range): void {
  replace(device, process, range, (mapping) => [{ ...mapping, leaving: true }]);
}

/**
 * The call has returned. What was mapped there while it ran is not touched.
 * @param result 0, the new address of a mremap, or a negative errno
 */
export function endUnmap(
  device: OpenDevice,
  process: number,
  call: UserUnmap,
  result: number,
): void {
  replace(device, process, call, ({ leaving, ...mapping }) => {
    if (leaving === undefined) return [mapping];
    // A call that fails may have cut the mapping.
    if (result < 0) return [{ ...mapping, changed: true }];
    const before = cut(mapping, { start: mapping.start, end: call.start });
    const after = cut(mapping, { start: call.end, end: mapping.end });
    const between = call.type === 'munmap' ? null : moved(mapping, call, result);
    return [before, between, after].filter((piece) => piece !== null);
  });
}

/** What mremap keeps of a mapping, where it is from now on. */
function moved(
  mapping: Mapping,
  { start, newLength }: Range & { readonly newLength: number },
  to: number,
): Mapping | null {
  const kept = cut(mapping, { start, end: start + newLength });
  if (kept === null) return null;
  return { ...kept, start: kept.start - start + to, end: kept.end - start + to };
}

/** Replaces the mappings of a process that have addresses in a range. */
function replace(
  device: OpenDevice,
  process: number,
  range: Range,
  by: (mapping: Mapping) => readonly Mapping[],
): void {
  const isHit = (m: Mapping) => m.process === process && m.start < range.end && range.start < m.end;
  if (!device.mappings.some(isHit)) return;
  const replaced = device.mappings.flatMap((mapping) => (isHit(mapping) ? by(mapping) : [mapping]));
  device.mappings.splice(0, device.mappings.length, ...replaced);
}

/** The part of a mapping in a range; null when there is none. */
function cut(mapping: Mapping, range: Range): Mapping | null {
  const start = Math.max(mapping.start, range.start);
  const end = Math.min(mapping.end, range.end);
  if (start >= end) return null;
  return { ...mapping, start, end, page: mapping.page + (start - mapping.start) / PAGE };
}
