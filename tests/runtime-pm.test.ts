/**
 * Goal: vfio-pci lets go of a function, wakes it and puts it to sleep where real kernels do.
 * Method: the power states that Linux 6.12.74, 6.12.117 and 6.1 set while a function is bound, used
 * and released, against those of the same story on the kernel that runs. What happens while the
 * device is open is left out: resets and low power features of the clients.
 */
import { describe, expect, test } from 'vitest';
import { boot, type Kernel, run, TraceRecorder, World } from '../replay/kernel/index.js';
import type { OperationDocument } from '../replay/scenarios/document.js';
import { specOf } from '../replay/scenarios/spec.js';
import { openDeviceOf } from '../replay/scenarios/vfio-parts.js';
import { MemorySink, MemorySource, TraceReader, TraceWriter } from '../traces/index.js';
import { importedCapture } from './captures.js';
import { rowsOf } from './rewrite.js';

const SEEN: Readonly<Record<string, string>> = {
  vfio_pci_core_register_device: 'bound',
  vfio_pci_core_enable: 'opened',
  vfio_pci_core_disable: 'closed',
};

/** What becomes of a function: a worker's power states are marked as those of a worker. */
function storyOf(reader: TraceReader, device: string): string[] {
  const story: string[] = [];
  let isOpen = false;
  for (const row of rowsOf(reader)) {
    if (row.device !== device || row.phase === 'end') continue;
    const seen = SEEN[row.name ?? ''];
    if (seen !== undefined) isOpen = seen === 'opened';
    if (seen !== undefined) story.push(seen);
    if (row.name !== 'pci_set_power_state' || isOpen) continue;
    story.push(`${row.task?.startsWith('kworker') ? 'worker: ' : ''}D${row.value}`);
  }
  return story;
}

/** Workers of the kernel do at once what is queued for them. */
const workersFirst = (k: Kernel): number => {
  for (let thread = k.threads - 1; thread >= 0; thread--) if (k.canRun(thread)) return thread;
  return -1;
};

const NIC = '0000:42:00.0';
/** An actor opens the function and ends, as soon as the administrator has done something. */
const use = (did: number): OperationDocument[] => {
  const [first, ...others] = openDeviceOf(NIC);
  return [{ ...first, when: { actor: 'admin', did } }, ...others, { exit: true }];
};

/** The same on the kernel that runs. @param how it ends: unbound or not */
function modelled(kernel: string, end: 'bound' | 'unbound'): string[] {
  const write = (attribute: string, text: string) => ({
    write: `/sys/bus/pci/drivers/vfio-pci/${attribute}`,
    text,
  });
  const spec = specOf({
    scenario: 1,
    name: 'used-once',
    title: 'a function is bound, used and released',
    kernel,
    machine: {
      runtimePm: true,
      functions: [{ address: NIC, vendor: '0x8086', device: '0x10fb', class: '0x020000' }],
      drivers: [{ name: 'vfio-pci' }],
    },
    actors: [
      {
        name: 'admin',
        does: [
          write('new_id', '8086 10fb'),
          { ...write('unbind', NIC), when: { actor: 'client', did: 6 } },
        ].slice(0, end === 'bound' ? 1 : 2),
      },
      { name: 'client', does: use(1) },
    ],
    outcomes: [{}],
  });
  const sink = new MemorySink();
  const meta = { clock: 'mono', kernel, writer: 'vfr test', notes: {} };
  const writer = new TraceWriter(sink, meta);
  const world = new World(spec);
  run(boot(world, new TraceRecorder(world, writer.events)), workersFirst);
  writer.finish();
  return storyOf(new TraceReader(new MemorySource(sink.bytes())), NIC);
}

const BOUND_AND_USED = ['bound', 'D0', 'worker: D0', 'opened', 'closed', 'D0', 'worker: D0'];

test.each(['6.1', '6.12', '7.3'])('Linux %s lets a bound function go to sleep', (kernel) => {
  expect(modelled(kernel, 'bound')).toEqual(BOUND_AND_USED);
});

describe('functions of recordings', () => {
  test.each([
    ['k612.74-vfio-client-r1', ['0000:02:00.0', '0000:01:00.1', '0000:04:00.0', '0000:08:01.0']],
    ['vfio-client-r1', ['0000:02:00.0', '0000:01:00.1']],
  ] as const)('%s: each has the power states of the model', (capture, devices) => {
    const reader = importedCapture(capture);
    for (const device of devices) {
      expect({ device, story: storyOf(reader, device).slice(0, 7) }).toEqual({
        device,
        story: modelled('6.12', 'bound'),
      });
    }
  });

  test('virtio-vfio-r1: a function that is unbound is put to sleep by the thread that unbinds it', () => {
    const story = storyOf(importedCapture('virtio-vfio-r1'), '0000:09:00.2');
    expect(story).toEqual(modelled('6.12', 'unbound'));
  });
});
