/**
 * Goal: what the kernel that runs has recorded, and what real kernels have, it does again event by
 * event; and what was changed in a recording is found.
 * Method: runs of all scenarios and of random machines, captures of real kernels, and one event of
 * a run changed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importInput } from '../../recorder/index.js';
import { buildTrace, type EventRow, scratchFolder } from '../../tests/build-trace.js';
import { importedCapture } from '../../tests/captures.js';
import { traceOf } from '../../tests/cross-judge.js';
import { CAPTURES, enactedCapture, rowOf } from '../../tests/enact-table.js';
import { randomRun, seed } from '../../tests/random-runs.js';
import { rowsOf } from '../../tests/rewrite.js';
import { MemorySource, TraceReader } from '../../traces/index.js';
import { SCENARIOS, specOf } from '../scenarios/index.js';
import { enact } from './index.js';

const enacted = (reader: TraceReader) => enact(reader.read(), reader.meta.kernel ?? 'unknown');

const EQUAL = { different: 0, notReached: 0, first: null, skippedFunctions: {} };

const hasUsers = ({ actors }: (typeof SCENARIOS)[number]) =>
  actors.some(({ does }) => does.some((operation) => 'open' in operation));
const ofBinding = SCENARIOS.filter((document) => !hasUsers(document));
describe.each(
  ofBinding.map((document) => [document.name, document] as const),
)('a run of %s', (_, document) => {
  test.each([1, 2, 3])('a run of a scenario is done again (schedule %i)', (random) => {
    const result = enacted(traceOf(specOf(document), random));
    expect(result).toMatchObject(EQUAL);
    const outside = Object.values(result.outside).reduce((a, b) => a + b, 0);
    expect(outside + result.compared).toBe(result.events);
    expect(result.skipped).toEqual({});
  });
});

test.each(
  SCENARIOS.filter(hasUsers).map((document) => [document.name, document] as const),
)('a run of the scenario %s, which has users of VFIO, shows no difference', (_, document) => {
  const { different, first } = enacted(traceOf(specOf(document), 1));
  expect({ different, first }).toEqual({ different: 0, first: null });
});

test('any run is done again', () => {
  fc.assert(
    fc.property(randomRun(), seed, (spec, random) => {
      expect(enacted(traceOf(spec, random))).toMatchObject(EQUAL);
    }),
    { numRuns: 150 },
  );
});

test.each(['nothing', '0000:3B:00.0'])('a write that names %j is done again', (text) => {
  const write = '/sys/bus/pci/drivers/vfio-pci/bind';
  const actors = [{ name: 'admin', does: [{ write, text }] }];
  expect(enacted(traceOf(specOf({ ...SCENARIOS[0], actors }), 1))).toMatchObject(EQUAL);
});

test('a write of sriov_numvfs that is refused shows that its function is a PF', () => {
  const document = SCENARIOS.find(({ name }) => name === 'native-driver-first')!;
  const pf = document.machine.functions.find(({ sriov }) => sriov !== undefined)!;
  const write = `/sys/bus/pci/devices/${pf.address}/sriov_numvfs`;
  const does = ['99', 'many'].map((text) => ({ write, text }));
  const rows = rowsOf(traceOf(specOf({ ...document, actors: [{ name: 'admin', does }] }), 1));
  const bytes = buildTrace(
    rows.filter(({ kind }) => kind !== 'snapshot'),
    { meta: { kernel: '6.12' } },
  );
  const result = enacted(new TraceReader(new MemorySource(bytes)));
  expect(result).toMatchObject({ ...EQUAL, compared: 4 });
});

test('the state at the end of a recording is not taken for that at its start', () => {
  const reader = traceOf(
    specOf(SCENARIOS.find(({ name }) => name === 'override-before-unbind')!),
    1,
  );
  const rows = rowsOf(reader);
  const start = rows.find((row) => row.kind === 'snapshot' && row.device === '0000:42:00.0')!;
  const end = { ...start, name: 'end', text: start.text!.replace('"ixgbe"', '"vfio-pci"') };
  const bytes = buildTrace([...rows, end], { meta: { kernel: '6.12' } });
  expect(enacted(new TraceReader(new MemorySource(bytes)))).toMatchObject(EQUAL);
});

describe('recordings of real kernels', () => {
  const table = readFileSync('docs/kernel.md', 'utf8');

  test.each(CAPTURES)('%s is done again, and docs/kernel.md has its figures', (capture) => {
    const result = enactedCapture(capture);
    expect(result).toMatchObject({ different: 0, notReached: 0, first: null });
    expect(table).toContain(rowOf(capture, result));
  });

  test.each(['dma-fault-r1', 'sriov-on-r1'])('%s is done again without its snapshot', (capture) => {
    const output = join(scratchFolder(), `${capture}.arrows`);
    importInput({ input: `tests/data/captures/${capture}/trace.txt.zst`, output });
    const { compared, first, skipped } = enacted(TraceReader.open(output));
    expect({ first, skipped }).toEqual({ first: null, skipped: {} });
    expect(compared).toBe(enactedCapture(capture).compared);
  });

  test('a recording that does not name its kernel is run with the release by which it comes out', () => {
    const { kernel, first, skipped } = enact(
      importedCapture('k73-iommufd-cdev-r1').read(),
      'unknown',
    );
    expect({ kernel, first, skipped }).toEqual({ kernel: '7.3', first: null, skipped: {} });
  });

  test('what no procedure does is counted by function', () => {
    const { skippedFunctions, unrecorded } = enactedCapture('igb-races-r1');
    expect(skippedFunctions).toEqual({ pci_reset_function: 12 });
    expect(unrecorded).not.toContain('vfio_pci_core_enable begin');
  });

  test('functions and ends that a recording never has are named', () => {
    expect(enactedCapture('sriov-off-r1').unrecorded).toEqual([
      'sriov_drivers_autoprobe end',
      'vfio_register_group_dev begin',
      'vfio_register_group_dev end',
      'vfio_unregister_group_dev begin',
      'vfio_unregister_group_dev end',
    ]);
  });
});

describe('a run in which something was changed', () => {
  const document = SCENARIOS.find(({ name }) => name === 'native-driver-first')!;
  const reader = traceOf(specOf(document), 3);
  const rows = rowsOf(reader);
  const changed = (change: (rows: EventRow[]) => void) => {
    const copy = rows.map((row) => ({ ...row }));
    change(copy);
    const { kernel } = reader.meta;
    const bytes = buildTrace(copy, { meta: kernel === undefined ? {} : { kernel } });
    return enacted(new TraceReader(new MemorySource(bytes))).first;
  };
  const find = (name: string, phase: string) =>
    rows.findIndex((row) => row.name === name && row.phase === phase);

  test('a run in which something was changed is done again as long as nothing is changed', () => {
    expect(changed(() => undefined)).toBeNull();
  });

  test('a run in which something was changed tells another result of a call', () => {
    const at = find('sriov_enable', 'end');
    const first = changed((copy) => {
      copy[at] = { ...copy[at], ret: -12n };
    });
    expect(first).toMatchObject({ seq: at });
    expect(first?.expected).toMatch(/sriov_enable .* = 0$/);
    expect(first?.actual).toMatch(/sriov_enable .* = -12$/);
    expect(first?.path).toBe('user > sriov_numvfs > sriov_enable');
  });

  test('a run in which something was changed tells another driver', () => {
    const at = find('driver_bound', 'point');
    const first = changed((copy) => {
      copy[at] = { ...copy[at], driver: 'vfio-pci' };
    });
    expect(first).toMatchObject({ seq: at, state: { driver: 'nova_core' } });
  });

  test('a run in which something was changed tells another order', () => {
    const at = find('pci_bus_add_device', 'point');
    const first = changed((copy) => {
      [copy[at - 1], copy[at]] = [copy[at], copy[at - 1]];
    });
    expect(first).toMatchObject({ seq: at - 1 });
  });

  test('a run in which something was changed tells what nobody can have done', () => {
    const probe = { kind: 'match', name: '__driver_probe_device', tid: 7, device: '0000:41:00.0' };
    const begin: EventRow = { ...probe, kind: 'match', phase: 'begin', driver: 'nova_core' };
    const first = changed((copy) => void copy.splice(0, copy.length, ...rows.slice(0, 3), begin));
    expect(first).toMatchObject({ seq: 3, expected: 'nothing' });
  });

  test('a run in which something was changed tells an event that is missing', () => {
    const more = rowsOf(
      traceOf(specOf(SCENARIOS.find(({ name }) => name === 'autoprobe-flips')!), 1),
    );
    const second = more.findLastIndex((row) => row.name === 'attach_device_to_domain');
    const bytes = buildTrace(more.toSpliced(second, 1), { meta: { kernel: '6.12' } });
    const { first } = enacted(new TraceReader(new MemorySource(bytes)));
    expect(first).toMatchObject({ seq: second });
  });
});
