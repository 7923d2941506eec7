/**
 * Goal: a user of configuration space sees what real kernels showed, to the bit, and the kernel
 * asks the hardware what real kernels asked. Method: recordings of Linux 6.1 and 6.12 with a VFIO
 * client that logged every result. The physical accesses of the trace answer the model; what the
 * model does next, what the user sees and every errno are compared.
 */
import { describe, expect, test } from 'vitest';
import { testData } from '../../../tests/test-data.js';
import { configRules } from './capabilities.js';
import { type AccessRequest, answerAccess, beginAccess, bytesOfValue } from './config-access.js';
import { openSpace } from './config-space-model.js';
import type { WriteContext } from './config-write.js';
import type { Effect } from './effects.js';
import { type PciFunction, parseResource } from './pci-function.js';

type Physical =
  | ['r' | 'w' | 'v', offset: number, width: number, value: number]
  | ['z']
  | ['x']
  | ['p', state: number];

interface Recording {
  readonly kernel: string;
  readonly function: Omit<PciFunction, 'resources'> & { readonly resource: string[] };
  readonly hardware: string;
  readonly accesses: {
    readonly w: 0 | 1;
    readonly at: number;
    readonly n: number;
    readonly ret: number;
    readonly v?: number;
    readonly dump?: string;
    readonly hw: Physical[];
  }[];
}

/** An effect in the form of the recording; what the hardware returned is not the model's. */
const shown = (effect: Effect | null): unknown[] | null => {
  switch (effect?.type) {
    case undefined:
      return null;
    case 'read':
      return ['r', effect.offset, effect.width];
    case 'write':
      return ['w', effect.offset, effect.width, effect.value];
    case 'virtual':
      return ['v', effect.offset, effect.width, effect.value];
    case 'zap':
      return ['z'];
    case 'reset':
      return ['x'];
    case 'power':
      return ['p', effect.state];
  }
};

const seenValue = (seen: readonly (number | null)[]) =>
  seen.slice(0, 4).reduce<number>((value, byte, i) => value + (byte ?? 0) * 256 ** i, 0);

const CLIENTS = ['edu', 'e1000e', 'nvmevf', 'ivshmem'];
const FILES = ['6.1', '6.12'].flatMap((kernel) => CLIENTS.map((client) => `${kernel}-${client}`));

describe.each(FILES)('%s', (file) => {
  const recording = JSON.parse(testData(`vfio-config/${file}.json.zst`).toString()) as Recording;
  const fn = {
    ...recording.function,
    resources: recording.function.resource.map(parseResource),
  };
  const hardware = Uint8Array.from(Buffer.from(recording.hardware, 'base64'));
  const rules = configRules(recording.kernel === '6.1' ? 6001 : 6012);

  test('every access does to the hardware and shows the user what was recorded', () => {
    const space = openSpace(hardware, fn, rules);
    const context: WriteContext = { fn, isMsi: false, hasVfs: false };
    for (const [i, { w, at, n, v, ret, dump, hw }] of recording.accesses.entries()) {
      const where = `access ${i}: ${w ? 'write' : 'read'} of ${n} at 0x${at.toString(16)}`;
      const data = w ? bytesOfValue(v ?? 0, n) : new Uint8Array(0);
      const request: AccessRequest = { write: w === 1, offset: at, count: n, data };
      const access = beginAccess(space, context, request);
      for (const step of hw) {
        expect(shown(access.next), where).toEqual(step[0] === 'r' ? step.slice(0, 3) : step);
        answerAccess(space, context, access, { value: (step[3] ?? null) as number | null, ret: 0 });
      }
      expect(access.next, where).toBeNull();
      expect(access.result, where).toBe(ret);
      if (dump !== undefined)
        expect(Buffer.from(access.seen as number[]).toString('hex')).toBe(dump);
      else if (!w && v !== undefined) expect(seenValue(access.seen), where).toBe(low(v, n));
    }
  });
});

const low = (value: number, bytes: number) => value % 256 ** Math.min(bytes, 4);
