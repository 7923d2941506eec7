/**
 * A user reads a part of configuration space that is one physical access (vfio_config_do_rw, kernel
 * drivers/vfio/pci/vfio_pci_config.c 6.1).
 */

import { BASIC_BYTES } from './capabilities.js';
import { type ConfigSpace, ownerOf } from './config-space-model.js';
import type { Steps } from './effects.js';
import { merge, ones, peek, poke, type Width } from './little-endian.js';
import type { PciFunction } from './pci-function.js';
import type { Permissions } from './permissions.js';
import { fixBars, isBar } from './virtual-bars.js';

/** Bytes of a standard capability's header, of an extended one's. */
const HEADER = 2;
const EXTENDED_HEADER = 4;
const COMMAND = 4;
const COMMAND_MEMORY = 2;

/** What the user gets, or a negative errno; a value that was not recorded is null. */
export interface ReadResult {
  readonly value: number | null;
  readonly ret: number;
}

/** Reads `width` bytes at `at`, which no capability's border divides. */
export function* readChunk(
  space: ConfigSpace,
  fn: PciFunction,
  at: number,
  width: Width,
): Steps<ReadResult> {
  const { start, perms } = ownerOf(space, at);
  const offset = at - start;
  switch (perms.read) {
    case 'hardware':
      return yield { type: 'read', offset: at, width };
    case 'virtual':
      return { value: space.virtualUnknown ? null : peek(space.vconfig, at, width), ret: 0 };
    case 'direct':
      return yield* readDirect(space, at, width, offset);
    case 'masked':
      return yield* readMasked(space, perms, at, width, offset);
    case 'basic':
      if (isBar(offset)) fixBars(space, fn);
      return withMemoryBit(space, at, yield* readMasked(space, perms, at, width, offset));
  }
}

/**
 * Reads virtual bits from the copy and the others from hardware, which is only accessed if there
 * are any.
 */
function* readMasked(
  space: ConfigSpace,
  perms: Permissions,
  at: number,
  width: Width,
  offset: number,
): Steps<ReadResult> {
  const virtual = peek(perms.virtual, offset, width);
  const copy = peek(space.vconfig, at, width);
  if (virtual === ones(width)) return { value: copy, ret: 0 };
  const { value, ret } = yield { type: 'read', offset: at, width };
  if (ret !== 0 || value === null) return { value: null, ret };
  return { value: merge(virtual, copy, value), ret: 0 };
}

/** Read from hardware, but for the header, which links the visible capabilities. */
function* readDirect(
  space: ConfigSpace,
  at: number,
  width: Width,
  offset: number,
): Steps<ReadResult> {
  const { value, ret } = yield { type: 'read', offset: at, width };
  if (ret !== 0 || value === null) return { value: null, ret };
  if (at >= BASIC_BYTES) {
    return { value: offset < EXTENDED_HEADER ? peek(space.vconfig, at, width) : value, ret };
  }
  const bytes = new Uint8Array(4);
  poke(bytes, 0, width, value);
  if (offset === 0 && width > 1) bytes.set(space.vconfig.subarray(at, at + HEADER));
  else if (offset === 1) bytes[0] = space.vconfig[at];
  return { value: peek(bytes, 0, width), ret };
}

/** A VF has no memory enable bit of its own: the user reads the one that he set. */
function withMemoryBit(space: ConfigSpace, at: number, read: ReadResult): ReadResult {
  if (at !== COMMAND || !space.noCommandMemory || read.value === null) return read;
  return { ...read, value: (read.value | (space.vconfig[COMMAND] & COMMAND_MEMORY)) >>> 0 };
}
