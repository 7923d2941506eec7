/**
 * virtio-vfio-pci with legacy access: a modern virtio network VF that looks transitional to the
 * user, with an I/O BAR that admin commands serve (variants §3.2; kernel drivers/vfio/pci/virtio
 * 6.9).
 */
import { ERRNO } from '../machine/errno.js';

export const LEGACY_BAR_BYTES = 32;
const NOTIFY = 16;
const COMMAND_IO = 1;

/** What the user set in the shadow of the configuration space. */
export interface LegacyShadow {
  command: number;
  bar0: number;
}

/** Fields that the user sees otherwise than the hardware has them. */
const fields = (
  shadow: LegacyShadow,
): readonly (readonly [at: number, bytes: number, value: number])[] => [
  [0x02, 2, 0x1000],
  [0x08, 1, 0],
  [0x10, 4, ((shadow.bar0 & ~(LEGACY_BAR_BYTES - 1)) | 1) >>> 0],
  [0x2c, 2, 0x1af4],
  [0x2e, 2, 1],
];

/** Puts the legacy view over what vfio-pci-core read. */
export function overlayRead(shadow: LegacyShadow, offset: number, bytes: Uint8Array): void {
  for (const [at, width, value] of fields(shadow)) {
    for (let i = 0; i < width; i++) {
      const place = at + i - offset;
      if (place >= 0 && place < bytes.length) bytes[place] = (value >>> (8 * i)) & 0xff;
    }
  }
  const command = 0x04 - offset;
  if (command >= 0 && command < bytes.length) bytes[command] |= shadow.command & COMMAND_IO;
}

/** Notes what the user writes to COMMAND and BAR 0; the write goes to the core all the same. */
export function noteWrite(shadow: LegacyShadow, offset: number, bytes: Uint8Array): void {
  shadow.command = changed(shadow.command, 0x04, 2, offset, bytes);
  shadow.bar0 = changed(shadow.bar0, 0x10, 4, offset, bytes);
}

function changed(
  value: number,
  at: number,
  width: number,
  offset: number,
  bytes: Uint8Array,
): number {
  let result = value;
  for (let i = 0; i < width; i++) {
    const place = at + i - offset;
    if (place < 0 || place >= bytes.length) continue;
    result = ((result & ~(0xff << (8 * i))) | (bytes[place] << (8 * i))) >>> 0;
  }
  return result;
}

/** How an access of the legacy BAR is served: as a notification, or by an admin command. */
export type LegacyAccess =
  | { readonly type: 'notify' }
  | { readonly type: 'common'; readonly offset: number }
  | { readonly type: 'device'; readonly offset: number };

/**
 * @param msix the user's interrupts are MSI-X, which makes the common part longer
 * @returns how it is served, or a negative errno
 */
export function accessBar(
  shadow: LegacyShadow,
  offset: number,
  count: number,
  msix: boolean,
): LegacyAccess | number {
  if ((shadow.command & COMMAND_IO) === 0) return -ERRNO.EIO;
  if (offset + count > LEGACY_BAR_BYTES) return -ERRNO.EINVAL;
  if (offset === NOTIFY) return count === 2 ? { type: 'notify' } : -ERRNO.EINVAL;
  const common = msix ? 24 : 20;
  if (offset < common) return { type: 'common', offset };
  return { type: 'device', offset: offset - common };
}
