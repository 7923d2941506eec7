/** Devices that are saved, and loaded: states, files of data, and what disturbs them. */
import type { FunctionDocument, OperationDocument, ScenarioDocument } from './document.js';
import { NIC } from './parts.js';
import { openDeviceOf, orStop } from './vfio-parts.js';

const first = { scenario: 1, kernel: '6.12' } as const;

/** Numbers of states (uapi vfio.h). */
const STATE = { STOP: 1, RUNNING: 2, STOP_COPY: 3, RESUMING: 4, PRE_COPY: 6, PRE_COPY_P2P: 7 };
const SET_STATE = '0x20002';

/** @param as name of the file that it opens */
const set = (state: number, as?: string): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_FEATURE',
  on: 'device',
  with: { flags: SET_STATE, device_state: state, data_fd: 0 },
  ...(as === undefined ? {} : { as }),
});
const getState: OperationDocument = {
  ioctl: 'VFIO_DEVICE_FEATURE',
  on: 'device',
  with: { flags: '0x10002', device_state: 0, data_fd: 0 },
};
const abilities: OperationDocument = {
  ioctl: 'VFIO_DEVICE_FEATURE',
  on: 'device',
  with: { flags: '0x10001', page_size: 0 },
};
const dirty = (flags: string): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_FEATURE',
  on: 'device',
  with: { flags, page_size: 4096, num_ranges: 1, bitmap: 0 },
});
const [START, STOP, REPORT] = ['0x20006', '0x20007', '0x10008'];

const read = (count: number, of = 'save'): OperationDocument => ({
  transfer: of,
  count,
  writes: false,
});
const write = (count: number, of = 'load'): OperationDocument => ({
  transfer: of,
  count,
  writes: true,
});
const restOf = (file: string): OperationDocument => ({
  ioctl: 'VFIO_MIG_GET_PRECOPY_INFO',
  on: file,
});
const reset: OperationDocument = { ioctl: 'VFIO_DEVICE_RESET', on: 'device' };

/** A VF whose driver can migrate it. */
const vfOf = (driver: string, vendor: string, device: string): FunctionDocument => ({
  address: NIC,
  vendor,
  device,
  class: '0x020000',
  driver,
  override: driver,
  hardware: { properties: { migration: 1, 'device-parts': 1 } },
});

interface Case {
  readonly name: string;
  readonly title: string;
  readonly vf: FunctionDocument;
  readonly kernel?: string;
  readonly does: readonly OperationDocument[];
  readonly errors: readonly string[];
}

const scenarioOf = ({ vf, does, errors, ...rest }: Case): ScenarioDocument => ({
  ...first,
  ...rest,
  machine: { functions: [vf], drivers: [{ name: vf.driver ?? '' }] },
  actors: [{ name: 'vmm', does: [...orStop(openDeviceOf(vf.address)), ...does] }],
  outcomes: [{ errors: { vmm: errors } }],
});

const mlx5 = vfOf('mlx5_vfio_pci', '0x15b3', '0x101e');
const hisi: FunctionDocument = {
  ...vfOf('hisi_acc_vfio_pci', '0x19e5', '0xa251'),
  hardware: { bars: [0, 0, 0x20000], properties: { migration: 1 } },
};
const virtio = vfOf('virtio_vfio_pci', '0x1af4', '0x1041');
const xe = vfOf('xe-vfio-pci', '0x8086', '0xe20b');

export const MIGRATION: readonly ScenarioDocument[] = [
  scenarioOf({
    name: 'migration-of-mlx5',
    title: 'a device is saved while it runs and then as a whole, and another state is loaded',
    vf: mlx5,
    does: [
      abilities,
      set(STATE.PRE_COPY, 'save'),
      restOf('save'),
      read(4112),
      read(1),
      set(STATE.STOP_COPY),
      restOf('save'),
      read(0x10000),
      read(1),
      set(STATE.RESUMING, 'load'),
      read(1),
      write(12_320),
      write(1),
      { transfer: 'load', count: 1, writes: true, positioned: true },
      set(STATE.RUNNING),
      write(1),
      getState,
    ],
    errors: ['ENOMSG', 'EINVAL', 'ENODEV', 'ENOMEM', 'ESPIPE', 'ENODEV'],
  }),
  scenarioOf({
    name: 'migration-refused',
    title: 'states that no way leads to are refused, and the device stays where it is',
    vf: mlx5,
    does: [
      set(STATE.STOP_COPY, 'save'),
      set(STATE.PRE_COPY),
      set(STATE.PRE_COPY_P2P),
      set(0),
      set(99),
      read(0x10000),
    ],
    errors: ['EINVAL', 'EINVAL', 'EINVAL', 'EINVAL'],
  }),
  scenarioOf({
    name: 'migration-reset',
    title: 'a reset in the middle of a migration ends it: the device runs, its file is closed',
    vf: mlx5,
    does: [
      set(STATE.STOP_COPY, 'save'),
      reset,
      read(1),
      set(STATE.PRE_COPY, 'again'),
      read(1, 'again'),
    ],
    errors: ['ENODEV'],
  }),
  scenarioOf({
    name: 'migration-dirty-pages',
    title: 'dirty pages are tracked once, and reported while they are',
    vf: mlx5,
    does: [dirty(REPORT), dirty(START), dirty(START), dirty(REPORT), dirty(STOP), dirty(STOP)],
    errors: ['EINVAL', 'EINVAL', 'EINVAL'],
  }),
  scenarioOf({
    name: 'migration-of-hisi-acc',
    title: 'the reset is forgotten, and half of BAR 2 is not shown',
    vf: hisi,
    does: [
      { pread: 'device', region: 2, offset: 0xfffc, count: 8 },
      { pread: 'device', region: 2, offset: '0x10000', count: 4 },
      { mmap: 'device', region: 2, length: '0x20000', as: 'all' },
      { mmap: 'device', region: 2, length: '0x10000', as: 'half' },
      { touch: 'half' },
      set(STATE.STOP_COPY, 'save'),
      reset,
      read(4096),
      set(STATE.RESUMING, 'load'),
      write(100),
      set(STATE.RUNNING),
      write(3996),
      set(STATE.RUNNING),
    ],
    errors: ['EINVAL', 'EINVAL', 'EINVAL'],
  }),
  scenarioOf({
    name: 'migration-of-virtio',
    title: 'virtio can migrate from 6.13 on',
    vf: virtio,
    kernel: '6.13',
    does: [
      abilities,
      set(STATE.PRE_COPY, 'save'),
      read(5000),
      read(1),
      set(STATE.STOP_COPY),
      read(5000),
    ],
    errors: ['ENOMSG'],
  }),
  scenarioOf({
    name: 'migration-of-virtio-before',
    title: 'virtio on 6.12 has no migration',
    vf: virtio,
    does: [abilities, set(STATE.PRE_COPY)],
    errors: ['ENOTTY', 'ENOTTY'],
  }),
  scenarioOf({
    name: 'migration-of-xe',
    title: 'xe cannot copy while the device runs, and its files say nothing',
    vf: xe,
    kernel: '6.19',
    does: [
      set(STATE.PRE_COPY),
      set(STATE.STOP_COPY, 'save'),
      restOf('save'),
      read(0x10000),
      dirty(START),
    ],
    errors: ['EINVAL', 'ENOTTY', 'ENOTTY'],
  }),
  {
    ...first,
    name: 'migration-deferred-reset',
    title: 'a reset while another thread sets a state has its effect afterwards',
    machine: { functions: [mlx5], drivers: [{ name: 'mlx5_vfio_pci' }] },
    actors: [
      {
        name: 'vmm',
        process: 'vmm',
        does: [...orStop(openDeviceOf(NIC)), set(STATE.STOP_COPY, 'save'), read(1)],
      },
      {
        name: 'other',
        process: 'vmm',
        does: [{ ...reset, when: { actor: 'vmm', did: 5 } }],
      },
    ],
    outcomes: [{ errors: { vmm: [] } }, { errors: { vmm: ['ENODEV'] } }],
  },
  {
    ...first,
    name: 'pds-refuses-a-pf',
    title: 'pds_vfio_pci probes VFs only',
    machine: {
      functions: [
        {
          address: NIC,
          vendor: '0x1dd8',
          device: '0x1003',
          class: '0x020000',
          override: 'pds_vfio_pci',
          sriov: { totalVfs: 2, offset: 4, stride: 1, vfDevice: '0x1003' },
        },
      ],
      drivers: [{ name: 'pds_vfio_pci' }],
    },
    actors: [
      { name: 'admin', does: [{ write: '/sys/bus/pci/drivers/pds_vfio_pci/bind', text: NIC }] },
    ],
    outcomes: [{ drivers: { [NIC]: null }, errors: { admin: ['ENODEV'] } }],
  },
];
