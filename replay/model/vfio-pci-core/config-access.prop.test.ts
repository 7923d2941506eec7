/**
 * Goal: whatever a user does to configuration space, he changes no bit that is not his to change.
 * Method: random accesses of a recorded device over hardware that keeps what is written to it; the
 * permission tables say which bits may have changed, in the hardware and in the virtual copy.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { testData } from '../../../tests/test-data.js';
import { configRules, HEADER_BYTES } from './capabilities.js';
import { answerAccess, beginAccess } from './config-access.js';
import { openSpace, ownerOf } from './config-space-model.js';
import { peek, poke } from './little-endian.js';
import { type PciFunction, parseResource } from './pci-function.js';

const recorded = JSON.parse(testData('vfio-config/6.1-e1000e.json.zst').toString()) as {
  readonly function: Omit<PciFunction, 'resources'> & { readonly resource: string[] };
  readonly hardware: string;
};
const fn = { ...recorded.function, resources: recorded.function.resource.map(parseResource) };
const original = Uint8Array.from(Buffer.from(recorded.hardware, 'base64'));

const request = fc.record({
  write: fc.boolean(),
  offset: fc.integer({ min: 0, max: 0x160 }),
  data: fc.uint8Array({ minLength: 1, maxLength: 12 }),
});

/** Registers that the kernel itself writes: COMMAND is restored, MSI flags are set. */
const WRITTEN_BY_KERNEL = new Set([0x04, 0x05, 0xd2, 0xd3]);

test('bits that are not writable never change', () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 40 }), fc.boolean(), (requests, isMsi) => {
      const hardware = original.slice();
      const space = openSpace(original, fn, configRules(6001));
      const before = space.vconfig.slice();
      const context = { fn, isMsi, hasVfs: false };
      for (const { write, offset, data } of requests) {
        const access = beginAccess(space, context, { write, offset, count: data.length, data });
        for (let steps = 0; access.next !== null; steps++) {
          expect(steps).toBeLessThan(200);
          const { next } = access;
          if (next.type === 'write') poke(hardware, next.offset, next.width, next.value ?? 0);
          const value = next.type === 'read' ? peek(hardware, next.offset, next.width) : null;
          answerAccess(space, context, access, { value, ret: 0 });
        }
        expect(access.result).toBe(data.length);
      }
      checkBits(space, before, hardware);
    }),
    { numRuns: 200 },
  );
});

function checkBits(space: ReturnType<typeof openSpace>, before: Uint8Array, hardware: Uint8Array) {
  for (let at = 0; at < 0x160; at++) {
    const { start, perms } = ownerOf(space, at);
    const offset = at - start;
    const isBar = at >= 0x10 && at < 0x34 && at < HEADER_BYTES;
    if (perms.write === 'hardware' || WRITTEN_BY_KERNEL.has(at) || isBar) continue;
    const writable = perms.writable[offset] ?? 0;
    const virtual = perms.virtual[offset] ?? 0;
    const where = `byte 0x${at.toString(16)}`;
    // What the MSI read does to the id of its own capability is not shown to anybody.
    if (perms.write !== 'msi') {
      expect((space.vconfig[at] ^ before[at]) & ~(writable & virtual), where).toBe(0);
    }
    expect((hardware[at] ^ original[at]) & ~(writable & ~virtual), where).toBe(0);
  }
}
