/**
 * Goal: the RFC's vGPU driver does what its posting says: which functions it takes, which types a
 * GPU gives, and what its configuration space is.
 * Method: its hooks are called with what a function has.
 */
import { describe, expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import { chooseType, driverModel, type Own, VGPU_PROPERTY } from './index.js';

const { table, overrideOnly, variant } = driverModel('nvidia-vgpu-vfio');
const hooks = variant!;
const TYPE = 869;
const MIB = 2 ** 20;

const properties = {
  [VGPU_PROPERTY.CHOSEN]: TYPE,
  [VGPU_PROPERTY.vdevId(TYPE)]: 0x2335_18f0,
  [VGPU_PROPERTY.bar1(TYPE)]: 4096,
};
const fn = {
  vendor: 0x10de,
  device: 0x2342,
  class: 0x030200,
  isVf: true,
  resources: [{ start: 0x1000_0000, end: 0x10ff_ffff, flags: 0x200 }],
};
const probe = (more: object = {}, vf = true) =>
  hooks.probe({
    fn: { ...fn, isVf: vf },
    config: new Uint8Array(0),
    properties: { ...properties, ...more },
    version: 6017,
  });

test('nvidia-vgpu/ids: any 3D controller of NVIDIA matches, without an override', () => {
  expect(overrideOnly).toBe(false);
  expect(table).toMatchObject([{ vendor: 0x10de, device: null, class: 0x030200 }]);
});

test('nvidia-vgpu/vf-only: the probe of a PF is -EINVAL', () => {
  expect(probe({}, false)).toBe(-ERRNO.EINVAL);
  expect(typeof probe()).toBe('object');
});

test('nvidia-vgpu/version: firmware of another version makes the probe -EINVAL', () => {
  expect(probe({ [VGPU_PROPERTY.FIRMWARE]: 2 })).toBe(-ERRNO.EINVAL);
});

test('nvidia-vgpu/no-type: a device without a type cannot be opened', () => {
  const none = probe({ [VGPU_PROPERTY.CHOSEN]: undefined }) as Own;
  expect([hooks.opens?.(none), hooks.opens?.(probe() as Own)]).toEqual([-ERRNO.ENODEV, 0]);
});

describe('types', () => {
  const free = { own: 0, current: 0, instances: 0 };
  const used = { own: 0, current: TYPE, instances: 1 };

  test.each([
    ['nvidia-vgpu/type-busy', used, TYPE, true, 2, -ERRNO.EBUSY],
    ['nvidia-vgpu/type-unknown', free, 1, false, null, -ERRNO.ENODEV],
    ['nvidia-vgpu/type-mixed', used, 868, false, 4, -ERRNO.EINVAL],
    ['nvidia-vgpu/type-exhausted', used, TYPE, false, 1, -ERRNO.ENOSPC],
    ['a free GPU', free, TYPE, false, 2, { own: TYPE, current: TYPE, instances: 1 }],
  ] as const)('a vGPU of a type is created, or not: %s', (_, state, type, isOpen, most, after) => {
    expect(chooseType(state, type, isOpen, most)).toEqual(after);
  });

  test('nvidia-vgpu/type-counted-twice: a type that is written again is counted again', () => {
    const own = { own: TYPE, current: TYPE, instances: 1 };
    expect(chooseType(own, TYPE, false, 2)).toEqual({ ...own, instances: 2 });
  });

  test('the last VF without a type frees the type of the GPU', () => {
    const last = { own: TYPE, current: TYPE, instances: 1 };
    expect(chooseType(last, 0, false, null)).toEqual(free);
  });
});

describe('an open device', () => {
  /** A read of 4 bytes of configuration space; null for what the hardware answers. */
  const read = (own: Own, offset: number, region = 7) => {
    const served = hooks.read!(own, { region, offset, count: 4, data: new Uint8Array(0) });
    if (served.by !== 'driver' || served.ret < 0) return served.by === 'driver' ? served.ret : null;
    const bytes = [3, 2, 1, 0].map((at) => served.byte?.(at) ?? null);
    return bytes.includes(null) ? null : Buffer.from(bytes as number[]).readUInt32BE(0);
  };
  const ones = (own: Own, offset: number): Own => {
    const data = new Uint8Array(4).fill(0xff);
    const served = hooks.write!(own, { region: 7, offset, count: 4, data });
    return served.own ?? own;
  };

  test('nvidia-vgpu/config: the ids are those of the type, MSI-X is the hardware', () => {
    const own = probe() as Own;
    expect([read(own, 0), read(own, 0x2c)]).toEqual([0x2335_10de, 0x18f0_10de]);
    expect([read(own, 0x14), read(own, 0x1c), read(own, 0x7c)]).toEqual([0xc, 0xc, null]);
    expect(read(ones(own, 0), 0)).toBe(0x2335_10de);
  });

  test('nvidia-vgpu/sizing: BAR 0 has the size of the VF, BAR 1 that of the type', () => {
    let own = probe() as Own;
    for (const at of [0x10, 0x14, 0x18]) own = ones(own, at);
    expect(read(own, 0x10)).toBe(0x1_0000_0000 - 16 * MIB);
    expect([read(own, 0x14), read(own, 0x18)]).toEqual([0xc, 0xffff_ffff]);
  });

  test('nvidia-vgpu/regions: other regions than BAR 0 and configuration space are refused', () => {
    const own = probe() as Own;
    expect([read(own, 0, 1), read(own, 0, 8), read(own, 0, 0)]).toEqual([-22, -22, null]);
  });

  test('nvidia-vgpu/reset: both resets succeed, and what was written stays', () => {
    const own = probe() as Own;
    const results = ['VFIO_DEVICE_RESET', 'VFIO_DEVICE_PCI_HOT_RESET'].map((name) =>
      hooks.ioctl?.(own, name, []),
    );
    // Neither keeps anything else from then on.
    expect(results).toEqual([
      { by: 'driver', results: [0] },
      { by: 'driver', results: [0] },
    ]);
  });
});
