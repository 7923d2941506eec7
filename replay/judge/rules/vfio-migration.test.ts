/**
 * Goal: migration states of a variant are followed through a recording: what has no way is refused,
 * what the device refuses leaves the state open.
 * Method: a recording built by hand of one mlx5 VF, whose legal and illegal ways are those of the
 * kernel's state machine.
 */
import { expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../../../tests/build-trace.js';
import { MemorySource, TraceReader } from '../../../traces/index.js';
import { replay } from '../../index.js';
import { STATE } from '../../model/vfio/migration-state.js';

const device = '0000:41:00.4';
const SET_STATE = 0x20002;

const resource = Array(13).fill('0x0000000000000000 0x0000000000000000 0x0000000000000000');
const facts = { driver: 'mlx5_vfio_pci', vendor: '0x15b3', device: '0x101e', class: '0x020000' };
const snapshot: EventRow = {
  kind: 'snapshot',
  name: 'start',
  device,
  driver: 'mlx5_vfio_pci',
  data: new Uint8Array(256),
  text: JSON.stringify({ ...facts, physfn: '0000:41:00.0', resource }),
};

class Recording {
  readonly rows: EventRow[] = [snapshot];

  call(row: EventRow, ret: number, inside?: () => void): this {
    const span = this.rows.push({ tid: 7, phase: 'begin', device, ...row }) - 1;
    inside?.();
    const { data: _, ...columns } = row;
    this.rows.push({ tid: 7, phase: 'end', device, span, ret: BigInt(ret), ...columns });
    return this;
  }

  open(): this {
    return this.call({ kind: 'device.open', name: 'vfio_pci_core_enable' }, 0, () =>
      this.call({ kind: 'reset', name: 'pci_try_reset_function' }, 0),
    );
  }

  setState(state: number, ret: number): this {
    const data = new Uint8Array(Uint32Array.of(16, SET_STATE, state).buffer);
    const name = 'VFIO_DEVICE_FEATURE';
    return this.call(
      { kind: 'ioctl', path: 'vfio', name, value: 0x3b75n, offset: 4096n, data },
      ret,
    );
  }

  replay() {
    const reader = new TraceReader(new MemorySource(buildTrace(this.rows)));
    return replay(reader.read(), { kernel: '6.8.0' });
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

test('where the device stays after it refused is not known', () => {
  const { kinds, divergences } = new Recording()
    .open()
    .setState(STATE.STOP_COPY, -5)
    .setState(STATE.PRE_COPY, 0)
    .replay();
  expect(divergences).toEqual([]);
  expect(kinds.ioctl).toMatchObject({ unknown: 1 });
});
