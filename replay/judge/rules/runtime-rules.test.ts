/**
 * Goal: what runtime power management does to a function of vfio-pci is predicted, and nothing is
 * held against it that a recording cannot show.
 * Method: recordings built by hand after drivers/base/power/runtime.c and
 * drivers/vfio/pci/vfio_pci_core.c 6.12.
 */
import { describe, expect, test } from 'vitest';
import type { EventRow } from '../../../tests/build-trace.js';
import { KernelStory } from '../../../tests/kernel-story.js';

const device = '0000:42:00.0';
const USER = { pid: 5, tid: 5 };
const WORKER = { pid: 9, tid: 9 };

const RESOURCES = ['0x80000000 0x8000ffff 0x40200', ...Array(6).fill('0x0 0x0 0x0')];

type Name = 'rpm_suspend' | 'rpm_resume';

class Sleeper extends KernelStory {
  constructor(readonly driver = 'vfio-pci') {
    super('6.12.0');
    const data = new Uint8Array(256);
    data.set([2], 4);
    this.device(device, { driver, resource: RESOURCES }, { data });
  }

  #runtime(name: string, value: number, text: string, by: typeof USER): this {
    const row: EventRow = { kind: 'power.runtime', name, device, ...by };
    return this.point({ ...row, value: BigInt(value), text });
  }

  begins(name: Name, by = WORKER): this {
    return this.#runtime(name, 0, `${device} flags-a cnt-0  dep-0  auto-1 p-0`, by);
  }

  returns(name: Name | 'ffffffff9ef57708', ret: number, by = WORKER): this {
    const place = name.startsWith('rpm') ? `${name}+0x1a/0x40` : name;
    return this.#runtime('rpm_return_int', ret, `${place}:${device} ret=${ret}`, by);
  }

  calls(name: Name, ret: number, by = WORKER): this {
    return this.begins(name, by).returns(name, ret, by);
  }

  open(): this {
    const row: EventRow = { kind: 'device.open', name: 'vfio_pci_core_enable', device, ...USER };
    const reset: EventRow = { kind: 'reset', name: 'pci_try_reset_function', device, ...USER };
    const config: EventRow = { kind: 'config.read', name: 'vfio_pci_config_rw', path: 'vfio' };
    const read = { ...config, device, ...USER, region: 7, offset: 0n, length: 2n };
    return this.call(row, 0, () => this.call(reset, 0)).call(read, 2);
  }

  lowPower(feature: number, ret = 0, inside: () => void = () => {}): this {
    const data = new Uint8Array(Uint32Array.of(16, 0x20000 | feature, 7).buffer);
    const row = { kind: 'ioctl', name: 'VFIO_DEVICE_FEATURE', path: 'vfio' } as const;
    return this.call({ ...row, device, ...USER, offset: 1n, data }, ret, inside);
  }

  get counts() {
    const { diverged = 0, matched = 0 } = this.replay().kinds['power.runtime'] ?? {};
    return { diverged, matched };
  }
}

const awake = () => new Sleeper().calls('rpm_resume', 1);

describe('the status of a function', () => {
  test('a function that is active is resumed in vain, and can be suspended', () => {
    expect(awake().calls('rpm_resume', 1).calls('rpm_suspend', 0).counts).toEqual({
      diverged: 0,
      matched: 2,
    });
  });

  test('a function that is active is not resumed from suspension', () => {
    expect(awake().calls('rpm_resume', 0).counts).toMatchObject({ diverged: 1 });
  });

  test('a function that is active is not found suspended', () => {
    expect(awake().calls('rpm_suspend', 1).counts).toMatchObject({ diverged: 1 });
  });

  test('a suspended function may be active after a sleep of the system', () => {
    const story = awake().calls('rpm_suspend', 0).calls('rpm_resume', 1);
    expect(story.counts).toEqual({ diverged: 0, matched: 1 });
  });

  test('calls that overlap show no order', () => {
    const story = awake().begins('rpm_suspend').begins('rpm_resume', USER);
    story.returns('rpm_resume', 0, USER).returns('rpm_suspend', 0).calls('rpm_resume', 0);
    expect(story.counts).toEqual({ diverged: 0, matched: 0 });
  });

  test('a native driver may change the status without a tracepoint', () => {
    const story = new Sleeper('nvme').calls('rpm_resume', 1).calls('rpm_resume', 0);
    expect(story.counts).toEqual({ diverged: 0, matched: 0 });
  });

  test('a return of another function than the one that began shows nothing', () => {
    const story = awake().begins('rpm_resume').returns('rpm_suspend', 1);
    expect(story.counts).toEqual({ diverged: 0, matched: 0 });
  });
});

describe('an open device', () => {
  const open = () => awake().open().calls('rpm_resume', 1);

  test('an open device is not suspended', () => {
    expect(open().calls('rpm_suspend', 0).counts).toMatchObject({ diverged: 1 });
  });

  test('a device in low power is suspended, also before the call has returned', () => {
    const story = open();
    story.lowPower(3, 0, () => story.calls('rpm_suspend', 0));
    expect(story.counts).toMatchObject({ diverged: 0 });
    expect(open().lowPower(3).calls('rpm_suspend', 0).counts).toMatchObject({ diverged: 0 });
  });

  test('a device that has left low power is not suspended', () => {
    const story = open().lowPower(3).lowPower(5).calls('rpm_suspend', 0);
    expect(story.counts).toMatchObject({ diverged: 1 });
  });

  test('low power is entered once', () => {
    expect(open().lowPower(3).lowPower(3).divergences).toHaveLength(1);
    expect(open().lowPower(3).lowPower(3, -22).divergences).toEqual([]);
  });

  test('a wake ends low power that lasts until then', () => {
    const slept = () => open().lowPower(4).calls('rpm_suspend', 0).calls('rpm_resume', 0);
    expect(slept().lowPower(4).divergences).toEqual([]);
    expect(slept().calls('rpm_suspend', 0).counts).toMatchObject({ diverged: 1 });
  });

  test('low power until a wake may be over where no wake is recorded', () => {
    const story = (again: number) =>
      new Sleeper().open().lowPower(4).lowPower(4, again).replay().divergences;
    expect([story(0), story(-22)]).toEqual([[], []]);
  });

  test('low power until a wake may be over where returns have an address, and no name', () => {
    const story = (again: number) => {
      const slept = new Sleeper().begins('rpm_resume').returns('ffffffff9ef57708', 1).open();
      return slept.lowPower(4).lowPower(4, again).replay().divergences;
    };
    expect([story(0), story(-22)]).toEqual([[], []]);
  });

  test('the eventfd of a wake may be no eventfd', () => {
    expect([-9, -22].map((ret) => open().lowPower(4, ret).divergences)).toEqual([[], []]);
    expect(open().lowPower(4, -19).divergences).toHaveLength(1);
  });
});
