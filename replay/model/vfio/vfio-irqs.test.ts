/**
 * Goal: what the kernel answers to interrupt requests that no recording made.
 * Method: one device with all kinds of interrupts; the rules of vfio_pci_set_irqs_ioctl and of what
 * it calls (drivers/vfio/pci/vfio_pci_intrs.c 6.1), request by request; then random requests, after
 * which disabling must leave nothing.
 */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import { CAP, configRules } from '../vfio-pci-core/capabilities.js';
import { openSpace } from '../vfio-pci-core/config-space-model.js';
import { IRQ, irqCount, type OpenDevice, openDevice } from '../vfio-pci-core/open-device.js';
import { applyIrqs, irqsResult, validIrqs } from './vfio-irqs.js';

const [NONE, BOOL, EVENTFD] = [1, 2, 4];
const [MASK, UNMASK, TRIGGER] = [8, 16, 32];
const { EBADF, EINVAL, ENOTTY } = ERRNO;
/** It succeeds if the descriptors that it passes are eventfds. */
const GIVEN = [0, -EBADF, -EINVAL];

function device(): OpenDevice {
  const hardware = new Uint8Array(256);
  hardware[0x06] = 0x10;
  hardware[0x34] = 0x40;
  hardware[0x3d] = 1;
  hardware.set([0x05, 0x60, 0x86, 0x00], 0x40);
  hardware.set([0x11, 0x80, 0x04, 0x00], 0x60);
  hardware.set([0x10, 0x00, 0x02, 0x00], 0x80);
  const fn = { vendor: 1, device: 2, class: 0x020000, isVf: false, resources: [] };
  return openDevice(fn, openSpace(hardware, fn, configRules(6001)), true);
}

let open: OpenDevice;
beforeEach(() => {
  open = device();
});

/** Asks, and lets the device take it in when it can succeed. */
function ask(flags: number, index: number, start = 0, count = 1): readonly number[] | null {
  const request = { flags, index, start, count };
  const results = irqsResult(open, request, 6012);
  if (results?.includes(0)) applyIrqs(open, request);
  return results;
}

test('each index has as many interrupts as its capability says', () => {
  const counts = [IRQ.INTX, IRQ.MSI, IRQ.MSIX, IRQ.ERR, IRQ.REQ, 5].map((i) => irqCount(open, i));
  expect(counts).toEqual([1, 8, 5, 1, 1, 0]);
});

test('a request must be of a good form', () => {
  const valid = (flags: number, index: number, start: number, count: number) =>
    validIrqs(open, { flags, index, start, count }, 6012);
  expect(valid(EVENTFD | TRIGGER, IRQ.MSIX, 0, 5)).toBe(true);
  expect(valid(EVENTFD | TRIGGER, IRQ.MSIX, 1, 5)).toBe(false);
  expect(valid(EVENTFD | TRIGGER, IRQ.MSIX, 500, 1)).toBe(false);
  expect(valid(EVENTFD | BOOL | TRIGGER, IRQ.MSIX, 0, 1)).toBe(false);
  expect(valid(0x40 | NONE, IRQ.INTX, 0, 1)).toBe(false);
  expect(valid(NONE | TRIGGER, 5, 0, 1)).toBe(false);
});

test('errors of a conventional function have an interrupt from 7.3 on', () => {
  delete (open.space.capabilities as Record<number, unknown>)[CAP.EXP];
  const request = { flags: EVENTFD | TRIGGER, index: IRQ.ERR, start: 0, count: 1 };
  const results = [6012, 7003, null].map((version) => irqsResult(open, request, version));
  expect(results).toEqual([[-ENOTTY], GIVEN, [-ENOTTY, ...GIVEN]]);
  expect([6012, 7003].map((version) => validIrqs(open, request, version))).toEqual([false, true]);
});

describe('INTx', () => {
  test('INTx is masked and unmasked only while it is the type in use', () => {
    expect(ask(NONE | MASK, IRQ.INTX)).toEqual([-EINVAL]);
    expect(ask(EVENTFD | TRIGGER, IRQ.INTX)).toEqual(GIVEN);
    expect(ask(NONE | MASK, IRQ.INTX)).toEqual([0]);
    expect(ask(EVENTFD | MASK, IRQ.INTX)).toEqual([-ENOTTY]);
    expect(ask(NONE | UNMASK, IRQ.INTX, 1)).toEqual([-EINVAL]);
  });

  test('INTx excludes MSI until it is disabled', () => {
    ask(EVENTFD | TRIGGER, IRQ.INTX);
    expect(ask(EVENTFD | TRIGGER, IRQ.MSI, 0, 4)).toEqual([-EINVAL]);
    expect(ask(NONE | TRIGGER, IRQ.INTX, 0, 0)).toEqual([0]);
    expect(ask(EVENTFD | TRIGGER, IRQ.MSI, 0, 4)).toEqual(GIVEN);
  });
});

describe('MSI', () => {
  test('MSI has no mask of its own, and cannot be tried before it is enabled', () => {
    expect(ask(NONE | MASK, IRQ.MSI)).toEqual([-ENOTTY]);
    expect(ask(NONE | TRIGGER, IRQ.MSI)).toEqual([-EINVAL]);
    expect(ask(NONE | TRIGGER, IRQ.MSI, 0, 0)).toEqual([-EINVAL]);
  });

  test('MSI shows the user as many messages as he enabled', () => {
    ask(EVENTFD | TRIGGER, IRQ.MSI, 0, 5);
    expect(open.space.msiQueueMax).toBe(3);
    expect(ask(BOOL | TRIGGER, IRQ.MSI, 4, 1)).toEqual([0]);
    expect(ask(EVENTFD | TRIGGER, IRQ.MSI, 5, 1)).toEqual([-EINVAL]);
  });
});

test('MSI-X vectors can be had in addition from 6.5 on', () => {
  const request = { flags: EVENTFD | TRIGGER, index: IRQ.MSIX, start: 0, count: 2 };
  applyIrqs(open, request);
  const results = [6001, 6005, null].map((version) =>
    irqsResult(open, { ...request, start: 2 }, version),
  );
  expect(results).toEqual([[-EINVAL], GIVEN, GIVEN]);
});

test('ERR and REQ signal only when they are set', () => {
  expect(ask(NONE | TRIGGER, IRQ.REQ)).toEqual([-EINVAL]);
  expect(ask(EVENTFD | TRIGGER, IRQ.REQ, 0, 1)).toEqual(GIVEN);
  expect(ask(NONE | TRIGGER, IRQ.REQ)).toContain(0);
  expect(ask(NONE | TRIGGER, IRQ.ERR, 1)).toEqual([-EINVAL]);
  expect(ask(NONE | MASK, IRQ.ERR)).toEqual([-ENOTTY]);
});

test('after any requests, disabling the type in use leaves no interrupts', () => {
  const request = fc.tuple(
    fc.constantFrom(NONE, BOOL, EVENTFD),
    fc.constantFrom(MASK, UNMASK, TRIGGER),
    fc.integer({ min: 0, max: 4 }),
    fc.integer({ min: 0, max: 6 }),
    fc.integer({ min: 0, max: 6 }),
  );
  fc.assert(
    fc.property(fc.array(request, { maxLength: 30 }), (requests) => {
      open = device();
      for (const [data, action, index, start, count] of requests) {
        if (!validIrqs(open, { flags: data | action, index, start, count }, 6012)) continue;
        ask(data | action, index, start, count);
        const inUse = open.irqType;
        expect(open.vectors > 0).toBe(inUse !== IRQ.NONE);
        if (inUse !== null) expect(open.vectors <= Math.max(1, irqCount(open, inUse))).toBe(true);
      }
      if (open.irqType === null || open.irqType === IRQ.NONE) return;
      expect(ask(NONE | TRIGGER, open.irqType, 0, 0)).toEqual([0]);
      expect([open.irqType, open.vectors]).toEqual([IRQ.NONE, 0]);
    }),
  );
});
