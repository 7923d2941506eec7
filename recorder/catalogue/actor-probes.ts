/**
 * Programs that act, and what the kernel reports to user space (Linux fs/exec.c,
 * drivers/base/core.c, fs/eventfd.c).
 */
import { arg, member, point } from './probe-builders.js';
import type { Fetch, Probe } from './probe-definition.js';

/** The number of program arguments to record. */
const WORDS = Array.from({ length: 8 }, (_, n) => `a${n}`);
/** In the new program's memory: the number of arguments, then pointers to each of them. */
const stack = (...user: number[]) => ({ arg: 1, path: ['linux_binprm.p'], user });
const WORD_BYTES = 8;

export const ACTORS: readonly Probe[] = [
  // The last step of execve: the arguments lie in the new program's memory.
  ...point({
    symbol: 'finalize_exec',
    group: 'actor',
    kind: 'process',
    name: 'exec',
    fetch: {
      argc: { ...stack(0), type: 'u32' },
      ...Object.fromEntries(
        WORDS.map((word, n): [string, Fetch] => [
          word,
          { ...stack(WORD_BYTES * (n + 1), 0), type: 'string' },
        ]),
      ),
    },
    columns: { words: { count: 'argc', fields: WORDS } },
  }),
  // Called for every uevent of a device before it is sent, and when a program reads its `uevent`;
  // in that case there is no action yet.
  ...point({
    symbol: 'dev_uevent',
    group: 'hotplug',
    kind: 'uevent',
    fetch: {
      name: member(1, 'string', 'kobject.name'),
      action: member(2, 'string', 'kobj_uevent_env.buf'),
    },
    columns: { device: { buffer: 'name' }, uevent: { action: 'action', object: 'name' } },
  }),
];

const ofEventfd = {
  group: 'irq',
  kind: 'eventfd',
  fetch: { id: member(1, 's32', 'eventfd_ctx.id') },
  columns: { value: 'id' },
} as const;
const handler = {
  module: 'vfio_pci_core',
  group: 'irq',
  kind: 'irq.fire',
  fetch: { irq: arg(1, 's32') },
  columns: { value: 'irq' },
} as const;

/** `id` is the `eventfd-id` of /proc/PID/fdinfo. Before Linux 6.8 one calls the other. */
export const SIGNALS: readonly Probe[] = [
  ...point({ ...handler, symbol: 'vfio_msihandler' }),
  ...point({ ...handler, symbol: 'vfio_intx_handler' }),
  ...point({ ...ofEventfd, symbol: 'eventfd_signal' }),
  ...point({ ...ofEventfd, symbol: 'eventfd_signal_mask' }),
];
