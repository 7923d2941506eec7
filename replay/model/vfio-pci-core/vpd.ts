/**
 * Vital product data: the address register starts a transfer (vfio_vpd_config_write, kernel
 * drivers/vfio/pci/vfio_pci_config.c 6.1).
 */

import { type Steps, UNKNOWN, type Unknown } from './effects.js';
import { peek, poke, type Width } from './little-endian.js';

const ADDRESS = 2;
const DATA = 4;
const FLAG = 0x8000;

/**
 * The effect of a write into the capability after it was copied: the user polls the flag in the
 * copy, so the transfer must be complete before the write returns (kernel drivers/pci/vpd.c 6.1).
 */
export function* writeVpd(
  vconfig: Uint8Array,
  start: number,
  offset: number,
  width: Width,
): Steps<number | Unknown> {
  if (offset > ADDRESS + 1 || offset + width <= ADDRESS + 1) return 0;
  const address = peek(vconfig, start + ADDRESS, 2);
  const writes = (address & FLAG) !== 0;
  const done = writes
    ? yield* send(start, address & ~FLAG, peek(vconfig, start + DATA, 4))
    : yield* receive(vconfig, start, address);
  if (done === UNKNOWN) return UNKNOWN;
  if (done) poke(vconfig, start + ADDRESS, 2, address ^ FLAG);
  return 0;
}

function* send(start: number, address: number, value: number): Steps<boolean | Unknown> {
  yield { type: 'write', offset: start + DATA, width: 4, value };
  yield { type: 'write', offset: start + ADDRESS, width: 2, value: address | FLAG };
  return yield* wait(start, 0);
}

function* receive(vconfig: Uint8Array, start: number, address: number): Steps<boolean | Unknown> {
  yield { type: 'write', offset: start + ADDRESS, width: 2, value: address & ~3 };
  const ready = yield* wait(start, FLAG);
  if (ready !== true) return ready;
  const { value, ret } = yield { type: 'read', offset: start + DATA, width: 4 };
  if (ret !== 0) return false;
  if (value === null) return UNKNOWN;
  poke(vconfig, start + DATA, 4, value);
  return true;
}

/** The device turns the flag when it has finished; the kernel looks again and again. */
function* wait(start: number, flag: number): Steps<boolean | Unknown> {
  for (;;) {
    const { value, ret } = yield { type: 'read', offset: start + ADDRESS, width: 2 };
    if (ret !== 0) return false;
    if (value === null) return UNKNOWN;
    if ((value & FLAG) === flag) return true;
  }
}
