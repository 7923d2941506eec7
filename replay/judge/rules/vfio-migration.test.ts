/**
 * Goal: migration states of a variant are followed through a recording: what has no way is refused,
 * what the device refuses leaves the state open.
 * Method: a recording built by hand of one mlx5 VF, whose legal and illegal ways are those of the
 * kernel's state machine.
 */
import { expect, test } from 'vitest';
import type { EventRow } from '../../../tests/build-trace.js';
import { KernelStory } from '../../../tests/kernel-story.js';
import { STATE } from '../../model/vfio/migration-state.js';

const device = '0000:41:00.4';
const SET_STATE = 0x20002;

const resource = Array(13).fill('0x0000000000000000 0x0000000000000000 0x0000000000000000');
const facts = { driver: 'mlx5_vfio_pci', vendor: '0x15b3', device: '0x101e', class: '0x020000' };
class Recording extends KernelStory {
  constructor() {
    super('6.8.0');
    this.device(
      device,
      { ...facts, physfn: '0000:41:00.0', resource },
      { data: new Uint8Array(256) },
    );
  }

  #call(row: EventRow, ret: number, inside?: () => void): this {
    return this.call({ tid: 7, device, ...row }, ret, inside);
  }

  open(): this {
    return this.#call({ kind: 'device.open', name: 'vfio_pci_core_enable' }, 0, () =>
      this.#call({ kind: 'reset', name: 'pci_try_reset_function' }, 0),
    );
  }

  setState(state: number, ret: number): this {
    const data = new Uint8Array(Uint32Array.of(16, SET_STATE, state).buffer);
    const name = 'VFIO_DEVICE_FEATURE';
    return this.#call(
      { kind: 'ioctl', path: 'vfio', name, value: 0x3b75n, offset: 4096n, data },
      ret,
    );
  }
}

test('ways that there are none of are refused', () => {
  const { kinds, divergences } = new Recording()
    .open()
    .setState(STATE.STOP_COPY, 0)
    .setState(STATE.PRE_COPY, -22)
    .setState(STATE.RESUMING, 0)
    .setState(STATE.ERROR, -22)
    .replay();
  expect(divergences).toEqual([]);
  expect(kinds.ioctl).toMatchObject({ matched: 2, unknown: 0, unmodelled: 0 });
});

test('a way that there is none of cannot be gone', () => {
  const { divergences } = new Recording()
    .open()
    .setState(STATE.STOP_COPY, 0)
    .setState(STATE.PRE_COPY, 0)
    .replay();
  expect(divergences).toMatchObject([{ expected: '-EINVAL', actual: '0', kind: 'ioctl' }]);
});

test('the state of a device after it refused is not known', () => {
  const { kinds, divergences } = new Recording()
    .open()
    .setState(STATE.STOP_COPY, -5)
    .setState(STATE.PRE_COPY, 0)
    .replay();
  expect(divergences).toEqual([]);
  expect(kinds.ioctl).toMatchObject({ unknown: 1 });
});
