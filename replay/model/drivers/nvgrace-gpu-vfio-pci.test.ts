/**
 * Goal: nvgrace-gpu does what its source says, row by row of its model.
 * Method: the hooks of the model, on devices with the sizes of real ones; the expected values were
 * derived by hand from the source.
 */
import { describe, expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import { driverModel } from './index.js';
import type { Own, Served } from './variant.js';

const { EINVAL, EBUSY, EOVERFLOW, ENOTTY } = ERRNO;
const GIB = 2 ** 30;
const MIB = 2 ** 20;
const CONFIG = 7;
const [RESMEM, USEMEM] = [2, 4];

const model = driverModel('nvgrace_gpu_vfio_pci');
const { variant } = model;
if (variant === null) throw new Error('nvgrace-gpu has hooks');

/** Configuration space with the DVSEC of NVIDIA, after another extended capability. */
function withDvsec(word: number): Uint8Array {
  const config = new Uint8Array(4096);
  const view = new DataView(config.buffer);
  view.setUint32(0x100, 0x1 | (1 << 16) | (0x200 << 20), true);
  view.setUint32(0x200, 0x23 | (1 << 16), true);
  view.setUint32(0x204, 0x10de, true);
  view.setUint16(0x208, 3, true);
  view.setUint16(0x20a, word, true);
  return config;
}

const fn = { vendor: 0x10de, device: 0x2342, class: 0x030200, isVf: false, resources: [] };
const BASE = { 'nvidia,gpu-mem-base-pa': 0x4200_0000_0000 };

function probe(
  size: number,
  { config = new Uint8Array(256) as Uint8Array, version = 6012, more = {} } = {},
): Own | number {
  const properties = { ...BASE, 'nvidia,gpu-mem-size': size, ...more };
  return variant!.probe({ fn, config, properties, version });
}

function opened(size: number, fixed = false): Own {
  const own = probe(size, fixed ? { config: withDvsec(1) } : {});
  if (typeof own === 'number') throw new Error(`probe ${own}`);
  return variant!.open!(own);
}

const info = (own: Own, index: number) => variant!.region!(own, index);
const bytesOf = (value: number, count: number) =>
  Uint8Array.from({ length: count }, (_, i) => Math.floor(value / 256 ** i) % 256);
const read = (own: Own, region: number, offset: number, count: number) =>
  variant!.read!(own, { region, offset, count, data: new Uint8Array(0) });
const write = (own: Own, region: number, offset: number, count: number, value = 0) =>
  variant!.write!(own, { region, offset, count, data: bytesOf(value, count) });

const overOf = (served: Served) => {
  if (served.by !== 'core') throw new Error('the core serves it');
  return (served.over ?? []).map(({ at, bytes }) => [
    at,
    bytes.reduceRight((all, byte) => all * 256 + byte, 0),
  ]);
};

test('nvgrace-gpu/ids: it matches five devices of NVIDIA, by override only', () => {
  expect(model.table?.map(({ device }) => device)).toEqual([
    0x2342, 0x2345, 0x2348, 0x2941, 0x31c2,
  ]);
  expect(model).toMatchObject({ overrideOnly: true, managesDma: true, vfioPci: true });
});

describe('how nvgrace-gpu divides the memory', () => {
  test('nvgrace-gpu/split: the end is resmem, with what is left of a block', () => {
    const own = opened(96 * GIB + 300 * MIB);
    expect(info(own, USEMEM)).toMatchObject({ sparse: 95 * GIB });
    expect(info(own, RESMEM)).toMatchObject({ sparse: GIB + 300 * MIB });
  });

  test('nvgrace-gpu/bar-size: the size of the BAR is that before rounding', () => {
    // 64 GiB and 100 MiB are usable: rounded down they would fit a BAR of 64 GiB.
    const own = opened(65 * GIB + 100 * MIB);
    expect(info(own, USEMEM)).toEqual({ size: 128 * GIB, mmap: true, sparse: 64 * GIB });
    expect(info(own, RESMEM)?.size).toBe(2 * GIB);
  });

  test('nvgrace-gpu/no-bug: all memory is usemem where the hardware is fixed', () => {
    const own = opened(96 * GIB, true);
    expect(info(own, USEMEM)).toEqual({ size: 128 * GIB, mmap: true, sparse: 96 * GIB });
    expect(info(own, RESMEM)).toBeUndefined();
  });

  test.each([
    ['it is set', withDvsec(1), false],
    ['it is clear', withDvsec(0xfffe), true],
    ['there is no such capability', new Uint8Array(4096), true],
  ])('nvgrace-gpu/bug-bit: whether the bug is there when %s', (_, config, bug) => {
    const own = probe(8 * GIB, { config }) as Own;
    expect(info(own, RESMEM) !== undefined).toBe(bug);
  });

  test.each([
    [GIB / 2, -EOVERFLOW],
    [GIB + 100 * MIB, -EINVAL],
  ])('nvgrace-gpu/too-small: %i bytes with the bug fail the probe', (size, errno) => {
    expect(probe(size)).toBe(errno);
  });

  test('nvgrace-gpu/no-memory: without it the core serves everything', () => {
    const own = probe(0) as Own;
    expect(read(own, USEMEM, 0, 4)).toEqual({ by: 'core' });
    expect(read(own, CONFIG, 0x20, 4)).toEqual({ by: 'core' });
    expect(write(own, CONFIG, 0x20, 4)).toEqual({ by: 'core' });
    expect(variant!.mmap!(own, USEMEM, 0, 4096)).toBeUndefined();
    expect(variant!.ioctl!(own, 'VFIO_DEVICE_IOEVENTFD', [32])).toBeUndefined();
    const properties = { 'nvidia,gpu-mem-size': GIB };
    const other = variant!.probe({ fn, config: new Uint8Array(256), properties, version: 6012 });
    expect(info(other as Own, USEMEM)).toBeUndefined();
  });
});

describe('registers of the fake BARs', () => {
  test('nvgrace-gpu/sizing: all ones read back as a BAR of 128 GiB', () => {
    let own = opened(96 * GIB);
    for (const at of [0x20, 0x24]) {
      const served = write(own, CONFIG, at, 4, 0xffff_ffff);
      expect(served).toMatchObject({ by: 'driver', ret: 4 });
      own = served.own ?? own;
    }
    expect(overOf(read(own, CONFIG, 0x20, 4))).toEqual([[0, 0x0000_000c]]);
    expect(overOf(read(own, CONFIG, 0x24, 4))).toEqual([[0, 0xffff_ffe0]]);
  });

  test('nvgrace-gpu/config-read: only the bytes of the register are put over', () => {
    const own = opened(96 * GIB);
    expect(overOf(read(own, CONFIG, 0x10, 16))).toEqual([[8, 0xc]]);
    expect(overOf(read(own, CONFIG, 0x21, 2))).toEqual([[0, 0]]);
    expect(overOf(read(own, CONFIG, 0x28, 4))).toEqual([]);
  });

  test('nvgrace-gpu/config-first: an access to both registers is about resmem', () => {
    expect(overOf(read(opened(96 * GIB), CONFIG, 0x1c, 8))).toEqual([[0, 0]]);
    const fixed = opened(96 * GIB, true);
    expect(read(fixed, CONFIG, 0x1c, 8)).toEqual({ by: 'core' });
    expect(write(fixed, CONFIG, 0x1c, 8)).toEqual({ by: 'core' });
  });

  test('nvgrace-gpu/config-write: it returns the bytes that were in the register', () => {
    const own = opened(96 * GIB);
    expect(write(own, CONFIG, 0x1e, 4)).toMatchObject({ by: 'driver', ret: 2 });
    expect(write(own, CONFIG, 0x24, 8)).toMatchObject({ by: 'driver', ret: 4 });
    expect(write(own, CONFIG, 0x14, 4)).toEqual({ by: 'core' });
  });

  test.each([
    ['nvgrace-gpu/reset', (own: Own) => variant!.ioctl!(own, 'VFIO_DEVICE_RESET', [])!.own!],
    ['nvgrace-gpu/open', (own: Own) => variant!.open!(own)],
  ] as const)('%s: the registers are 0 after it', (_, done) => {
    const own = write(opened(96 * GIB), CONFIG, 0x24, 4, 0xff).own as Own;
    expect(overOf(read(own, CONFIG, 0x24, 4))).toEqual([[0, 0xe0]]);
    expect(overOf(read(done(own), CONFIG, 0x24, 4))).toEqual([[0, 0]]);
  });
});

describe('memory of the GPU', () => {
  const own = opened(96 * GIB);
  const end = 95 * GIB;

  test('nvgrace-gpu/past-memory: reads there are all ones, and count', () => {
    const served = read(own, USEMEM, end - 2, 4) as Extract<Served, { by: 'driver' }>;
    expect(served.ret).toBe(4);
    expect([0, 1, 2, 3].map((at) => served.byte?.(at))).toEqual([null, null, 0xff, 0xff]);
    expect(write(own, USEMEM, end, 4)).toEqual({ by: 'driver', ret: 4 });
  });

  test('nvgrace-gpu/past-bar: an access there is refused, one across its end is cut', () => {
    expect(read(own, USEMEM, 128 * GIB, 1)).toMatchObject({ ret: -EINVAL });
    expect(write(own, USEMEM, 128 * GIB, 1)).toMatchObject({ ret: -EINVAL });
    expect(read(own, USEMEM, 128 * GIB - 2, 8)).toMatchObject({ ret: 2 });
  });

  test.each([
    [0, end, 0],
    [end - 4096, 4096, 0],
    [end - 4096, 8192, -EINVAL],
    [0, 128 * GIB, -EINVAL],
  ])('nvgrace-gpu/mmap: a mapping from %i of %i bytes returns %i', (from, length, ret) => {
    expect(variant!.mmap!(own, USEMEM, from, length)).toBe(ret);
    expect(variant!.mmap!(own, 0, from, length)).toBeUndefined();
  });

  test('nvgrace-gpu/region-info: the BAR has its size, the area that of the memory', () => {
    expect(info(own, USEMEM)).toEqual({ size: 128 * GIB, mmap: true, sparse: end });
    const ask = (words: number[]) => variant!.ioctl!(own, 'VFIO_DEVICE_GET_REGION_INFO', words);
    expect(ask([32, 0, USEMEM])).toEqual({ by: 'driver', results: [0] });
    expect(ask([24, 0, USEMEM])).toEqual({ by: 'driver', results: [-EINVAL] });
    expect(ask([32, 0, 0])).toBeUndefined();
  });

  test('nvgrace-gpu/ioeventfd: there is none', () => {
    expect(variant!.ioctl!(own, 'VFIO_DEVICE_IOEVENTFD', [32])).toEqual({
      by: 'driver',
      results: [-ENOTTY],
    });
  });
});

describe('readiness of the GPU', () => {
  test('nvgrace-gpu/ready: that the device does not get ready is no error', () => {
    expect(probe(96 * GIB, { version: 6014, more: { ready: 0 } })).toBeTypeOf('object');
  });

  test('nvgrace-gpu/ready-claimed: a claimed BAR 0 fails the probe from 6.14 on', () => {
    const claimed = { 'bar0-claimed': 1 };
    expect(probe(96 * GIB, { version: 6014, more: claimed })).toBe(-EBUSY);
    expect(probe(96 * GIB, { version: 6012, more: claimed })).toBeTypeOf('object');
  });
});
