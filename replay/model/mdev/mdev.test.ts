/**
 * Goal: what mediated devices of the kernel's samples return, errno by errno, and what a call
 * leaves behind for the next one.
 * Method: single calls on a device that was just bound; the errnos are those that kernels 6.12 and
 * 7.3 gave to a client that made these calls.
 */
import { describe, expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import { STATE } from '../vfio/migration-state.js';
import {
  boundMdev,
  createdUuid,
  deviceCall,
  isUuid,
  mdevAt,
  mdevDriver,
  newMdevs,
  removeAsks,
} from './index.js';

const UUID = 'db5b5fab-8f4d-4e27-9da1-494c73cf256d';
const DEBIAN_12 = 6012;
const BACKPORT = 7003;

type Name = 'mtty' | 'mdpy' | 'mbochs';

class Device {
  readonly mdev = mdevAt(newMdevs(), UUID);
  readonly driver;

  constructor(
    name: Name,
    readonly version = DEBIAN_12,
  ) {
    const driver = mdevDriver(name);
    if (driver === null) throw new Error(name);
    this.driver = driver;
    boundMdev(this.mdev, name, driver);
  }

  #predict(name: string, words: readonly number[], argument: number) {
    const call = { name: `VFIO_DEVICE_${name}`, argument, words };
    return deviceCall(this.mdev, this.driver, call, this.version);
  }

  results(name: string, words: readonly number[] = [0, 0, 0], argument = 4096) {
    return this.#predict(name, words, argument).results;
  }

  returned(name: string, words: readonly number[], ret: number): this {
    const { results, done } = this.#predict(name, words, 4096);
    expect(results).toContain(ret);
    done?.(ret);
    return this;
  }

  asked(): this {
    return this.returned('GET_INFO', [24, 0, 0], 0);
  }

  state(target: number, ret: number): this {
    return this.returned('FEATURE', [16, 0x20002, target], ret);
  }
}

const INVALID = [-ERRNO.EINVAL];
const MISSING = [-ERRNO.ENOTTY];

describe('create', () => {
  test.each([
    ['not a uuid', 'not-a-uuid\n'],
    ['35 characters', `${UUID.slice(1)}\n`],
    ['37 characters', `${UUID}0\n`],
    ['braces', `{${UUID}}\n`],
    ['no dashes', `${UUID.replaceAll('-', '')}\n`],
    ['not hexadecimal', 'zzzzzzzz-0000-0000-0000-000000000000\n'],
  ])('mdev/uuid: a write to create is refused: %s', (_what, text) => {
    expect(createdUuid(text, text.length)).toBeNull();
  });

  test.each([
    ['without a newline', UUID],
    ['with one', `${UUID}\n`],
    ['in capitals', `${UUID.toUpperCase()}\n`],
  ])('a uuid %s names the device', (_what, text) => {
    expect(createdUuid(text, text.length)).toBe(UUID);
    expect(isUuid(UUID)).toBe(true);
  });
});

test.each([
  ['1', 'removal'],
  ['0x10\n', 'removal'],
  ['+1\n', 'removal'],
  ['18446744073709551615', 'removal'],
  ['0\n', 'nothing'],
  ['00', 'nothing'],
  ['x\n', 'invalid'],
  ['-1\n', 'invalid'],
  ['', 'invalid'],
  ['08', 'invalid'],
  ['1\n\n', 'invalid'],
  ['18446744073709551616', 'invalid'],
])('mdev/remove: a write of %j to remove asks for: %s', (text, asked) => {
  expect(removeAsks(text)).toBe(asked);
});

describe('infos', () => {
  test('GET_INFO reads its argument', () => {
    const device = new Device('mtty');
    expect(device.results('GET_INFO', [24, 0, 0])).toEqual([0]);
    expect(device.results('GET_INFO', [4, 0, 0])).toEqual(INVALID);
    expect(device.results('GET_INFO', [0, 0, 0], 0)).toEqual([-ERRNO.EFAULT]);
    expect(device.results('GET_INFO', [])).toBeNull();
  });

  test.each([
    ['mtty', 8, 9],
    ['mdpy', 16, 9],
    ['mbochs', 9, 10],
  ] as const)('mtty/regions, mdpy/regions, mbochs/regions: %s has region %i and no region %i', (name, there, missing) => {
    const device = new Device(name);
    expect(device.results('GET_REGION_INFO', [32, 0, there])).toEqual([0]);
    expect(device.results('GET_REGION_INFO', [32, 0, missing])).toEqual(INVALID);
    expect(device.results('GET_REGION_INFO', [24, 0, there])).toEqual(INVALID);
  });

  test('mtty/irqs: it has INTx and MSI of its five interrupts, once it has told how many', () => {
    const device = new Device('mtty');
    expect(device.results('GET_IRQ_INFO', [16, 0, 0])).toEqual(INVALID);
    device.asked();
    const results = [0, 1, 2, 4, 5].map((index) => device.results('GET_IRQ_INFO', [16, 0, index]));
    expect(results).toEqual([[0], [0], INVALID, INVALID, INVALID]);
  });

  test('mbochs/irq-info: it tells of five interrupts without having been asked', () => {
    const device = new Device('mbochs');
    expect(device.results('GET_IRQ_INFO', [16, 0, 4])).toEqual([0]);
    expect(device.results('GET_IRQ_INFO', [16, 0, 5])).toEqual(INVALID);
  });

  test('ioctls of PCI devices are missing', () => {
    const device = new Device('mtty');
    for (const name of ['GET_PCI_HOT_RESET_INFO', 'PCI_HOT_RESET', 'IOEVENTFD', 'GET_GFX_DMABUF']) {
      expect(device.results(name)).toEqual(MISSING);
    }
  });
});

describe('interrupts of mtty', () => {
  const [INTX, MSI, MSIX] = [0, 1, 2];
  const [NONE, EVENTFD, TRIGGER, UNMASK] = [1, 4, 32, 16];
  const set = (flags: number, index: number, count = 1, start = 0) =>
    [EVENTFD & flags ? 24 : 20, flags, index, start, count] as const;

  test.each([
    ['a trigger before there is an eventfd', set(NONE | TRIGGER, INTX), -ERRNO.EINVAL],
    ['MSI-X', set(NONE | TRIGGER, MSIX), -ERRNO.ENOTTY],
    ['an index that is not there', set(NONE | TRIGGER, 9), -ERRNO.EINVAL],
    ['flags that are not there', set(0xffff, INTX), -ERRNO.EINVAL],
    ['two kinds of data', set(3 | TRIGGER, INTX), -ERRNO.EINVAL],
    ['two vectors', set(NONE | TRIGGER, MSI, 2), -ERRNO.EINVAL],
    ['a vector beyond the last', set(NONE | TRIGGER, MSI, 1, 5), -ERRNO.EINVAL],
    ['a mask of MSI', set(NONE | 8, MSI), -ERRNO.ENOTTY],
    ['turning off what is not on', set(NONE | TRIGGER, INTX, 0), -ERRNO.EINVAL],
  ])('a call to set interrupts of mtty is refused: %s', (_what, words, ret) => {
    expect(new Device('mtty').asked().results('SET_IRQS', words)).toEqual([ret]);
  });

  test('all are refused before the device was asked how many there are', () => {
    expect(new Device('mtty').results('SET_IRQS', set(NONE | TRIGGER, MSIX))).toEqual(INVALID);
  });

  test('MSI is refused while INTx is on, which a trigger proves', () => {
    const device = new Device('mtty').asked();
    device.returned('SET_IRQS', set(EVENTFD | TRIGGER, INTX), 0);
    device.returned('SET_IRQS', set(NONE | TRIGGER, INTX), 0);
    expect(device.results('SET_IRQS', set(NONE | UNMASK, INTX))).toEqual([0]);
    expect(device.results('SET_IRQS', set(EVENTFD | TRIGGER, MSI))).not.toContain(0);
    device.returned('SET_IRQS', set(NONE | TRIGGER, INTX, 0), 0);
    expect(device.results('SET_IRQS', set(EVENTFD | TRIGGER, MSI))).toContain(0);
  });

  test('interrupts of mtty where start and count are not recorded, success rules out what cannot succeed', () => {
    const device = new Device('mtty').asked();
    expect(device.results('SET_IRQS', [20, NONE | TRIGGER, INTX])).toEqual(INVALID);
    device.returned('SET_IRQS', [24, EVENTFD | TRIGGER, INTX], 0);
    expect(device.results('SET_IRQS', [20, NONE | TRIGGER, INTX])).toEqual([0, -ERRNO.EINVAL]);
    expect(device.results('SET_IRQS', [20, NONE | TRIGGER, MSIX])).toContain(-ERRNO.ENOTTY);
  });

  test.each(['mdpy', 'mbochs'] as const)('mdpy/no-irqs: interrupts are missing in %s', (name) => {
    expect(new Device(name).results('SET_IRQS', set(EVENTFD | TRIGGER, INTX))).toEqual(INVALID);
  });
});

describe('features', () => {
  const [GET, SET, PROBE] = [0x10000, 0x20000, 0x40000];
  const probe = (id: number, flags: number, name: Name = 'mtty', version = DEBIAN_12) =>
    new Device(name, version).results('FEATURE', [8, id | flags | PROBE, 0]);

  test.each([0, 3, 4, 5, 10, 11, 13, 15])('mtty has no feature %i', (id) => {
    expect(probe(id, GET)).toEqual(MISSING);
  });

  test.each([
    [1, GET, SET],
    [6, SET, GET],
    [7, SET, GET],
    [8, GET, SET],
    [9, GET, SET],
  ])('mtty/features: it has feature %i in one direction', (id, there, missing) => {
    expect(probe(id, there)).toEqual([0]);
    expect(probe(id, 0)).toEqual([0]);
    expect(probe(id, missing)).toEqual(INVALID);
    expect(probe(id, GET | SET)).toEqual(INVALID);
  });

  test('the state is read and written', () => {
    for (const flags of [GET, SET, GET | SET]) expect(probe(2, flags)).toEqual([0]);
  });

  test.each([
    'mdpy',
    'mbochs',
  ] as const)('mdpy/no-migration, mbochs/no-migration: features are missing in %s', (name) => {
    for (const id of [1, 2, 6, 7, 8, 9]) expect(probe(id, GET, name)).toEqual(MISSING);
  });

  test('the second form of GET_PRECOPY_INFO came after 7.0', () => {
    expect(probe(12, GET)).toEqual(MISSING);
    expect(probe(12, GET, 'mtty', BACKPORT)).toContain(0);
    expect(probe(12, GET, 'mdpy', BACKPORT)).toEqual(INVALID);
  });

  test.each([
    ['both directions without a probe', [16, 2 | GET | SET, 0]],
    ['no direction', [16, 2, 0]],
    ['a flag that is not there', [16, 2 | GET | 0x100000, 0]],
    ['a size without the header', [4, 2 | GET, 0]],
    ['a size without the data', [12, 2 | GET, 0]],
  ])('a call of a feature is refused: %s', (_what, words) => {
    expect(new Device('mtty').results('FEATURE', words)).toEqual(INVALID);
  });
});

describe('migration of mtty', () => {
  const { STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P } = STATE;
  const ALL = [STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P];
  const set = (target: number) => [16, 0x20002, target];

  test.each(
    ALL.flatMap((from) => ALL.map((to) => [from, to] as const)),
  )('mtty/arcs: migration goes from %i to %i as its table says', (from, to) => {
    const device = new Device('mtty').state(from, 0);
    const noWay = from === STOP_COPY && (to === PRE_COPY || to === PRE_COPY_P2P);
    // Whether all data of a device that resumes were written is not recorded.
    const ends = from === RESUMING && to !== RESUMING;
    const expected = noWay ? INVALID : ends ? [0, -ERRNO.EINVAL] : [0];
    expect(device.results('FEATURE', set(to))).toEqual(expected);
  });

  test.each([STATE.ERROR, 8, 99])('there is no way to %i', (target) => {
    for (const from of ALL) {
      const device = new Device('mtty').state(from, 0);
      expect(device.results('FEATURE', set(target))).toEqual(INVALID);
    }
  });

  test('mtty/reset: a refused arc leaves the device resuming, and a reset makes it run', () => {
    const device = new Device('mtty').state(RESUMING, 0).state(RUNNING, -ERRNO.EINVAL);
    expect(device.mdev.migration?.state).toBe(RESUMING);
    device.returned('RESET', [], 0);
    expect(device.mdev.migration).toEqual({ state: RUNNING, file: null });
  });

  test('a state that is not known is known again when it was set', () => {
    const device = new Device('mtty');
    device.mdev.migration = null;
    expect(device.results('FEATURE', set(STOP_COPY))).toBeNull();
    expect(device.results('FEATURE', set(99))).toEqual(INVALID);
    device.returned('RESET', [], 0);
    expect(device.results('FEATURE', set(STOP_COPY))).toEqual([0]);
  });
});

describe('displays', () => {
  const query = (name: Name, flags: number) =>
    new Device(name).results('QUERY_GFX_PLANE', [64, flags, 0]);

  test('mdpy has a region, mbochs buffers, mtty nothing', () => {
    expect([query('mdpy', 5), query('mdpy', 3), query('mdpy', 4)]).toEqual([[0], INVALID, [0]]);
    expect([query('mbochs', 5), query('mbochs', 3)]).toEqual([INVALID, [0]]);
    expect(query('mtty', 5)).toEqual(MISSING);
    expect(new Device('mdpy').results('QUERY_GFX_PLANE', [56, 4, 0])).toEqual(INVALID);
  });

  test('mbochs/dmabuf: buffers are numbered from 1 on', () => {
    const buffer = (id: number) => new Device('mbochs').results('GET_GFX_DMABUF', [id, 1, 0]);
    expect([buffer(0), buffer(1)]).toEqual([[-ERRNO.ENOENT], null]);
  });
});

test('a region of mtty that is not there cannot be accessed', () => {
  const { driver } = new Device('mtty');
  const regions = [0, 5, 6, 7, 8].map((region) => driver.access(region, 4));
  expect(regions).toEqual([[4], [4], [-ERRNO.EFAULT], [4], [-ERRNO.EFAULT]]);
});
