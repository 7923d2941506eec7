/**
 * Goal: what vfio-pci adds to devices of one platform is what its sources say, row by row: Intel
 * graphics, functions of s390, and NVLink of POWER9.
 * Method: the hooks of the model; expected values were derived from the sources by hand.
 */
import { describe, expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import {
  accessDeviceRegion,
  copyReads,
  mapDeviceRegion,
  shownByte,
} from '../vfio-pci-core/device-regions.js';
import { poke } from '../vfio-pci-core/little-endian.js';
import { driverModel } from './index.js';
import type { OtherFunction } from './variant.js';

const { EINVAL, EPERM, EFAULT, ENOENT } = ERRNO;

interface Given {
  readonly vendor: number;
  readonly class?: number;
  readonly address?: number;
  readonly properties?: Readonly<Record<string, number>>;
  readonly version?: number;
  readonly others?: Readonly<Record<string, OtherFunction>>;
}

function opened({ vendor, class: code = 0x030000, address = 0x7a00_0018, ...given }: Given) {
  const { properties = {}, version = 6012, others = {} } = given;
  const config = new Uint8Array(256);
  poke(config, 0xfc, 4, address);
  const fn = { vendor, device: 1, class: code, isVf: false, resources: [] };
  const variant = driverModel('vfio-pci').variant!;
  const at = (where: string) => others[where] ?? null;
  const own = variant.probe({ fn, config, properties, version, at });
  if (typeof own === 'number') throw new Error('its probe fails');
  return {
    added: variant.adds?.(own),
    enables: variant.enables?.(own),
    info: variant.info?.(own) ?? [],
  };
}

const INTEL = 0x8086;
const bridge = (code: number): OtherFunction => ({ vendor: INTEL, class: code, configBytes: 256 });
const bridges = { '0000:00:00.0': bridge(0x060000), '0000:00:1f.0': bridge(0x060100) };
const KIB8 = { 'opregion-kib': 8 };
const igd = (given: Partial<Given> = {}) =>
  opened({ vendor: INTEL, properties: KIB8, others: bridges, ...given });
const whole = { offset: 0, count: 4, write: false };

describe('Intel graphics', () => {
  test('igd/display: VGA controllers, and later any display', () => {
    const regions = (code: number, version: number) =>
      igd({ class: code, version }).added?.regions?.length ?? 0;
    expect([regions(0x030000, 6014), regions(0x038000, 6014)]).toEqual([3, 0]);
    expect([regions(0x038000, 6015), regions(0x020000, 6015)]).toEqual([3, 0]);
    expect(opened({ vendor: 0x10de, properties: KIB8 }).added).toBeUndefined();
  });

  test('igd/no-region: an address of 0 or all ones', () => {
    for (const address of [0, 0xffff_ffff]) {
      expect(igd({ address }).added).toEqual({ ret: 0, regions: [] });
    }
  });

  test('igd/signature: memory that is no OpRegion fails the open', () => {
    const ret = (properties: Given['properties'] = {}) => igd({ properties }).added?.ret;
    expect(ret({ ...KIB8, 'opregion-signature': 0 })).toBe(-EINVAL);
    expect(ret({ 'opregion-kib': 0 })).toBe(-EINVAL);
    expect(ret(KIB8)).toBe(0);
  });

  test('igd/opregion: type, size, and what can be done with it', () => {
    const region = igd().added!.regions![0];
    expect(region).toMatchObject({ type: 0x8000_8086, subtype: 1, size: 0x2000 });
    expect(accessDeviceRegion(region, whole)).toEqual([4]);
    expect(accessDeviceRegion(region, { ...whole, offset: 0x1ffe })).toEqual([2]);
    expect(accessDeviceRegion(region, { ...whole, offset: 0x2000 })).toEqual([-EINVAL]);
    expect(accessDeviceRegion(region, { ...whole, write: true })).toEqual([-EINVAL]);
    const signature = Array.from({ length: 16 }, (_, i) => shownByte(region, i) ?? 0);
    expect(String.fromCharCode(...signature)).toBe('IntelGraphicsMem');
    expect(shownByte(region, 0x100)).toBeNull();
  });

  test.each([
    ['2.0 with an absolute address', 0x200, 0x7b00_0000, 0x1800, [0x3800, 0x201, 0x2000]],
    ['2.1 with a relative address', 0x201, 0x9000, 0x1800, [0x3800, 0x201, 0x2000]],
    ['2.0 without one', 0x200, 0, 0x1800, [0x2000, 0x200, 0]],
    ['1.0, which has none', 0x100, 0x7b00_0000, 0x1800, [0x2000, 0x100, 0]],
  ])('igd/vbt: an OpRegion of version %s', (_, version, rvda, rvds, expected) => {
    const vbt = { 'opregion-version': version, 'opregion-rvda': rvda, 'opregion-rvds': rvds };
    const region = igd({ properties: { ...KIB8, ...vbt } }).added!.regions![0];
    const word = (at: number) => shownByte(region, at)! + 256 * shownByte(region, at + 1)!;
    expect([region.size, word(0x16), word(0x3ba)]).toEqual(expected);
  });

  test('igd/register: it has the address that was mapped last', () => {
    const value = (properties: Given['properties']) =>
      igd({ properties: { ...KIB8, ...properties } }).added?.virtual;
    const vbt = { 'opregion-rvds': 0x1800 };
    expect(value({})).toEqual({ offset: 0xfc, value: 0x7a00_0018 });
    expect(value({ ...vbt, 'opregion-version': 0x200, 'opregion-rvda': 0x7b00_0000 })).toEqual({
      offset: 0xfc,
      value: 0x7b00_0000,
    });
    expect(value({ ...vbt, 'opregion-version': 0x201, 'opregion-rvda': 0x2000 })).toEqual({
      offset: 0xfc,
      value: 0x7a00_2018,
    });
  });

  test('igd/host-bridge, igd/lpc: copies of configuration space', () => {
    const [, host, lpc] = igd().added!.regions!;
    const shape = { type: 0x8000_8086, size: 256, writable: false };
    expect(host).toMatchObject({ ...shape, subtype: 2, copyOf: '0000:00:00.0' });
    expect(lpc).toMatchObject({ ...shape, subtype: 3, copyOf: '0000:00:1f.0' });
  });

  test('igd/no-bridge: a missing one is no error, another one is', () => {
    const host = { '0000:00:00.0': bridge(0x060000) };
    const added = (others: Given['others'] = {}) => igd({ others }).added!;
    expect([added({}).ret, added({}).regions?.length]).toEqual([0, 1]);
    expect([added(host).ret, added(host).regions?.length]).toEqual([0, 2]);
    expect(added({ ...bridges, '0000:00:00.0': bridge(0x060400) }).ret).toBe(-EINVAL);
    expect(added({ ...bridges, '0000:00:1f.0': bridge(0x060400) }).ret).toBe(-EINVAL);
  });

  test.each([
    [0, 4, [[0, 4]]],
    [
      0x51,
      8,
      [
        [0x51, 1],
        [0x52, 2],
        [0x54, 4],
        [0x58, 1],
      ],
    ],
    [2, 2, [[2, 2]]],
    [
      0,
      3,
      [
        [0, 2],
        [2, 1],
      ],
    ],
  ])('igd/copy: a read of %i bytes of a bridge from %i on', (offset, count, expected) => {
    expect(copyReads(offset, count).map((read) => [read.offset, read.width])).toEqual(expected);
  });

  test('igd/no-map: no region of it can be mapped', () => {
    for (const region of igd().added!.regions!) {
      expect(mapDeviceRegion(region, 4096)).toEqual([-EINVAL]);
    }
  });

  test('what memory holds at the address decides, and no recording of a machine shows it', () => {
    expect(igd({ properties: {} }).added).toMatchObject({ ret: null, regions: null });
  });
});

describe('a function of s390', () => {
  const fields = {
    zpci: 1,
    'zpci-start-dma': 0x1_0000_0000,
    'zpci-end-dma': 0x1ff_ffff_ffff,
    'zpci-pchid': 0x1c5,
    'zpci-vfn': 3,
    'zpci-fmb-length': 0x40,
    'zpci-pft': 2,
    'zpci-gid': 5,
    'zpci-fh': 0x8000_0013,
    'zpci-dasm': 0xffff_ffff,
    'zpci-msi-addr': 0xfee0_0000,
    'zpci-mui': 4000,
    'zpci-noi': 0x40,
    'zpci-version': 1,
    'zpci-maxstbl': 0x80,
    'zpci-pfip': 0x0403_0201,
  };
  const on = (more: object = {}, version = 6012) =>
    opened({ vendor: 0x15b3, properties: { ...fields, ...more }, version });
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

  test('zdev/base: what the function is', () => {
    expect(hex(on().info[0])).toBe(
      '0100020000000000' +
        '0000000001000000' +
        'ffffffffff010000' +
        'c50103004000' +
        '0205' +
        '1300008000000000',
    );
    expect(hex(on({}, 5015).info[0])).toMatch(/^01000100.*0205$/);
  });

  test('zdev/group: what its group can', () => {
    expect(hex(on().info[1])).toBe(
      '0200020000000000' +
        'ffffffff00000000' +
        '0000e0fe00000000' +
        '0100000000000000' +
        'a00f40008000' +
        '01008000' +
        '000000000000',
    );
  });

  test('zdev/util, zdev/pfip: strings with their lengths', () => {
    const ids = (list: readonly Uint8Array[]) => list.map(([id, , , , , , , , size]) => [id, size]);
    expect(ids(on().info).slice(2)).toEqual([[4, 4]]);
    expect(ids(on({ 'zpci-util-str': 1 }).info).slice(2)).toEqual([
      [3, 64],
      [4, 4],
    ]);
    expect(hex(on().info[2])).toBe('04000100000000000400000001020304');
  });

  test('zdev/kvm, zdev/no-hook: registering it with KVM', () => {
    expect(on().enables).toBe(0);
    expect(on({ 'zpci-kvm-register': ENOENT }).enables).toBe(-ENOENT);
    expect(on({ 'zpci-kvm-register': EINVAL }).enables).toBe(-EINVAL);
    expect(opened({ vendor: 0x15b3 })).toMatchObject({ enables: 0, info: [] });
  });
});

describe('NVLink of POWER9', () => {
  const linked = { nvlink: 1, 'ibm,device-tgt-addr': 1 };
  const gpu = { ...linked, 'memory-region-size': 0x20_0000_0000 };
  const npu = { ...linked, 'ibm,nvlink-speed': 8, 'ibm,mmio-atsd': 1 };
  const of = (vendor: number, properties: Given['properties'] = {}, version = 5012) =>
    opened({ vendor, properties, version }).added;
  const [NVIDIA, IBM] = [0x10de, 0x1014];

  test('nvlink2/kernels: 5.0 to 5.12', () => {
    const found = [4020, 5000, 5012, 5013, 6012].map((v) => of(NVIDIA, gpu, v) !== undefined);
    expect(found).toEqual([false, true, true, false, false]);
  });

  test('nvlink2/ram: memory that can be read, written and mapped', () => {
    const [ram] = of(NVIDIA, gpu)!.regions!;
    expect(ram).toMatchObject({ type: 0x8000_10de, subtype: 1, size: 0x20_0000_0000 });
    expect(accessDeviceRegion(ram, { ...whole, write: true })).toEqual([4]);
    expect(accessDeviceRegion(ram, { ...whole, offset: ram.size })).toEqual([-EINVAL]);
  });

  test('nvlink2/once: one mapping, no longer than the memory', () => {
    const [ram] = of(NVIDIA, gpu)!.regions!;
    expect(mapDeviceRegion(ram, ram.size)).toEqual([0]);
    expect(mapDeviceRegion(ram, ram.size + 0x1_0000)).toEqual([-EINVAL]);
    expect(mapDeviceRegion({ ...ram, isMapped: true }, 0x1_0000)).toEqual([-EPERM]);
  });

  test('nvlink2/atsd: one page, and none where the link has no register', () => {
    const [atsd] = of(IBM, npu)!.regions!;
    expect(atsd).toMatchObject({ type: 0x8000_1014, subtype: 1, size: 0x1_0000 });
    const lengths = [0x1000, 0x1_0000, 0x2_0000];
    expect(lengths.map((length) => mapDeviceRegion(atsd, length)[0])).toEqual([
      -EINVAL,
      0,
      -EINVAL,
    ]);
    const { 'ibm,mmio-atsd': _, ...without } = npu;
    expect(of(IBM, without)!.regions![0].size).toBe(0);
  });

  test('nvlink2/open: what the device tree lacks', () => {
    const { 'memory-region-size': _, ...noMemory } = gpu;
    const { 'ibm,device-tgt-addr': _target, ...noTarget } = gpu;
    const { 'ibm,nvlink-speed': _speed, ...noSpeed } = npu;
    expect([of(NVIDIA, noMemory)?.ret, of(NVIDIA, noTarget)?.ret]).toEqual([-EINVAL, -EFAULT]);
    expect(of(IBM, noSpeed)?.ret).toBe(-EFAULT);
    expect(of(NVIDIA, { ...gpu, nvlink: 0 })).toBeUndefined();
  });
});
