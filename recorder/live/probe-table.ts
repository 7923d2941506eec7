import { type ProbeGroup, type ProbeSpec, parseArgument } from './probe-spec.js';

interface Options {
  readonly returns?: string;
  readonly output?: string;
  readonly neighbours?: readonly string[];
}

/**
 * @param place `function`, `module:function`, or `event@function` where the event's name differs.
 * @param fields Arguments in the short form of parseArgument, separated by blanks.
 */
function probe(group: ProbeGroup, place: string, fields: string, options: Options = {}): ProbeSpec {
  const [, event, module, name] = /^(?:(\w+)@)?(?:(\w+):)?(\w+)$/.exec(place)!;
  return {
    group,
    event: event ?? name!,
    function: name!,
    module,
    arguments: fields === '' ? [] : fields.split(' ').map(parseArgument),
    returns: options.returns,
    output: options.output === undefined ? undefined : parseArgument(options.output),
    neighbours: options.neighbours ?? [],
  };
}

const DEV = 'dev=dev.kobj.name:string';
const PDEV = 'dev=dev|pdev.dev.kobj.name:string';
const VFIO = 'dev=vdev.vdev.dev.kobj.name:string';
const CORE = 'dev=core_vdev.dev.kobj.name:string';
const STORE = 'buf=buf:text count=count:u64';
const RW = 'count=count:u64 ppos=ppos[0]:x64 write=iswrite:u8 ubuf=buf[u0]:x32';
/** The pointer of a VFIO mapping, to the device, and where the mapping lies. */
const VMA = 'vmf.vma.vm_private_data<vfio_pci_core_device>.vdev.dev.kobj.name';
const MMAP_FAULT =
  `dev=${VMA}:string address=vmf.address:x64 pgoff=vmf.pgoff:x64 flags=vmf.flags:x32 ` +
  'vm_start=vmf.vma.vm_start:x64 vm_pgoff=vmf.vma.vm_pgoff:x64';

const BINDING: readonly ProbeSpec[] = [
  probe('binding', 'really_probe', `${DEV} drv=drv.name:string`, { returns: 's32' }),
  probe('binding', 'drv_probe_device@__driver_probe_device', `drv=drv.name:string ${DEV}`, {
    returns: 's32',
  }),
  probe('binding', 'driver_bound', `${DEV} drv=dev.driver.name:string`),
  probe('binding', 'device_bind_driver', `${DEV} drv=dev.driver.name:string`),
  probe(
    'binding',
    'device_release_driver_internal',
    `${DEV} drv=drv.name:string bound=dev.driver.name:string`,
    { returns: 'none' },
  ),
  probe('binding', 'device_unbind_cleanup', `${DEV} drv=dev.driver.name:string`),
  probe('binding', 'device_driver_attach', `drv=drv.name:string ${DEV}`, { returns: 's32' }),
  probe('binding', 'driver_set_override', `${DEV} s=s:text len=len:u64`, { returns: 's32' }),
  probe('binding', 'driver_override_store', `${DEV} ${STORE}`, {
    returns: 's64',
    neighbours: ['pci_read_config', 'bind_store'],
  }),
  probe('binding', 'bind_store', `drv=drv.name:string ${STORE}`, {
    returns: 's64',
    neighbours: ['bus_add_driver'],
  }),
  probe('binding', 'unbind_store', `drv=drv.name:string ${STORE}`, {
    returns: 's64',
    neighbours: ['bus_add_driver'],
  }),
  probe('binding', 'drivers_probe_store', `bus=bus.name:string ${STORE}`, { returns: 's64' }),
  probe('binding', 'new_id_store', `drv=driver.name:string ${STORE}`, {
    returns: 's64',
    neighbours: ['pci_device_probe'],
  }),
  probe('binding', 'remove_id_store', `drv=driver.name:string ${STORE}`, {
    returns: 's64',
    neighbours: ['pci_device_probe'],
  }),
  probe('binding', 'driver_deferred_probe_add', DEV),
  probe('binding', 'pci_device_probe', `${DEV} drv=dev.driver.name:string`, { returns: 's32' }),
  probe('binding', 'pci_device_remove', DEV),
  probe('binding', 'vfio_pci:vfio_pci_probe', PDEV, { returns: 's32' }),
  probe('binding', 'vfio_pci:vfio_pci_remove', PDEV),
  probe('binding', 'vfio_pci_core:vfio_pci_core_register_device', VFIO, { returns: 's32' }),
  probe('binding', 'vfio_pci_core:vfio_pci_core_request', `${CORE} count=count:u32`),
];

const PCI: readonly ProbeSpec[] = [
  probe(
    'pci',
    'pci_device_add',
    'dev=dev.dev.kobj.name:string vendor=dev.vendor:x16 device=dev.device:x16 ' +
      'devfn=dev.devfn:x32 class=dev.class:x32 bus=bus.number:u8',
  ),
  probe('pci', 'pci_bus_add_device', PDEV),
  probe('pci', 'pci_stop_and_remove_bus_device', PDEV),
  probe('pci', 'pci_enable_sriov', `${PDEV} nr=nr_virtfn:s32`, { returns: 's32' }),
  probe('pci', 'pci_disable_sriov', PDEV),
  probe('pci', 'sriov_enable', `${PDEV} nr=nr_virtfn:s32`, { returns: 's32' }),
  probe('pci', 'sriov_numvfs_store', `${DEV} ${STORE}`, { returns: 's64' }),
  probe('pci', 'sriov_drivers_autoprobe_store', `${DEV} ${STORE}`),
  probe('pci', 'pci_iov_add_virtfn', `${PDEV} id=id:s32`, { returns: 's32' }),
  probe('pci', 'pci_iov_remove_virtfn', `${PDEV} id=id:s32`),
  probe('pci', 'pci_set_power_state', `${PDEV} state=state:s32`),
  probe('pci', 'pci_try_reset_function', PDEV, { returns: 's32' }),
];

const WIDTHS = [
  ['byte', 8],
  ['word', 16],
  ['dword', 32],
] as const;

const CONFIG: readonly ProbeSpec[] = WIDTHS.flatMap(([width, bits]) => [
  probe(
    'config',
    `pci_bus_read_config_${width}`,
    'bus=bus.number:u8 devfn=devfn:u32 where=pos:s32',
    {
      returns: 's32',
      output: `val=value[0]:x${bits}`,
    },
  ),
  probe('config', `pci_user_read_config_${width}`, `${PDEV} where=pos:x32`, {
    returns: 's32',
    output: `val=val[0]:x${bits}`,
  }),
  probe(
    'config',
    `pci_bus_write_config_${width}`,
    `bus=bus.number:u8 devfn=devfn:u32 where=pos:s32 val=value:x${bits}`,
  ),
  probe('config', `pci_user_write_config_${width}`, `${PDEV} where=pos:x32 val=val:x${bits}`, {
    returns: 's32',
  }),
]);

const VFIO_PROBES: readonly ProbeSpec[] = [
  probe('vfio', 'vfio:vfio_fops_unl_ioctl', 'cmd=cmd:x32 arg=arg:x64', { returns: 's64' }),
  probe(
    'vfio',
    'vfio:vfio_group_fops_unl_ioctl',
    'group=filep.private_data<vfio_group>.iommu_group.id:s32 cmd=cmd:x32 arg=arg:x64',
    { returns: 's64' },
  ),
  probe(
    'vfio',
    'vfio:vfio_device_fops_unl_ioctl',
    'dev=filep.private_data<vfio_device_file>.device.dev.kobj.name' +
      '|private_data<vfio_device>.dev.kobj.name:string ' +
      'cmd=cmd:x32 arg=arg:x64 argsz=arg[u0]:u32 u4=arg[u4]:x32 u8=arg[u8]:x32',
    { returns: 's64' },
  ),
  probe('vfio', 'vfio_pci_core:vfio_pci_core_ioctl', `${CORE} cmd=cmd:x32 arg=arg:x64`, {
    returns: 's64',
  }),
  probe(
    'vfio',
    'vfio_iommu_type1:vfio_iommu_type1_ioctl',
    'cmd=cmd:x32 argsz=arg[u0]:u32 flags=arg[u4]:x32 a8=arg[u8]:x64 a16=arg[u16]:x64 a24=arg[u24]:x64',
    { returns: 's64' },
  ),
  probe('vfio', 'vfio_pci_core:vfio_pci_rw', `${VFIO} ${RW}`, { returns: 's64' }),
  probe('vfio', 'vfio_pci_core:vfio_pci_config_rw', `${VFIO} ${RW}`, { returns: 's64' }),
  probe('vfio', 'vfio_pci_core:vfio_pci_bar_rw', `${VFIO} ${RW}`, { returns: 's64' }),
  probe(
    'vfio',
    'vfio_pci_core:vfio_basic_config_write',
    `${VFIO} pos=pos:x32 count=count:s32 val=val:x32`,
    { returns: 's32' },
  ),
  probe('vfio', 'vfio_pci_core:vfio_pci_mmap_fault', MMAP_FAULT, { returns: 'x32' }),
  probe('vfio', 'vfio_pci_core:vfio_pci_mmap_huge_fault', `${MMAP_FAULT} order=order:u32`, {
    returns: 'x32',
  }),
  probe(
    'vfio',
    'vfio_pci_core:vfio_pci_core_mmap',
    `${CORE} vm_start=vma.vm_start:x64 vm_end=vma.vm_end:x64 vm_pgoff=vma.vm_pgoff:x64`,
    { returns: 's32' },
  ),
  probe('vfio', 'vfio_pci_core:vfio_pci_core_enable', VFIO, { returns: 's32' }),
  probe('vfio', 'vfio_pci_core:vfio_pci_core_disable', VFIO),
  probe('vfio', 'vfio_pci_core:vfio_pci_core_close_device', CORE),
  probe('vfio', 'vfio_pci_core:vfio_pci_zap_and_down_write_memory_lock', VFIO),
  probe(
    'vfio',
    'vfio_pci_core:vfio_pci_set_irqs_ioctl',
    `${VFIO} flags=flags:x32 index=index:u32 start=start:u32 count=count:u32`,
    { returns: 's32' },
  ),
];

const NVME: readonly ProbeSpec[] = [
  probe('nvme', 'nvme:nvme_probe', PDEV, { returns: 's32' }),
  probe('nvme', 'nvme:nvme_remove', PDEV),
  probe('nvme', 'nvme:nvme_reset_work', '', { returns: 'none' }),
  probe('nvme', 'nvme:nvme_remove_dead_ctrl_work', ''),
];

/** Every probe that vfr knows. What a kernel does not have is left out, with the reason. */
export const PROBES: readonly ProbeSpec[] = [
  ...BINDING,
  ...PCI,
  ...CONFIG,
  ...VFIO_PROBES,
  probe('iommu', 'dmar_fault', 'irq=irq:s32'),
  ...NVME,
];
