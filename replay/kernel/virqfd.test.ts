/**
 * Goal: an eventfd unmasks INTx as drivers/vfio/virqfd.c says.
 * Method: the scenarios of it are run, and the signals of the user's eventfd counted.
 */
import { expect, test } from 'vitest';
import { SCENARIOS, specOf } from '../scenarios/index.js';
import { boot, oneAfterTheOther, run, World } from './index.js';
import { FILE } from './vfio-cells.js';

/** How often INTx reached its user, and the errors of the calls. */
function lived(name: string): { signals: number; errors: readonly string[] } {
  const document = SCENARIOS.find((one) => one.name === name)!;
  const world = new World(specOf(document));
  const k = boot(world);
  const { errors } = run(k, oneAfterTheOther);
  const line = world.files.findIndex(({ kind }) => kind === 'eventfd') + 1;
  return { signals: k.get(k.vfio.file(line) + FILE.signals), errors: errors.user };
}

test('virqfd/bad-fd, virqfd/busy, virqfd/hangup: what is refused, and what a close frees', () => {
  expect(lived('virqfd-errors').errors).toEqual(['EBADF', 'EINVAL', 'EBUSY']);
});

test('virqfd/wakes: INTx comes once, and again after a write to the eventfd', () => {
  expect(lived('virqfd-unmasks').signals).toBe(2);
});

test('virqfd/signalled: an eventfd with a signal unmasks as it is set', () => {
  expect(lived('virqfd-signalled-before').signals).toBe(2);
});
