/** A user writes a part of configuration space that is one physical access. */

import { PCI_POWER } from '../power/power-state.js';
import { type ConfigSpace, ownerOf } from './config-space-model.js';
import { type Steps, UNKNOWN, type Unknown } from './effects.js';
import { merge, peek, poke, type Width } from './little-endian.js';
import type { PciFunction } from './pci-function.js';
import type { Permissions } from './permissions.js';
import { isBar } from './virtual-bars.js';
import { writeVpd } from './vpd.js';

/** 0, a negative errno, or unknown. */
export type WriteResult = number | Unknown;

/** What a write depends on in addition to the configuration space. */
export interface WriteContext {
  readonly fn: PciFunction;
  /** The user's interrupts are MSI. */
  readonly isMsi: boolean;
  /** VFs are enabled: the function refuses to leave D0. */
  readonly hasVfs: boolean;
}

const COMMAND = 4;
const COMMAND_IO = 1;
const COMMAND_MEMORY = 2;
const COMMAND_INTX_DISABLE = 0x400;
const BAR_0 = 0x10;
const ROM_ADDRESS = 0x30;

/**
 * Writes `value` to `width` bytes at `at`, which no capability's border divides.
 * @param value null when the bytes of the user were not recorded
 */
export function* writeChunk(
  space: ConfigSpace,
  context: WriteContext,
  at: number,
  width: Width,
  value: number | null,
): Steps<WriteResult> {
  const { start, perms } = ownerOf(space, at);
  const offset = at - start;
  const args = { space, perms, at, width, offset, start, context };
  switch (perms.write) {
    case 'dropped':
      return 0;
    case 'hardware':
      return (yield { type: 'write', offset: at, width, value }).ret;
    case 'basic':
      return yield* writeBasic(args, value);
    default:
      break;
  }
  if (value === null) return changesNothing(args) ? 0 : UNKNOWN;
  switch (perms.write) {
    case 'virtual':
      poke(space.vconfig, at, width, value);
      return 0;
    case 'masked':
      return yield* writeMasked(args, value);
    case 'pm':
      return yield* writePm(args, value);
    case 'vpd': {
      const ret = yield* writeMasked(args, value);
      return ret === 0 ? yield* writeVpd(space.vconfig, start, offset, width) : ret;
    }
    case 'msi':
      return yield* writeMsi(args, value);
    case 'pcie':
      return yield* writePcie(args, value);
    case 'af':
      return yield* writeAf(args, value);
  }
}

interface Args {
  readonly space: ConfigSpace;
  readonly context: WriteContext;
  readonly perms: Permissions;
  readonly at: number;
  readonly width: Width;
  readonly offset: number;
  readonly start: number;
}

const changesNothing = ({ perms, offset, width }: Args): boolean =>
  perms.write === 'masked' && peek(perms.writable, offset, width) === 0;

/** Writable virtual bits go to the copy, writable hardware bits are read, changed and written. */
function* writeMasked(
  { space, perms, at, width, offset }: Args,
  value: number,
): Steps<WriteResult> {
  const writable = peek(perms.writable, offset, width);
  const virtual = peek(perms.virtual, offset, width);
  const toCopy = (writable & virtual) >>> 0;
  if (toCopy !== 0) {
    poke(space.vconfig, at, width, merge(toCopy, value, peek(space.vconfig, at, width)));
  }
  const toHardware = (writable & ~virtual) >>> 0;
  if (toHardware === 0) return 0;
  const read = yield { type: 'read', offset: at, width };
  if (read.ret !== 0) return read.ret;
  const changed = read.value === null ? null : merge(toHardware, value, read.value);
  return (yield { type: 'write', offset: at, width, value: changed }).ret;
}

/**
 * The header: COMMAND decides on memory access, BARs are only noted (vfio_basic_config_write,
 * kernel drivers/vfio/pci/vfio_pci_config.c 6.1).
 */
function* writeBasic(args: Args, given: number | null): Steps<WriteResult> {
  const { space, at, width, offset } = args;
  const taken = yield { type: 'virtual', offset: at, width, value: given };
  const value = given ?? taken.value;
  if (value === null) return UNKNOWN;
  if (offset === COMMAND) {
    const refused = yield* prepareCommand(args, value);
    if (refused !== 0) return refused;
  }
  const ret = yield* writeMasked(args, value);
  if (ret !== 0) return ret;
  if (offset === COMMAND) {
    const enables = COMMAND_MEMORY | COMMAND_IO;
    space.vconfig[COMMAND] = (space.vconfig[COMMAND] & ~enables) | (value & enables);
  }
  if (offset === COMMAND || offset === COMMAND + 1) {
    space.virqDisabled = (peek(space.vconfig, COMMAND, 2) & COMMAND_INTX_DISABLE) !== 0;
  }
  if (isBar(offset)) space.barDirty = true;
  return 0;
}

/** Before COMMAND is written: mappings are removed with memory decoding, lost BARs are restored. */
function* prepareCommand({ space, context }: Args, value: number): Steps<WriteResult> {
  const hardware = yield { type: 'read', offset: COMMAND, width: 2 };
  if (hardware.ret !== 0) return hardware.ret;
  if (hardware.value === null) return UNKNOWN;
  if ((value & COMMAND_MEMORY) === 0) yield { type: 'zap' };
  const virtual = space.vconfig[COMMAND];
  const lost = (bit: number) => (value & virtual & ~(hardware.value ?? 0) & bit) !== 0;
  const lostMemory = lost(COMMAND_MEMORY) && !space.noCommandMemory;
  const restore = lostMemory || lost(COMMAND_IO) || (yield* barsChanged(space));
  if (restore === UNKNOWN) return UNKNOWN;
  if (restore && !context.fn.isVf) yield* restoreBars(space);
  return 0;
}

/** Whether a BAR register of the hardware is not what it was at open (`vfio_need_bar_restore`). */
function* barsChanged(space: ConfigSpace): Steps<boolean | Unknown> {
  for (let i = 0; i < 6; i++) {
    if (space.rbar[i] === 0) continue;
    const { value, ret } = yield { type: 'read', offset: BAR_0 + 4 * i, width: 4 };
    if (ret === 0 && value === null) return UNKNOWN;
    if (ret !== 0 || value !== space.rbar[i]) return true;
  }
  return false;
}

function* restoreBars({ rbar }: ConfigSpace): Steps<void> {
  for (let i = 0; i < 6; i++) {
    yield { type: 'write', offset: BAR_0 + 4 * i, width: 4, value: rbar[i] };
  }
  yield { type: 'write', offset: ROM_ADDRESS, width: 4, value: rbar[6] };
}

const PM_CONTROL = 4;

function* writePm(args: Args, value: number): Steps<WriteResult> {
  const ret = yield* writeMasked(args, value);
  if (ret !== 0 || args.offset !== PM_CONTROL) return ret;
  const state = value & 3;
  if (state >= PCI_POWER.D3HOT) yield { type: 'zap' };
  // A function with VFs stays awake; the write succeeds nevertheless.
  if (state === 0 || !args.context.hasVfs) yield { type: 'power', state };
  return 0;
}

const MSI_FLAGS = 2;
const MSI_ENABLE = 1;
const MSI_QUEUE_SIZE = 0x70;

/** Only the ioctl may set Enable; the queue size is limited to what the ioctl requested. */
function* writeMsi(args: Args, value: number): Steps<WriteResult> {
  const { space, offset, width, start } = args;
  const ret = yield* writeMasked(args, value);
  if (ret !== 0 || offset > MSI_FLAGS || offset + width < MSI_FLAGS) return ret;
  let flags = peek(space.vconfig, start + MSI_FLAGS, 2);
  if (!args.context.isMsi) flags &= ~MSI_ENABLE;
  if ((flags & MSI_QUEUE_SIZE) >> 4 > space.msiQueueMax) {
    flags = (flags & ~MSI_QUEUE_SIZE) | (space.msiQueueMax << 4);
  }
  poke(space.vconfig, start + MSI_FLAGS, 2, flags);
  return (yield { type: 'write', offset: start + MSI_FLAGS, width: 2, value: flags }).ret;
}

const DEVCAP = 4;
const DEVCAP_FLR = 0x10000000;
const DEVCTL = 8;
const DEVCTL_FLR = 0x8000;

/** The FLR bit resets the function with the PCI core's method. */
function* writePcie(args: Args, value: number): Steps<WriteResult> {
  const { space, start } = args;
  const ret = yield* writeMasked(args, value);
  if (ret !== 0) return ret;
  const control = peek(space.vconfig, start + DEVCTL, 2);
  if ((control & DEVCTL_FLR) === 0) return 0;
  poke(space.vconfig, start + DEVCTL, 2, control & ~DEVCTL_FLR);
  const cap = yield { type: 'read', offset: start + DEVCAP, width: 4 };
  if (cap.ret !== 0) return 0;
  if (cap.value === null) return UNKNOWN;
  if ((cap.value & DEVCAP_FLR) !== 0) yield* reset();
  return 0;
}

const AF_CAP = 3;
const AF_CAP_TP_FLR = 3;
const AF_CTRL = 4;

function* writeAf(args: Args, value: number): Steps<WriteResult> {
  const { space, start } = args;
  const ret = yield* writeMasked(args, value);
  if (ret !== 0 || (space.vconfig[start + AF_CTRL] & 1) === 0) return ret;
  space.vconfig[start + AF_CTRL] &= ~1;
  const cap = yield { type: 'read', offset: start + AF_CAP, width: 1 };
  if (cap.ret !== 0) return 0;
  if (cap.value === null) return UNKNOWN;
  if ((cap.value & AF_CAP_TP_FLR) === AF_CAP_TP_FLR) yield* reset();
  return 0;
}

function* reset(): Steps<void> {
  yield { type: 'zap' };
  yield { type: 'reset' };
}
