/** How many VFs a PF has (num_VFs, kernel drivers/pci/iov.c 6.1), and may have had. */
import { ERRNO } from '../../../traces/index.js';
import { certainly, either, type Possible } from '../../model/possible.js';
import { anyOf, because, inferring, type Results } from '../../model/reason.js';
import type { Engine } from '../engine/engine.js';
import type { PciDevice, Sriov } from '../machine/pci-device.js';

/** The most changes of a number of VFs to remember: more writes are unlikely at the same time. */
const PAST_MAX = 32;

export function setNumVfs(sriov: Sriov, n: number, seq: number): void {
  sriov.numVfsPast.push({ before: sriov.numVfs, seq });
  if (sriov.numVfsPast.length > PAST_MAX) sriov.numVfsPast.shift();
  sriov.numVfs = [n];
  delete sriov.leaving;
  sriov.assumed.numVfs = false;
}

/** What shows that VFs are removed, also without a write of `sriov_numvfs`. */
const DISABLES = ['pci_disable_sriov', 'pci_iov_remove_virtfn'];
const CHANGES = [...DISABLES, 'sriov_numvfs'];

/** The number of VFs, if the recording would have shown that they were removed. */
export function numVfsOf(engine: Engine, { numVfs }: Sriov): Possible<number> {
  return engine.recordsAny(CHANGES) || certainly(numVfs, 0) ? numVfs : 'unknown';
}

/** A driver that is released may remove its VFs. */
export function releaseVfs(engine: Engine, { sriov }: PciDevice): void {
  if (sriov === null || engine.recordsAny(DISABLES) || certainly(sriov.numVfs, 0)) return;
  sriov.numVfs = 'unknown';
}

/** What the number of VFs may have been at any moment since an event. */
export function numVfsSince(engine: Engine, sriov: Sriov, seq: number): Possible<number> {
  const { numVfsPast } = sriov;
  let value = numVfsOf(engine, sriov);
  for (const past of numVfsPast) if (past.seq > seq) value = either(value, past.before);
  return value;
}

/**
 * Only with the parameter `enable_sriov` of its module does vfio-pci make VFs
 * (vfio_pci_sriov_configure, kernel drivers/vfio/pci/vfio_pci.c 6.12).
 * @param results when the parameter is on
 */
export function ifEnabled({ machine }: Engine, driver: string, results: Results): Results {
  const parameters = machine.claims.parametersOf(driver);
  const off = `enable_sriov of ${driver} is off`;
  if (parameters === undefined) return anyOf(inferring(ERRNO.ENOENT, `probably ${off}`), results);
  return parameters.enable_sriov === true ? results : because(ERRNO.ENOENT, off);
}
