/**
 * Goal: the catalogue knows the probes that people record with, is consistent in itself, and its
 * page is current. Method: the probe definitions that real kernels took, as golden data.
 */
import { describe, expect, test } from 'vitest';
import { testData } from '../../tests/test-data.js';
import { catalogueMarkdown } from './events-page.js';
import { CATALOGUE, findProbe } from './index.js';
import { RACES } from './reported-races.js';

/** Definitions that the 6.1, 6.12 and 7.3 kernels of the test recordings accepted: event and symbol. */
const definitions = ['6.1', '6.12', '7.3'].flatMap((kernel) =>
  testData(`probes/definitions-${kernel}.txt`)
    .toString()
    .trim()
    .split('\n')
    .map((line) => {
      const [, type, event, at] = /^([pfr])\S*:vfr\/(\w+) (\S+)/.exec(line) ?? [];
      return { kernel, type, event, symbol: at?.replace(/^\w+:/, '').replace(/[+%].*/, '') };
    }),
);
/** Trials of a second way to probe what another definition of the list probes already. */
const TRIALS = /_(?:btf|btf_ret|kp)$/;

describe('the catalogue', () => {
  test('the catalogue knows every probe of the recordings', () => {
    const unknown = definitions.filter(({ event }) => !TRIALS.test(event) && !findProbe(event));
    expect(unknown).toEqual([]);
    expect(definitions.length).toBeGreaterThan(200);
  });

  test('the catalogue puts it on the same function', () => {
    const wrong = definitions.filter(({ event, symbol }) => {
      const site = findProbe(event)?.site;
      // Functions whose name is not unique were given by address.
      return symbol !== '_text' && site?.type === 'function' && site.symbol !== symbol;
    });
    expect(wrong).toEqual([]);
  });

  test('every value and return has an entry', () => {
    const entries = new Set(CATALOGUE.filter((p) => p.role === 'entry').map((p) => p.call));
    const orphans = CATALOGUE.filter((p) => p.role === 'value' || p.role === 'return').filter(
      (p) => !entries.has(p.call),
    );
    expect(orphans).toEqual([]);
  });

  test('the catalogue takes columns only from fields that are fetched', () => {
    const missing = CATALOGUE.filter((p) => p.role === 'entry' || p.role === 'point').flatMap(
      (p) => {
        if (p.site.type !== 'function') return [];
        const fetched = new Set([...Object.keys(p.site.fetch), 'val']);
        const { device, driver, region, offset, length, value, text, position } = p.columns;
        const fields = [device, driver, region, offset, length, value, text, position];
        return fields
          .filter((from): from is string => typeof from === 'string' && !fetched.has(from))
          .map((from) => `${p.event}: ${from}`);
      },
    );
    expect(missing).toEqual([]);
  });

  test('the catalogue has every probe that the table of races names', () => {
    // iommufd's own calls are in a list of their own.
    const named = RACES.flatMap(({ steps }) => steps.flatMap(([, ...events]) => events));
    const missing = named.filter((event) => !findProbe(event) && !event.startsWith('iommufd_fops'));
    expect(missing).toEqual([]);
    expect(RACES.length).toBe(16);
  });

  test('docs/events.md is what it says', async () => {
    await expect(catalogueMarkdown()).toMatchFileSnapshot('../../docs/events.md');
  });
});
