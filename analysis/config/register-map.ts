/**
 * Registers of configuration space by their first byte (Linux include/uapi/linux/pci_regs.h 7.3):
 * those of the header of an endpoint (type 0), and those of each capability from its own first
 * byte. Names are those of the header file in lower case, without PCI_ and the capability.
 */
export type Register = readonly [first: number, bytes: number, name: string];

export const HEADER: readonly Register[] = [
  [0x00, 2, 'vendor'],
  [0x02, 2, 'device'],
  [0x04, 2, 'command'],
  [0x06, 2, 'status'],
  [0x08, 1, 'revision'],
  [0x09, 3, 'class'],
  [0x0c, 1, 'cache_line_size'],
  [0x0d, 1, 'latency_timer'],
  [0x0e, 1, 'header_type'],
  [0x0f, 1, 'bist'],
  [0x10, 4, 'bar0'],
  [0x14, 4, 'bar1'],
  [0x18, 4, 'bar2'],
  [0x1c, 4, 'bar3'],
  [0x20, 4, 'bar4'],
  [0x24, 4, 'bar5'],
  [0x28, 4, 'cardbus_cis'],
  [0x2c, 2, 'subsystem_vendor'],
  [0x2e, 2, 'subsystem_device'],
  [0x30, 4, 'rom'],
  [0x34, 1, 'capabilities'],
  [0x3c, 1, 'interrupt_line'],
  [0x3d, 1, 'interrupt_pin'],
  [0x3e, 1, 'min_gnt'],
  [0x3f, 1, 'max_lat'],
];

export interface Capability {
  readonly name: string;
  readonly registers: readonly Register[];
}

const cap = (name: string, registers: readonly Register[] = []): Capability => ({
  name,
  registers: registers.map(([first, bytes, register]) => [first, bytes, `${name}.${register}`]),
});

/** The registers after the control register of MSI depend on its bits: 64-bit, and masks. */
const MSI_64BIT = 0x80;

/** @param control the control register of the capability */
export function msiRegisters(control: number): Capability {
  const wide = (control & MSI_64BIT) !== 0 ? 4 : 0;
  return cap('msi', [
    [2, 2, 'flags'],
    [4, 4, 'address_lo'],
    ...(wide === 4 ? ([[8, 4, 'address_hi']] as const) : []),
    [8 + wide, 2, 'data'],
    [12 + wide, 4, 'mask'],
    [16 + wide, 4, 'pending'],
  ]);
}

export const MSI_ID = 0x05;

/** Capabilities in the first 256 bytes, by id. */
export const CAPABILITIES: Readonly<Record<number, Capability>> = {
  1: cap('pm', [
    [2, 2, 'pmc'],
    [4, 2, 'ctrl'],
    [6, 1, 'ppb_extensions'],
    [7, 1, 'data_register'],
  ]),
  3: cap('vpd', [
    [2, 2, 'addr'],
    [4, 4, 'data'],
  ]),
  7: cap('pcix', [
    [2, 2, 'cmd'],
    [4, 4, 'status'],
  ]),
  9: cap('vendor'),
  13: cap('ssvid', [
    [4, 2, 'vendor_id'],
    [6, 2, 'device_id'],
  ]),
  16: cap('exp', [
    [0x02, 2, 'flags'],
    [0x04, 4, 'devcap'],
    [0x08, 2, 'devctl'],
    [0x0a, 2, 'devsta'],
    [0x0c, 4, 'lnkcap'],
    [0x10, 2, 'lnkctl'],
    [0x12, 2, 'lnksta'],
    [0x14, 4, 'sltcap'],
    [0x18, 2, 'sltctl'],
    [0x1a, 2, 'sltsta'],
    [0x1c, 2, 'rtctl'],
    [0x1e, 2, 'rtcap'],
    [0x20, 4, 'rtsta'],
    [0x24, 4, 'devcap2'],
    [0x28, 2, 'devctl2'],
    [0x2a, 2, 'devsta2'],
    [0x2c, 4, 'lnkcap2'],
    [0x30, 2, 'lnkctl2'],
    [0x32, 2, 'lnksta2'],
    [0x34, 4, 'sltcap2'],
    [0x38, 2, 'sltctl2'],
    [0x3a, 2, 'sltsta2'],
  ]),
  17: cap('msix', [
    [2, 2, 'flags'],
    [4, 4, 'table'],
    [8, 4, 'pba'],
  ]),
  18: cap('sata'),
  19: cap('af', [
    [3, 1, 'cap'],
    [4, 1, 'ctrl'],
    [5, 1, 'status'],
  ]),
  20: cap('ea'),
};

/** Capabilities from byte 256 on, by id. */
export const EXTENDED: Readonly<Record<number, Capability>> = {
  1: cap('err', [
    [0x04, 4, 'uncor_status'],
    [0x08, 4, 'uncor_mask'],
    [0x0c, 4, 'uncor_sever'],
    [0x10, 4, 'cor_status'],
    [0x14, 4, 'cor_mask'],
    [0x18, 4, 'cap'],
    [0x1c, 16, 'header_log'],
    [0x2c, 4, 'root_command'],
    [0x30, 4, 'root_status'],
    [0x34, 4, 'root_err_src'],
  ]),
  2: cap('vc'),
  3: cap('dsn', [
    [4, 4, 'low'],
    [8, 4, 'high'],
  ]),
  11: cap('vndr'),
  13: cap('acs', [
    [4, 2, 'cap'],
    [6, 2, 'ctrl'],
  ]),
  14: cap('ari', [
    [4, 2, 'cap'],
    [6, 2, 'ctrl'],
  ]),
  15: cap('ats', [
    [4, 2, 'cap'],
    [6, 2, 'ctrl'],
  ]),
  16: cap('sriov', [
    [0x04, 4, 'cap'],
    [0x08, 2, 'ctrl'],
    [0x0a, 2, 'status'],
    [0x0c, 2, 'initial_vf'],
    [0x0e, 2, 'total_vf'],
    [0x10, 2, 'num_vf'],
    [0x12, 1, 'func_link'],
    [0x14, 2, 'vf_offset'],
    [0x16, 2, 'vf_stride'],
    [0x1a, 2, 'vf_did'],
    [0x1c, 4, 'sup_pgsize'],
    [0x20, 4, 'sys_pgsize'],
    [0x24, 4, 'bar0'],
    [0x28, 4, 'bar1'],
    [0x2c, 4, 'bar2'],
    [0x30, 4, 'bar3'],
    [0x34, 4, 'bar4'],
    [0x38, 4, 'bar5'],
    [0x3c, 4, 'vfm'],
  ]),
  19: cap('pri', [
    [4, 2, 'ctrl'],
    [6, 2, 'status'],
    [8, 4, 'max_req'],
    [12, 4, 'alloc_req'],
  ]),
  21: cap('rebar', [
    [4, 4, 'cap'],
    [8, 4, 'ctrl'],
  ]),
  23: cap('tph', [
    [4, 4, 'cap'],
    [8, 4, 'ctrl'],
  ]),
  24: cap('ltr', [
    [4, 2, 'max_snoop_lat'],
    [6, 2, 'max_nosnoop_lat'],
  ]),
  25: cap('secpci', [
    [4, 4, 'lnkctl3'],
    [8, 4, 'lane_error_status'],
  ]),
  27: cap('pasid', [
    [4, 2, 'cap'],
    [6, 2, 'ctrl'],
  ]),
  29: cap('dpc', [
    [4, 2, 'cap'],
    [6, 2, 'ctl'],
    [8, 2, 'status'],
    [10, 2, 'source_id'],
  ]),
  30: cap('l1ss', [
    [4, 4, 'cap'],
    [8, 4, 'ctl1'],
    [12, 4, 'ctl2'],
  ]),
  31: cap('ptm', [
    [4, 4, 'cap'],
    [8, 4, 'ctrl'],
  ]),
  35: cap('dvsec'),
  37: cap('dlf', [
    [4, 4, 'cap'],
    [8, 4, 'status'],
  ]),
  46: cap('doe', [
    [4, 4, 'cap'],
    [8, 4, 'ctrl'],
    [12, 4, 'status'],
    [16, 4, 'write'],
    [20, 4, 'read'],
  ]),
};
