/**
 * Goal: variants of vfio-pci that serve parts of a device themselves do what their sources say, row
 * by row of their models; and so do drivers that state little.
 * Method: the hooks of each model; expected values were derived from the sources by hand.
 */
import { describe, expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import { covers } from '../binding/pci-ids.js';
import { driverModel, type ModuleParameters } from './index.js';
import type { Own, Served, Shown } from './variant.js';

const { EINVAL, EIO } = ERRNO;
const CONFIG = 7;
const NONE = { start: 0, end: 0, flags: 0 };
const MEMORY = 0x200;

interface Given {
  readonly vendor?: number;
  readonly device?: number;
  readonly isVf?: boolean;
  readonly resources?: readonly (typeof NONE)[];
  readonly properties?: Readonly<Record<string, number>>;
  readonly parameters?: ModuleParameters;
  readonly version?: number;
}

function deviceOf(name: string, given: Given = {}) {
  const { vendor = 0, device = 0, isVf = true, resources = [] } = given;
  const { properties = {}, parameters = {}, version = 6013 } = given;
  const fn = { vendor, device, class: 0x020000, isVf, resources };
  const { variant } = driverModel(name);
  const config = new Uint8Array(256);
  const probed = variant!.probe({ fn, config, properties, parameters, version });
  const own = probed as Own;
  const access = (region: number, offset: number, count: number, value?: number) => ({
    region,
    offset,
    count,
    data: Uint8Array.from({ length: value === undefined ? 0 : count }, (_, i) =>
      Math.floor((value ?? 0) / 256 ** i),
    ),
  });
  return {
    probed,
    info: (index: number) => variant!.region?.(own, index),
    ask: (name: string, words: readonly number[]) => {
      const answer = variant!.ioctl?.(own, name, words);
      return answer?.by === 'driver' ? answer.results : undefined;
    },
    read: (region: number, at: number, count: number, of = own): Served =>
      variant!.read!(of, access(region, at, count)),
    write: (region: number, at: number, count: number, value: number, of = own): Served =>
      variant!.write!(of, access(region, at, count, value)),
    given: (region: number, at: number, core: Shown, of = own) =>
      variant!.shown!(of, access(region, at, core.length), core),
    map: (region: number, offset: number, length: number) =>
      variant!.mmap?.(own, region, offset, length),
    resetDone: (of: Own) => variant!.resetDone!(of),
  };
}

describe('hisi_acc and BAR 2', () => {
  const resources = [NONE, NONE, { start: 0x1_0000, end: 0x2_ffff, flags: MEMORY }];
  const can = deviceOf('hisi_acc_vfio_pci', { resources, properties: { migration: 1 } });
  const cannot = deviceOf('hisi_acc_vfio_pci', { resources });
  const INFO = 'VFIO_DEVICE_GET_REGION_INFO';

  test('hisi-acc/half-info: the user sees its first half', () => {
    expect(can.info(2)).toEqual({ size: 0x1_0000, mmap: true });
    expect(can.info(0)).toBeUndefined();
    expect([can.ask(INFO, [32, 0, 2]), can.ask(INFO, [24, 0, 2])]).toEqual([[0], [-EINVAL]]);
  });

  test('hisi-acc/half-access: an access ends in the middle', () => {
    expect(can.read(2, 0x1_0000, 4)).toEqual({ by: 'driver', ret: -EINVAL });
    expect(can.write(2, 0xfffc, 8, 0)).toEqual({ by: 'core', count: 4 });
    expect(can.read(0, 0x1_0000, 4)).toEqual({ by: 'core' });
  });

  test('hisi-acc/half-mmap: a mapping ends there, too', () => {
    expect([can.map(2, 0, 0x1_0000), can.map(2, 0xf000, 0x2000)]).toEqual([undefined, -EINVAL]);
  });

  test('hisi-acc/half-without: a device that cannot migrate has all of it', () => {
    expect(cannot.info(2)).toBeUndefined();
    expect(cannot.read(2, 0x1_0000, 4)).toEqual({ by: 'core' });
    expect(cannot.map(2, 0, 0x2_0000)).toBeUndefined();
  });
});

describe('a VF of virtio that looks transitional', () => {
  const properties = { 'legacy-admin-commands': 1 };
  const vf = deviceOf('virtio_vfio_pci', { device: 0x1041, properties });
  const on = vf.write(CONFIG, 4, 2, 1).own as Own;
  const shown = (served: Served) => {
    if (served.by !== 'core') throw new Error('the core serves it first');
    return (served.over ?? []).map(({ at, bytes }) => [at, [...bytes]]);
  };

  test.each([
    ['another device', { device: 0x1042, properties }],
    ['a PF', { device: 0x1041, isVf: false, properties }],
    ['a PF without the commands', { device: 0x1041 }],
    [
      'an I/O BAR',
      { device: 0x1041, properties, resources: [{ start: 1, end: 32, flags: 0x100 }] },
    ],
  ])('virtio/ops: %s leaves all to the core', (_, given) => {
    const plain = deviceOf('virtio_vfio_pci', given);
    expect(plain.info(0)).toBeUndefined();
    expect(plain.read(0, 18, 2)).toEqual({ by: 'core' });
    expect(plain.write(CONFIG, 4, 2, 1)).toEqual({ by: 'core' });
  });

  test('virtio/notify-info: the probe fails with the errno of the PF', () => {
    const refused = { ...properties, 'notify-info-errno': 19 };
    expect(deviceOf('virtio_vfio_pci', { device: 0x1041, properties: refused }).probed).toBe(-19);
    // The PF is not asked where the device does not look transitional.
    const other = deviceOf('virtio_vfio_pci', { device: 0x1042, properties: refused });
    expect(other.probed).toEqual({});
  });

  test('virtio/overlay: ids, revision and subsystem, whatever the width', () => {
    expect(shown(vf.read(CONFIG, 0, 4))).toEqual([[2, [0x00, 0x10]]]);
    expect(shown(vf.read(CONFIG, 3, 1))).toEqual([[0, [0x10]]]);
    expect(shown(vf.read(CONFIG, 8, 1))).toEqual([[0, [0]]]);
    expect(shown(vf.read(CONFIG, 0x2c, 4))).toEqual([[0, [0xf4, 0x1a, 1, 0]]]);
  });

  test('virtio/command, virtio/config-write: bit IO is added to what the core has', () => {
    expect(vf.given(CONFIG, 4, [6, 0])).toEqual([6, 0]);
    expect(vf.write(CONFIG, 4, 2, 7)).toMatchObject({ by: 'core' });
    expect(vf.given(CONFIG, 4, [6, 0], on)).toEqual([7, 0]);
    expect(vf.given(CONFIG, 3, [0, null], on)).toEqual([0, null]);
    expect(vf.given(0, 4, [6], on)).toEqual([6]);
  });

  test('virtio/bar0-sizing: all ones read back as 32 bytes of I/O', () => {
    const sized = vf.write(CONFIG, 0x10, 4, 0xffff_ffff).own as Own;
    expect(shown(vf.read(CONFIG, 0x10, 4, sized))).toEqual([[0, [0xe1, 0xff, 0xff, 0xff]]]);
  });

  test('virtio/bar0-info: it cannot be mapped', () => {
    expect(vf.info(0)).toEqual({ size: 32, mmap: false });
    expect(vf.ask('VFIO_DEVICE_GET_REGION_INFO', [32, 0, 0])).toEqual([0]);
  });

  test('virtio/bar0-off, virtio/bar0-bounds, virtio/notify: what is refused', () => {
    const ret = (served: Served) => (served.by === 'driver' ? served.ret : served);
    expect(ret(vf.read(0, 18, 2))).toBe(-EIO);
    expect(ret(vf.read(0, 18, 2, on))).toBe(2);
    expect(ret(vf.read(0, 30, 4, on))).toBe(-EINVAL);
    expect(ret(vf.read(0, 0, 0))).toBe(0);
    expect(ret(vf.write(0, 16, 4, 0, on))).toBe(-EINVAL);
    expect(ret(vf.write(0, 16, 2, 0, on))).toBe(2);
  });

  test('virtio/admin: the hardware may refuse an access', () => {
    expect(vf.read(0, 0, 4, on)).toEqual({ by: 'driver', ret: 4, mayFail: true });
  });

  test('virtio/reset: bit IO is off after it', () => {
    expect(vf.read(0, 18, 2, vf.resetDone(on))).toMatchObject({ ret: -EIO });
  });
});

describe('nvgpu as it was posted', () => {
  const properties = { 'nvidia,gpu-mem-base-pa': 2 ** 42, 'nvidia,gpu-mem-size': 95 * 2 ** 30 };
  const gpu = deviceOf('nvgpu-vfio-pci', { properties });

  test('nvgpu-v3/properties: without them the probe fails', () => {
    expect(deviceOf('nvgpu-vfio-pci').probed).toBe(-EINVAL);
  });

  test('nvgpu-v3/region: its size is that of the memory', () => {
    expect(gpu.info(2)).toEqual({ size: 95 * 2 ** 30, mmap: true });
    expect(gpu.ask('VFIO_DEVICE_GET_REGION_INFO', [32, 0, 2])).toEqual([0]);
  });

  test('nvgpu-v3/no-config, nvgpu-v3/no-access: the core serves the rest', () => {
    const { doors, read, write } = driverModel('nvgpu-vfio-pci').variant!;
    expect({ doors, read, write }).toEqual({ doors: {}, read: undefined, write: undefined });
  });

  test('nvgpu-v3/mmap: a mapping begins in the memory', () => {
    expect(gpu.map(2, 94 * 2 ** 30, 2 * 2 ** 30)).toBe(0);
    expect(gpu.map(2, 95 * 2 ** 30, 4096)).toBe(-EINVAL);
  });
});

describe('vfio-pci refuses devices', () => {
  const probe = (device: number, given: Given = {}) =>
    deviceOf('vfio-pci', { vendor: 0x8086, device, ...given }).probed;

  test('vfio-pci/denylist: it refuses QuickAssist', () => {
    for (const id of [0x19e2, 0x19e3, 0x37c8, 0x37c9, 0x0435, 0x0443]) {
      expect(probe(id)).toBe(-EINVAL);
    }
    expect(probe(0x10fb)).toEqual({});
    expect(probe(0x37c8, { vendor: 0x10de })).toEqual({});
  });

  test('vfio-pci/denylist-later: data accelerators from 6.10 on', () => {
    expect([probe(0x0b25, { version: 6009 }), probe(0x0b25)]).toEqual([{}, -EINVAL]);
  });

  test('vfio-pci/disable-denylist: a parameter allows them', () => {
    expect(probe(0x37c8, { parameters: { disable_denylist: true } })).toEqual({});
  });

  test('vfio-pci/ids: any device, by override', () => {
    expect(driverModel('vfio-pci')).toMatchObject({ overrideOnly: true, managesDma: true });
  });
});

describe('native drivers', () => {
  const matches = (name: string, vendor: number, device: number, code = 0x020000) =>
    driverModel(name).table?.some((entry) =>
      covers(entry, { vendor, device, subvendor: 0, subdevice: 0, class: code }),
    );

  test.each([
    ['igbvf/ids', 'igbvf', [0x10ca, 0x1520]],
    ['ixgbevf/ids', 'ixgbevf', [0x10ed, 0x152e, 0x1515, 0x1530, 0x1565, 0x1564, 0x15a8, 0x15a9]],
    ['iavf/ids', 'iavf', [0x154c, 0x1571, 0x37cd, 0x1889]],
  ])('%s: VFs of its table match', (_, name, devices) => {
    for (const device of devices) expect(matches(name, 0x8086, device)).toBe(true);
    expect(matches(name, 0x8086, 0x10fb)).toBe(false);
    expect(driverModel(name).sriovConfigure).toBe('none');
  });

  test.each([
    ['nvme/ids', 'nvme', 0x144d, 0x010802],
    ['nouveau/ids', 'nouveau', 0x10de, 0x030200],
    ['nova-core/ids', 'nova_core', 0x10de, 0x030000],
  ])('%s: a class matches', (_, name, vendor, code) => {
    expect(matches(name, vendor, 0x2342, code)).toBe(true);
    expect(matches(name, vendor, 0x2342, 0x020000)).toBe(false);
  });

  test('nvme/quirks: controllers of Apple match by their ids, others of that class do not', () => {
    const ids = [0x2001, 0x2003, 0x2005, 0x2002];
    const found = ids.map((device) => matches('nvme', 0x106b, device, 0x018002));
    expect(found).toEqual([true, true, true, false]);
  });

  test.each([
    ['nvme/sriov', 'nvme', 'simple'],
    ['igb/sriov', 'igb', 'own'],
    ['ixgbe/sriov', 'ixgbe', 'own'],
    ['ice/sriov', 'ice', 'own'],
    ['mlx5-core/sriov', 'mlx5_core', 'own'],
    ['e1000e/sriov', 'e1000e', 'none'],
  ])('%s: how it makes VFs', (_, name, sriov) => {
    expect(driverModel(name).sriovConfigure).toBe(sriov);
  });

  test('igb/dma, ixgbe/dma, ice/dma, mlx5-core/dma, e1000e/dma: the kernel owns their groups', () => {
    for (const name of ['igb', 'ixgbe', 'ice', 'mlx5_core', 'e1000e']) {
      expect(driverModel(name).managesDma).toBe(false);
    }
  });
});
