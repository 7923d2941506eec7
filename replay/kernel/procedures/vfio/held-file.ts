/**
 * The file that a call of a process is on: another thread may close its descriptor before the call
 * has returned, and the file is released when it has (fdget and fdput, kernel fs/file.c 6.12).
 */
import type { Kernel } from '../../kernel.js';
import { joined } from '../../steps.js';
import { FILE } from '../../vfio-cells.js';

const refsOf = (k: Kernel, file: number): number => k.vfio.file(file) + FILE.refs;

/** The procedure keeps its file in `n`. The only thread of a process needs no reference. */
export function holdFile(k: Kernel, file: number): void {
  if (!k.world.hasThreads(k.thread)) return;
  k.n = file;
  k.add(refsOf(k, file), 1);
}

/** The last steps of a procedure that holds its file: it returns what its callee has returned. */
export const ENDS_WITH_FILE = {
  exit: joined((k) => {
    if (k.n === 0) return k.done(k.ret);
    k.i = k.ret;
    if (k.get(refsOf(k, k.n)) === 1) return k.call('fput', 0, 0, k.n);
    k.add(refsOf(k, k.n), -1);
    return k.done(k.i);
  }),
  released: joined((k) => k.done(k.i)),
};
