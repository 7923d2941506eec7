import type { Probe } from '../catalogue/index.js';

const SYSCALL = /^sys_(enter|exit)_(\w+)$/;

/** The probe of a system call's tracepoint, which the kernel has for each by one scheme. */
export function syscallProbe(event: string): Probe | undefined {
  const match = SYSCALL.exec(event);
  if (match === null) return undefined;
  const [, end, name] = match;
  const entry = end === 'enter';
  return {
    event,
    group: 'process',
    role: entry ? 'entry' : 'return',
    call: `sys_${name}`,
    kind: 'syscall',
    name,
    columns: entry && name === 'ioctl' ? { value: 'cmd', offset: 'arg' } : {},
    raw: entry,
    site: { type: 'tracepoint', system: 'syscalls', event },
  };
}
