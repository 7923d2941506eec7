/**
 * Goal: mediated devices are followed through a recording: who made them, which driver has them,
 * who has them open; what is not known of them is held against nobody.
 * Method: recordings built by hand of one or two threads.
 */
import { expect, test } from 'vitest';
import type { EventRow } from '../../../tests/build-trace.js';
import { KernelStory } from '../../../tests/kernel-story.js';
import { STATE } from '../../model/vfio/migration-state.js';

const device = 'db5b5fab-8f4d-4e27-9da1-494c73cf256d';

class Recording extends KernelStory {
  constructor() {
    super('6.12.0');
  }

  /** Events are of thread 7 and of the device; a write names it by its text. */
  override begin(row: EventRow): number {
    const named = row.kind === 'sysfs.write' ? {} : { device };
    return super.begin({ tid: 7, ...named, ...row });
  }

  write(name: string, ret: number, inside?: () => void, driver?: string): this {
    const text = `${device}\n`;
    const columns = { name, text, length: BigInt(text.length), ...(driver && { driver }) };
    return this.call({ kind: 'sysfs.write', path: 'sysfs', ...columns }, ret, inside);
  }

  create(driver = 'mtty', ret = 0): this {
    const attach: EventRow = { kind: 'bind', name: 'device_driver_attach', driver };
    const probe: EventRow = { kind: 'probe', name: 'really_probe', driver };
    return this.write('create', ret < 0 ? ret : 37, () =>
      this.call({ kind: 'mdev.create', name: 'mdev_device_create' }, ret, () => {
        if (ret !== -17) this.call(attach, ret, () => this.call(probe, -ret));
      }),
    );
  }

  open(): this {
    return this.call({ kind: 'device.open', name: 'vfio_df_open' }, 0);
  }

  state(state: number, tid = 7): EventRow {
    const data = new Uint8Array(Uint32Array.of(16, 0x20002, state).buffer);
    const name = 'VFIO_DEVICE_FEATURE';
    return { kind: 'ioctl', path: 'vfio', name, value: 0x3b75n, offset: 4096n, data, tid };
  }

  reset(): this {
    const name = 'VFIO_DEVICE_RESET';
    return this.call({ kind: 'ioctl', path: 'vfio', name, value: 0x3b6fn, offset: 0n }, 0);
  }

  setState(state: number, ret: number): this {
    return this.call(this.state(state), ret);
  }
}

const close: EventRow = { kind: 'device.close', phase: 'point', name: 'vfio_df_close', device };

test('a uuid that is taken cannot be taken again', () => {
  expect(new Recording().create().create('mtty', -17).replay().divergences).toEqual([]);
  const { divergences } = new Recording().create().create().replay();
  expect(divergences.map(({ expected }) => expected)).toEqual(['-EEXIST']);
});

test('what the driver refuses is handed on to who writes', () => {
  expect(new Recording().create('mtty', -28).replay().divergences).toEqual([]);
  const wrong = new Recording().create('mtty', -28);
  const last = wrong.rows.length - 1;
  wrong.rows[last] = { ...wrong.rows[last], ret: 37n };
  expect(wrong.replay().divergences).toMatchObject([{ expected: '-ENOSPC', actual: '37' }]);
});

test('a driver has it until it is unbound, and drivers_probe binds nothing', () => {
  const release: EventRow = {
    kind: 'unbind',
    name: 'device_release_driver_internal',
    driver: 'mtty',
  };
  const recording = new Recording().create();
  recording
    .write('unbind', 37, () => recording.call(release, 0), 'mtty')
    .write('unbind', -19, undefined, 'mtty')
    .write('drivers_probe', 37);
  expect(recording.replay().divergences).toEqual([]);
});

test('migration states are followed from the time that the driver binds', () => {
  const { divergences } = new Recording()
    .create()
    .open()
    .reset()
    .setState(STATE.STOP_COPY, 0)
    .setState(STATE.PRE_COPY, 0)
    .replay();
  expect(divergences.map(({ expected }) => expected)).toEqual(['-EINVAL']);
});

test('a driver without a model is not judged', () => {
  const { kinds } = new Recording().create('i915').open().setState(99, 0).replay();
  expect(kinds.ioctl).toMatchObject({ unmodelled: 1, diverged: 0 });
});

test('the state that two threads set at once is not known', () => {
  const recording = new Recording().create().open();
  const first = recording.begin(recording.state(STATE.STOP_COPY));
  recording.call(recording.state(STATE.RUNNING, 8), 0);
  const { kinds } = recording.end(first, 0).setState(STATE.PRE_COPY, -22).replay();
  expect(kinds.ioctl).toMatchObject({ unknown: 3, diverged: 0 });
});

test('a device that nobody has open refuses every call', () => {
  const recording = new Recording().create().open();
  recording.point({ tid: 7, ...close });
  const { divergences } = recording.setState(STATE.STOP, 0).replay();
  expect(divergences.map(({ expected }) => expected)).toEqual(['-EINVAL']);
});
