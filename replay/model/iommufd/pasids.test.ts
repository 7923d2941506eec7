/**
 * Goal: what is known of PASIDs that a recording does not have, and what two devices of a group have
 * in common.
 * Method: contexts with a page table for PASIDs, after drivers/iommu/iommufd/device.c 7.3.
 */
import { expect, test } from 'vitest';
import { attach, attachPasid, bind, detachPasid, NOTHING_WRITTEN, unbind } from './index.js';
import {
  add,
  type Context,
  type IommufdObject,
  inUse,
  newContext,
  newIoas,
} from './iommufd-objects.js';

const [IOAS, TABLE, OTHER, DEVICE, TWIN] = [1, 2, 3, 4, 5];
const table: IommufdObject = {
  type: 'hwpt',
  ioas: IOAS,
  auto: false,
  nestParent: false,
  dirty: false,
  fault: null,
  pasid: true,
};
const DONE = { ret: 0, written: NOTHING_WRITTEN, at: 0n };

function contextOf(): Context {
  const context = newContext(true);
  add(context, newIoas(context), null);
  for (let i = 0; i < 2; i++) add(context, table, null);
  for (const address of ['0000:01:00.0', '0000:01:00.1']) bind(context, address, 7);
  return context;
}

function attached(context: Context, id: number, pasid: number | null, pt: number): boolean {
  const { results, done } = attachPasid(context, id, pasid, pt);
  const isPossible = results?.includes(0) === true;
  if (isPossible) done?.(DONE);
  return isPossible;
}

test('a PASID of a group has one page table, and another one moves it for all of its devices', () => {
  const context = contextOf();
  expect(attached(context, DEVICE, 5, TABLE)).toBe(true);
  expect(attached(context, TWIN, 5, OTHER)).toBe(false);
  expect(attachPasid(context, TWIN, 5, TABLE).results).toEqual([0]);
  expect(attached(context, TWIN, 5, TABLE)).toBe(true);
  expect(attached(context, TWIN, 5, OTHER)).toBe(true);
  expect([inUse(context, TABLE), inUse(context, OTHER)]).toEqual([false, true]);
});

test('a page table of a PASID is free when the PASID is detached, or its device unbound', () => {
  const context = contextOf();
  attached(context, DEVICE, 5, TABLE);
  attached(context, TWIN, 6, TABLE);
  detachPasid(context, DEVICE, 5);
  expect(inUse(context, TABLE)).toBe(true);
  unbind(context, TWIN);
  expect(inUse(context, TABLE)).toBe(false);
});

test('a PASID that is not recorded keeps its page table, until one is detached', () => {
  const context = contextOf();
  attached(context, DEVICE, null, TABLE);
  expect(inUse(context, TABLE)).toBe(true);
  expect(attach(context, DEVICE, IOAS).results).toEqual([-22]);
  detachPasid(context, DEVICE, null);
  expect(inUse(context, TABLE)).toBeNull();
  expect(attach(context, DEVICE, IOAS).results).toEqual([0, -22]);
});

test('a PASID that is not recorded may be 0, which attaches the device itself to an IOAS', () => {
  const context = contextOf();
  expect(attachPasid(context, DEVICE, null, IOAS).results).toEqual([-22, -28, -16, 0]);
  attach(context, DEVICE, TABLE).done?.(DONE);
  expect(attachPasid(context, DEVICE, null, IOAS).results).toEqual([-22, -28, -16]);
  expect(attachPasid(context, DEVICE, 0, TABLE).results).toEqual([-16]);
});
