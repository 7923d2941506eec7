/**
 * Goal: events of runs are those that the recorder would have made.
 * Method: every function that the kernel that runs tells of, against the catalogue of probes.
 */
import { expect, test } from 'vitest';
import { CATALOGUE } from '../recorder/catalogue/index.js';
import { vfioIoctlFile, vfioIoctlName } from '../recorder/vfio-ioctls.js';
import { CALLS, FUNCTIONS, RUNTIME_EVENTS, SEEN_READS } from '../replay/kernel/index.js';
import { IOCTLS } from '../replay/model/vfio/ioctl-numbers.js';

test.each(
  Object.entries(FUNCTIONS),
)('%s is in the catalogue, with its kind and path', (name, facts) => {
  const probes = CATALOGUE.filter((probe) => probe.name === name);
  expect(
    probes.map(({ kind, path }) => ({ kind, ...(path === undefined ? {} : { path }) })),
  ).toContainEqual(facts);
});

test.each(
  Object.entries(SEEN_READS),
)('a read of %s is in the catalogue, with its kind and path', (name, facts) => {
  expect(CATALOGUE).toContainEqual(expect.objectContaining({ name, ...facts }));
});

test.each(Object.entries(RUNTIME_EVENTS))('%s is in the catalogue as a point', (name, facts) => {
  expect(CATALOGUE).toContainEqual(expect.objectContaining({ name, ...facts, role: 'point' }));
});

test.each(Object.entries(CALLS))('%s of VFIO is in the catalogue, too', (name, facts) => {
  const probes = CATALOGUE.filter((probe) => probe.name === name);
  // Configuration space through the `pci_user_*` functions is hardware's in a call of VFIO.
  const found = probes.map(({ kind, path }) => ({
    ...(typeof kind === 'string' ? { kind } : { kind: kind.read, writes: kind.write }),
    ...(path === undefined ? {} : { path: path === 'user' ? 'hardware' : path }),
  }));
  expect(found).toContainEqual(facts);
});

test.each(Object.entries(IOCTLS))('%s has the number that the recorder knows', (name, facts) => {
  expect(vfioIoctlName(facts.number, facts.file)).toBe(name);
  expect(vfioIoctlFile(name)).toBe(facts.file);
});
