/**
 * Goal: a mapping that QEMU tells of several times is one operation, and one that failed is none.
 * Method: lines as hw/vfio/listener.c and backends/iommufd.c of QEMU print them, in the order of
 * their calls, with lines of other threads in between, as text and as records of simpletrace.
 */
import { describe, expect, test } from 'vitest';
import { importBytes } from '../../../tests/import-bytes.js';
import { qemuText } from './qemu-text.js';

const read = (...lines: string[]) => importBytes(qemuText, Buffer.from(`${lines.join('\n')}\n`));
const dma = (...lines: string[]) =>
  read(...lines)
    .rows.filter(({ kind }) => kind.startsWith('dma.'))
    .map(({ kind, phase, offset, length, ret, span }) => [kind, phase, offset, length, ret, span]);

const ADD = 'vfio_listener_region_add_ram region_add [ram] 0x100000 - 0x1fffff [0x7f0000000000]';
const DEL = 'vfio_listener_region_del region_del 0x100000 - 0x1fffff';
const mapped = (ret: number) =>
  `iommufd_backend_map_dma  iommufd=10 ioas=2 iova=0x100000 size=0x100000 addr=0x7f0000000000 readonly=0 (${ret})`;
const unmapped = (ret: number) =>
  `iommufd_backend_unmap_dma  iommufd=10 ioas=2 iova=0x100000 size=0x100000 (${ret})`;
const FAILED =
  'qemu-system-x86_64: vfio_container_dma_map(0x55a21b03a150, 0x100000, 0x100000, 0x7f0000000000) = -22 (Invalid argument)';
const IOVA = 0x100000n;

describe('a mapping', () => {
  test('a mapping that is announced and reported is one span', () => {
    expect(dma(ADD, mapped(0), DEL, unmapped(0))).toEqual([
      ['dma.map', 'begin', IOVA, IOVA, undefined, undefined],
      ['dma.map', 'end', IOVA, IOVA, 0n, 0],
      ['dma.unmap', 'begin', IOVA, IOVA, undefined, undefined],
      ['dma.unmap', 'end', IOVA, IOVA, 0n, 2],
    ]);
  });

  test('a mapping that nothing reports is a point, as with a container of type 1', () => {
    const other = ADD.replace('0x100000', '0x200000').replace('0x1fffff', '0x2fffff');
    expect(dma(ADD, other, DEL).map(([kind, phase]) => `${kind} ${phase}`)).toEqual([
      'dma.map point',
      'dma.map point',
      'dma.unmap point',
    ]);
  });

  test('a mapping of one thread is not taken for that of another, whose lines keep their places', () => {
    const at = (tid: number, line: string) => `${tid}@1795246250.081970:${line}`;
    const { rows } = read(
      at(7, ADD),
      at(8, 'vfio_region_read  (0000:03:00.0:region0+0x8, 4) = 0x1'),
      at(7, mapped(0)),
    );
    expect(rows.map(({ kind, phase, tid, span }) => [kind, phase, tid, span])).toEqual([
      ['dma.map', 'begin', 7, undefined],
      ['region.read', 'point', 8, undefined],
      ['dma.map', 'end', 7, 0],
    ]);
  });
});

describe('a mapping that failed', () => {
  test('a mapping that failed with -1 has no number: which error it was is not known', () => {
    expect(dma(mapped(-1), mapped(0))).toEqual([
      ['dma.map', 'point', IOVA, IOVA, undefined, undefined],
      ['dma.map', 'point', IOVA, IOVA, 0n, undefined],
    ]);
  });

  test('a mapping that failed has the error that a message behind it tells', () => {
    expect(dma(ADD, mapped(-1), FAILED)).toEqual([
      ['dma.map', 'begin', IOVA, IOVA, undefined, undefined],
      ['dma.map', 'end', IOVA, IOVA, -22n, 0],
    ]);
    const message = 'qemu-system-x86_64: IOMMU_IOAS_MAP failed: Bad address, PCI BAR?';
    expect(dma(mapped(-1), message)).toEqual([['dma.map', 'point', IOVA, IOVA, -14n, undefined]]);
  });

  test('a mapping that failed is ended by the message where there is no report', () => {
    expect(dma(ADD, FAILED.replace('container_', ''))).toEqual([
      ['dma.map', 'begin', IOVA, IOVA, undefined, undefined],
      ['dma.map', 'end', IOVA, IOVA, -22n, 0],
    ]);
    expect(dma(FAILED)).toEqual([['dma.map', 'point', IOVA, IOVA, -22n, undefined]]);
  });

  test('a mapping that failed of another address is another one', () => {
    const other = FAILED.replace('0x100000,', '0x300000,');
    expect(dma(mapped(-1), other)).toEqual([
      ['dma.map', 'point', IOVA, IOVA, undefined, undefined],
      ['dma.map', 'point', 0x300000n, IOVA, -22n, undefined],
    ]);
  });
});

test('unmapping what is not mapped is the error that QEMU traces it for', () => {
  const line =
    'iommufd_backend_unmap_dma_non_exist  Unmap nonexistent mapping: iommufd=10 ioas=2 iova=0x100000 size=0x100000 (-1)';
  expect(dma(DEL, line)).toEqual([
    ['dma.unmap', 'begin', IOVA, IOVA, undefined, undefined],
    ['dma.unmap', 'end', IOVA, IOVA, -2n, 0],
  ]);
});

test('every line is counted once, whatever becomes of it', () => {
  const { rows, report } = read(ADD, mapped(-1), 'a message', FAILED, DEL, unmapped(0));
  expect(rows).toHaveLength(6);
  expect(report.unparsed).toBe(1);
  expect(Object.values(report.records).reduce((a, b) => a + b)).toBe(5);
});
