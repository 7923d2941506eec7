/** How many VFs a PF has (num_VFs, kernel drivers/pci/iov.c 6.1), and may have had. */
import { certainly, either, type Possible } from '../../model/possible.js';
import type { Engine } from '../engine/engine.js';
import type { PciDevice, Sriov } from '../machine/pci-device.js';

/** The most changes of a number of VFs to remember: more writes are unlikely at the same time. */
const PAST_MAX = 32;

export function setNumVfs(sriov: Sriov, n: number, seq: number): void {
  sriov.numVfsPast.push({ before: sriov.numVfs, seq });
  if (sriov.numVfsPast.length > PAST_MAX) sriov.numVfsPast.shift();
  sriov.numVfs = [n];
  sriov.assumed.numVfs = false;
}

/** Whether the recording shows that VFs are removed without a write of `sriov_numvfs`. */
const showsDisabling = (engine: Engine): boolean =>
  engine.records('pci_disable_sriov') || engine.records('pci_iov_remove_virtfn');

/** The number of VFs, if the recording would have shown that they were removed. */
export function numVfsOf(engine: Engine, { numVfs }: Sriov): Possible<number> {
  const isSeen = showsDisabling(engine) || engine.records('sriov_numvfs');
  return isSeen || certainly(numVfs, 0) ? numVfs : 'unknown';
}

/** A driver that is released may remove its VFs. */
export function releaseVfs(engine: Engine, { sriov }: PciDevice): void {
  if (sriov === null || showsDisabling(engine) || certainly(sriov.numVfs, 0)) return;
  sriov.numVfs = 'unknown';
}

/** What the number of VFs may have been at any moment since an event. */
export function numVfsSince(engine: Engine, sriov: Sriov, seq: number): Possible<number> {
  const { numVfsPast } = sriov;
  let value = numVfsOf(engine, sriov);
  for (const past of numVfsPast) if (past.seq > seq) value = either(value, past.before);
  return value;
}
