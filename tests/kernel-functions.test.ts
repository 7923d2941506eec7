/**
 * Goal: events of runs are those that the recorder would have made.
 * Method: every function that the kernel that runs tells of, against the catalogue of probes.
 */
import { expect, test } from 'vitest';
import { CATALOGUE } from '../recorder/catalogue/index.js';
import { FUNCTIONS } from '../replay/kernel/index.js';

test.each(
  Object.entries(FUNCTIONS),
)('%s is in the catalogue, with its kind and path', (name, facts) => {
  const probes = CATALOGUE.filter((probe) => probe.name === name);
  expect(
    probes.map(({ kind, path }) => ({ kind, ...(path === undefined ? {} : { path }) })),
  ).toContainEqual(facts);
});
