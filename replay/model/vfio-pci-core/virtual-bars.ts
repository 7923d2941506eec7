/**
 * Virtual BARs and ROM of a user's configuration space (vfio_bar_fixup, kernel
 * drivers/vfio/pci/vfio_pci_config.c 6.1).
 */
import { highWord, lowWord } from '../../../traces/index.js';
import type { ConfigSpace } from './config-space-model.js';
import { peek, poke } from './little-endian.js';
import {
  BARS,
  is64Bit,
  isIo,
  isPrefetchable,
  isShadowRom,
  lengthOf,
  type PciFunction,
  type Resource,
  ROM,
  resourceOf,
  SHADOW_ROM_BYTES,
} from './pci-function.js';

const BAR_0 = 0x10;
const ROM_ADDRESS = 0x30;
const ROM_ENABLE = 1;
const TYPE_64 = 4;

/** Whether an offset is in a BAR or in the ROM's address. */
export const isBar = (offset: number): boolean =>
  (offset >= BAR_0 && offset < BAR_0 + 4 * BARS) ||
  (offset >= ROM_ADDRESS && offset < ROM_ADDRESS + 4);

/** Makes what a user wrote into BARs look like what BARs of these sizes keep (`vfio_bar_fixup`). */
export function fixBars(space: ConfigSpace, fn: PciFunction): void {
  if (!space.barDirty) return;
  const { vconfig } = space;
  for (let i = 0; i < BARS; i++) {
    const resource = resourceOf(fn, i);
    const at = BAR_0 + 4 * i;
    if (resource.start === 0) {
      poke(vconfig, at, 4, 0);
      continue;
    }
    const mask = sizeMask(lengthOf(resource));
    const flags = flagsOf(resource);
    poke(vconfig, at, 4, ((peek(vconfig, at, 4) & mask.low) | flags) >>> 0);
    if (!isIo(resource) && (flags & TYPE_64) !== 0 && i + 1 < BARS) {
      i++;
      poke(vconfig, at + 4, 4, (peek(vconfig, at + 4, 4) & mask.high) >>> 0);
    }
  }
  poke(vconfig, ROM_ADDRESS, 4, fixedRom(peek(vconfig, ROM_ADDRESS, 4), resourceOf(fn, ROM)));
  space.barDirty = false;
}

function fixedRom(value: number, rom: Resource): number {
  const length = rom.start !== 0 ? lengthOf(rom) : isShadowRom(rom) ? SHADOW_ROM_BYTES : 0;
  return length === 0 ? 0 : (value & (sizeMask(length).low | ROM_ENABLE)) >>> 0;
}

/** The writable address bits of a BAR of the given length. */
function sizeMask(length: number): { low: number; high: number } {
  const mask = ~(BigInt(length) - 1n);
  return { low: lowWord(mask), high: highWord(mask) };
}

function flagsOf(resource: Resource): number {
  if (isIo(resource)) return 1;
  return (isPrefetchable(resource) ? 8 : 0) | (is64Bit(resource) ? TYPE_64 : 0);
}
