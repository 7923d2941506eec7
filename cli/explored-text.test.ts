/** Goal: the text of an exploration shows what the orders differ in. */
import { expect, test } from 'vitest';
import { exploreOrders, SCENARIOS, specOf, World } from '../replay/index.js';
import { type Explored, formatByKernel, formatExplored, noSeqText } from './explored-text.js';

const BRIDGE = '0000:00:1c.0';

/** The scenario of two binders behind a bridge. */
function explored(driver: string | undefined, does: readonly object[] = []): Explored {
  const base = SCENARIOS.find(({ name }) => name === 'two-binders')!;
  const { machine, actors } = base;
  const bridge = { address: BRIDGE, vendor: '0x8086', device: '0x8c10', class: '0x060400' };
  const document = {
    ...base,
    machine: {
      functions: [...machine.functions, { ...bridge, ...(driver === undefined ? {} : { driver }) }],
      drivers: [...machine.drivers, { name: 'pcieport' }],
    },
    actors: [...actors, { name: 'admin', does: does as (typeof actors)[0]['does'] }],
  };
  const world = new World(specOf(document));
  const limits = { states: 50_000, exact: false, reduce: 'never', samples: 0 } as const;
  const found = exploreOrders(world, { ...limits, isBad: () => false });
  return { scenario: 'bridge', named: null, kernel: '6.12', world, found };
}

const unbind = { write: '/sys/bus/pci/drivers/pcieport/unbind', text: BRIDGE };

test('a bridge that keeps its driver is left out of the text of outcomes', async () => {
  for (const driver of ['pcieport', undefined]) {
    const one = explored(driver);
    expect(await formatExplored(one)).not.toContain(BRIDGE);
    expect(await formatByKernel([one])).not.toContain(BRIDGE);
  }
});

test('a bridge whose driver changes is in the text of outcomes', async () => {
  expect(await formatExplored(explored('pcieport', [unbind]))).toContain(`${BRIDGE} no driver`);
});

test('a dash in the place of an event is explained, and only where it stands', () => {
  expect(noSeqText([3, null])).toEqual(['     -  no event of the recording shows this']);
  expect(noSeqText([3])).toEqual([]);
});
