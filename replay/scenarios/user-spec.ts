/** Makes the operations of VFIO users from a scenario's document. */
import type { Action } from '../kernel/index.js';
import { IOCTLS } from '../model/vfio/ioctl-numbers.js';
import type { NumberDocument, UserDocument } from './document.js';

const numberOf = (value: NumberDocument): number => Number(value);

/** The struct of an ioctl: members that are left out are 0, `argsz` or `size` is its size. */
function structOf(name: string, given: Readonly<Record<string, NumberDocument>>, data: number) {
  const { members, size } = IOCTLS[name];
  const ends = Object.keys(given).map((member) => {
    const [offset, width] = members[member] ?? [0, 0];
    return offset + width;
  });
  const bytes = new Uint8Array(Math.max(size, ...ends) + data);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  for (const [member, value] of Object.entries(given)) {
    const [offset, width] = members[member] ?? [0, 0];
    if (width === 8) view.setBigUint64(offset, BigInt(value), true);
    else if (width === 4) view.setUint32(offset, numberOf(value), true);
    else if (width === 2) view.setUint16(offset, numberOf(value), true);
  }
  return bytes;
}

/** Bytes of descriptors after the struct; for an eventfd also after `flags` of SET_IRQS. */
const DESCRIPTOR_BYTES = 4;

const TOKEN_BYTES = 16;
/** The descriptor of an eventfd in a feature has a reserved member after it. */
const FEATURE_BYTES = 8;

/**
 * Bytes of descriptors, or of a VF token, after a struct; that of BIND has its descriptor and the
 * pointer to a token within.
 */
function bytesAfter(name: string, files: number, token: string | undefined): number {
  if ('iommufd' in IOCTLS[name].members) return 0;
  if (token !== undefined) return TOKEN_BYTES;
  return files * (name === 'VFIO_DEVICE_FEATURE' ? FEATURE_BYTES : DESCRIPTOR_BYTES);
}

type IoctlDocument = Extract<UserDocument, { readonly ioctl: string }>;

function ioctlOf(operation: IoctlDocument): Action {
  const { ioctl: name, on: file, with: given, files = [], device, token, as } = operation;
  const { argument } = IOCTLS[name];
  const isStruct = argument === 'struct' && given !== null;
  const members = typeof given === 'object' && given !== null ? given : {};
  return {
    type: 'ioctl',
    file,
    name,
    value: typeof given === 'number' || typeof given === 'string' ? numberOf(given) : 0,
    data: isStruct ? structOf(name, members, bytesAfter(name, files.length, token)) : null,
    files,
    address: device ?? null,
    ...(token === undefined ? {} : { token }),
    as: argument === 'name' ? (as ?? 'device') : (as ?? null),
  };
}

export function userActionOf(operation: UserDocument): Action {
  if ('open' in operation) {
    const { open: file, of, as } = operation;
    return { type: 'open', file, address: of ?? null, as: as ?? file };
  }
  if ('close' in operation) return { type: 'close', file: operation.close };
  if ('ioctl' in operation) return ioctlOf(operation);
  if ('mmap' in operation) {
    const { mmap: file, region, offset = 0, length, as } = operation;
    return { type: 'mmap', file, region, offset: numberOf(offset), length: numberOf(length), as };
  }
  if ('transfer' in operation) {
    const { transfer: file, writes: write, count, positioned = false } = operation;
    return { type: 'transfer', file, write, count, positioned };
  }
  if ('signal' in operation) return { type: 'signal', file: operation.signal };
  if ('munmap' in operation) return { type: 'munmap', map: operation.munmap };
  if ('touch' in operation) {
    return { type: 'touch', map: operation.touch, offset: numberOf(operation.offset ?? 0) };
  }
  if ('exit' in operation) return { type: 'exit' };
  if ('interrupt' in operation) {
    const { interrupt: address, index, vector = 0 } = operation;
    return { type: 'interrupt', address, index, vector };
  }
  if ('dma' in operation) {
    const { dma: address, iova, writes: write } = operation;
    return { type: 'dma', address, iova: numberOf(iova), write };
  }
  const { region, count } = operation;
  const place = { type: 'access', region, offset: numberOf(operation.offset), count } as const;
  return 'pwrite' in operation
    ? { ...place, file: operation.pwrite, write: true, value: numberOf(operation.value) }
    : { ...place, file: operation.pread, write: false, value: 0 };
}
