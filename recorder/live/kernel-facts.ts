import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { VfrError } from '../../traces/index.js';
import { Btf } from './btf/index.js';
import { readKernelMemory } from './code/index.js';
import { Symbols } from './function-symbols.js';
import type { KernelFacts } from './probe-planner.js';
import type { TraceDirectory } from './tracefs.js';

const BTF_FOLDER = '/sys/kernel/btf';

/** The kernel's types, read on first use; a kernel or module without BTF has none. */
function lazyTypes(): (module: string | undefined) => Btf | undefined {
  const known = new Map<string, Btf | undefined>();
  const load = (name: string, base: Btf | undefined): Btf | undefined => {
    if (known.has(name)) return known.get(name);
    const file = join(BTF_FOLDER, name);
    const btf = existsSync(file) ? new Btf(readFileSync(file), file, base) : undefined;
    known.set(name, btf);
    return btf;
  };
  return (module) => {
    const image = load('vmlinux', undefined);
    return module === undefined || image === undefined ? image : load(module, image);
  };
}

/**
 * Reads what planning needs of the running kernel.
 *
 * @param top The top directory of tracefs.
 * @throws VfrError when /proc/kallsyms cannot be read or the kernel's BTF is damaged.
 */
export function runningKernel(top: TraceDirectory): KernelFacts {
  const symbols = new Symbols(readKallsyms());
  // Kernels that can do it say so in tracefs's README (kernel/trace/trace.c 6.9).
  const entryArgumentsAtReturn = /kernel return probes support:.*\$arg<N>/.test(
    top.readOptional('README'),
  );
  return {
    symbols,
    types: lazyTypes(),
    entryArgumentsAtReturn,
    hasKprobes: top.has('kprobe_events'),
    machineCode(symbol) {
      const range = process.arch === 'x64' ? symbols.codeOf(symbol) : undefined;
      return range && readKernelMemory(range.address, range.length);
    },
    hasTracepoint: (system, event) => top.has(`events/${system}/${event}/format`),
  };
}

function readKallsyms(): string {
  try {
    return readFileSync('/proc/kallsyms', 'latin1');
  } catch (error) {
    throw new VfrError(
      'KALLSYMS',
      "the kernel's symbols cannot be read",
      'The kernel needs CONFIG_KALLSYMS; see vfr doctor.',
      { file: '/proc/kallsyms' },
      { cause: error },
    );
  }
}

/** Release of the running kernel, as `uname -r` prints it. */
export const kernelRelease = (): string => release();
