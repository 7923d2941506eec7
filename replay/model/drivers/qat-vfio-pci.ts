/** VFs of Intel QuickAssist (kernel drivers/vfio/pci/qat/main.c 7.0). */
import { ERRNO } from '../../../traces/index.js';
import { fileRules } from '../vfio/migration-file.js';
import type { MigrationModel } from '../vfio/migration-state.js';
import { defineVfioPci, pciIds } from './driver.js';
import { everyArc } from './migration-arcs.js';
import { rows } from './model-row.js';
import { variant } from './variant.js';

/** The state of a device is one page; a part of it, by which devices are compared, is first. */
const SETUP_BYTES = 1024;
const STATE_BYTES = 4096;

const migration: MigrationModel = {
  ...everyArc,
  files: fileRules('qat_vf_mig', SETUP_BYTES, STATE_BYTES, { drained: 0 }),
  since: 6010,
};

export const qatVfioPci = defineVfioPci({
  name: 'qat_vfio_pci',
  probe: 'qat_vf_vfio_pci_probe',
  kernels: '6.10 to 7.3',
  table: pciIds(0x8086, 0x4941, 0x4943, 0x4945, 0x4949),
  migration,
  variant: variant<object>({
    doors: {},
    probe: ({ fn }) => (fn.isVf ? {} : -ERRNO.ENODEV),
  }),
  rows: rows(
    'qat',
    'drivers/vfio/pci/qat/main.c 7.0',
    ['ids', '8086:4941, 4943, 4945, 4949 match by override only'],
    ['vf-only', 'the probe of a function that is not a VF is -ENODEV'],
    ['abilities', 'STOP_COPY, P2P and PRE_COPY'],
    ['arcs', 'every arc of the state machine'],
    ['read', 'a read gives 0 at the end of the data, also while the device runs'],
    ['write-too-long', 'a write of more than the state is -ENOMEM'],
    ['closed', 'reads after the driver closed the file are -ENODEV'],
    ['reset', 'a reset ends migration; it waits for a state that is being set'],
    ['no-dirty', 'it does not track dirty pages: -ENOTTY'],
    [
      'load-check',
      'data of another kind of device fails the write',
      'the bytes that are written are not recorded',
    ],
  ),
});
