/**
 * Goal: parameters of modules mean what they mean to the kernel.
 * Method: texts, and what vfio_pci_fill_ids, sscanf and param_set_copystring of 6.12 make of them.
 */
import { describe, expect, test } from 'vitest';
import { parseNewId } from '../binding/pci-ids.js';
import { idsAreTooLong, idsOf } from './module-parameters.js';

const entry = (vendor: number, device: number, more = {}) => ({
  vendor,
  device,
  subvendor: null,
  subdevice: null,
  class: 0,
  classMask: 0,
  ...more,
});

describe('vfio-pci/ids-parameter: the text of ids', () => {
  test('ids are tried in the order of the text', () => {
    expect(idsOf({ ids: '10de:2342,8086:10fb' })).toEqual([
      entry(0x10de, 0x2342),
      entry(0x8086, 0x10fb),
    ]);
  });

  test('entries that are empty, or have one number, are left out', () => {
    expect(idsOf({ ids: ',junk,8086,8086:,:10fb,8086 10fb,8086:10fb,' })).toEqual([
      entry(0x8086, 0x10fb),
    ]);
  });

  test('an entry has up to six numbers, and ffffffff is any', () => {
    const more = { subvendor: 0x1028, classMask: 0xffff00, class: 0x020000 };
    expect(idsOf({ ids: '8086:10fb:1028:ffffffff:020000:ffff00:1' })).toEqual([
      entry(0x8086, 0x10fb, more),
    ]);
  });

  test('numbers may have a prefix and blanks before them, and what follows the last is ignored', () => {
    expect(idsOf({ ids: ' 0x8086: 0X10FB rest' })).toEqual([entry(0x8086, 0x10fb)]);
  });

  test('a number has 32 bits', () => {
    expect(idsOf({ ids: '100008086:10fb' })).toEqual([entry(0x8086, 0x10fb)]);
  });

  test('ids of 1023 bytes fit, and longer ones are refused', () => {
    const tooLong = (bytes: number) => idsAreTooLong({ ids: 'a'.repeat(bytes) });
    expect([tooLong(1023), tooLong(1024)]).toEqual([false, true]);
  });
});

test('new_id reads numbers as ids does, with blanks between them', () => {
  expect(parseNewId('8086 10fb,\n')).toEqual({ entry: entry(0x8086, 0x10fb), fields: 2 });
  expect(parseNewId('8086,10fb')).toBeNull();
});
