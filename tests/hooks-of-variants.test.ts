/**
 * Goal: what a hook of a variant changes counts from the call on for the kernel that runs and for
 * the judge alike, and a read shows what the driver kept when it began.
 * Method: hooks of nvgrace-gpu are replaced by ones that count; a user calls them, and the recording
 * of the run is judged.
 */
import { afterEach, expect, test, vi } from 'vitest';
import { driverModel, type Own } from '../replay/model/drivers/index.js';
import { because } from '../replay/model/reason.js';
import { SCENARIOS, specOf } from '../replay/scenarios/index.js';
import { onDevice } from '../replay/scenarios/vfio-parts.js';
import { ERRNO } from '../traces/index.js';
import { judge, traceOf } from './cross-judge.js';
import { rowsOf } from './rewrite.js';

const variant = driverModel('nvgrace_gpu_vfio_pci').variant!;
const base = SCENARIOS.find(({ name }) => name === 'nvgrace-fake-bars')!;
type Does = (typeof base.actors)[0]['does'];

/** The trace of a user who opens the device, and does this. */
function usedBy(does: Does) {
  const [user] = base.actors;
  const opens = user.does.slice(0, 1 + user.does.findIndex((one) => isOpening(one)));
  const document = { ...base, actors: [{ ...user, does: [...opens, ...does] }] };
  return traceOf(specOf(document), 1);
}
const isOpening = (one: Does[0]) => 'ioctl' in one && one.ioctl === 'VFIO_GROUP_GET_DEVICE_FD';

const countOf = (own: Own): number => (own as { readonly count?: number }).count ?? 0;
const counted = (own: Own): Own => ({ ...own, count: countOf(own) + 1 });

afterEach(() => {
  vi.restoreAllMocks();
});

test('a read that changes what its driver keeps shows what it was before', () => {
  vi.spyOn(variant, 'read').mockImplementation((own) => ({
    by: 'core',
    over: [{ at: 0, bytes: Uint8Array.of(0x40 + countOf(own)) }],
    own: counted(own),
  }));
  const trace = usedBy([onDevice.config.read(0, 4), onDevice.config.read(0, 4)]);
  const doors = rowsOf(trace).filter(({ name }) => name === variant.doors.read);
  const values = doors.flatMap(({ phase, value }) =>
    phase === 'end' ? [Number(value) & 0xff] : [],
  );
  expect(values).toEqual([0x40, 0x41]);
  expect(judge(trace).divergences).toEqual([]);
});

test('the bytes of the core are shown by what the driver kept before', () => {
  vi.spyOn(variant, 'read').mockImplementation((own) => ({ by: 'core', own: counted(own) }));
  const shown = vi.fn((own: Own, _: unknown, core: readonly (number | null)[]) =>
    core.map(() => 0x50 + countOf(own)),
  );
  Object.assign(variant, { shown });
  try {
    const trace = usedBy([onDevice.config.read(0, 4)]);
    expect(judge(trace).divergences).toEqual([]);
    expect(shown.mock.calls.map(([own]) => countOf(own))).toEqual([0, 0]);
  } finally {
    Object.assign(variant, { shown: undefined });
  }
});

test('an ioctl that changes what its driver keeps decides by that the next time', () => {
  vi.spyOn(variant, 'ioctl').mockImplementation((own, name) => {
    if (name !== 'VFIO_DEVICE_RESET') return undefined;
    if (countOf(own) > 0) return { by: 'core', own: counted(own) };
    const results = because(ERRNO.EBUSY, 'it is not ready for the first reset');
    return { by: 'driver', results, own: counted(own) };
  });
  const reset = { ioctl: 'VFIO_DEVICE_RESET', on: 'device' } as const;
  const trace = usedBy([reset, reset]);
  const resets = rowsOf(trace).filter(
    ({ name, phase, path }) => name === 'VFIO_DEVICE_RESET' && phase === 'end' && path === 'vfio',
  );
  expect(resets.map(({ ret }) => Number(ret))).toEqual([-ERRNO.EBUSY, 0]);
  expect(judge(trace).divergences).toEqual([]);
});
