/**
 * Capability ids (uapi pci_regs.h, 7.3), and how many bytes vfio-pci-core assigns to each
 * (vfio_cap_init and vfio_ecap_init, kernel drivers/vfio/pci/vfio_pci_config.c 6.1).
 */

export const CAP = {
  BASIC: 0,
  PM: 0x01,
  AGP: 0x02,
  VPD: 0x03,
  SLOTID: 0x04,
  MSI: 0x05,
  CHSWP: 0x06,
  PCIX: 0x07,
  HT: 0x08,
  VENDOR: 0x09,
  DBG: 0x0a,
  CCRC: 0x0b,
  SHPC: 0x0c,
  SSVID: 0x0d,
  AGP3: 0x0e,
  SECDEV: 0x0f,
  EXP: 0x10,
  MSIX: 0x11,
  SATA: 0x12,
  AF: 0x13,
  EA: 0x14,
} as const;

export const EXT = {
  AER: 0x01,
  VC: 0x02,
  DSN: 0x03,
  POWER: 0x04,
  RCLD: 0x05,
  RCILC: 0x06,
  RCEC: 0x07,
  MFVC: 0x08,
  VC9: 0x09,
  RCRB: 0x0a,
  VENDOR: 0x0b,
  CAC: 0x0c,
  ACS: 0x0d,
  ARI: 0x0e,
  ATS: 0x0f,
  SRIOV: 0x10,
  MRIOV: 0x11,
  MULTICAST: 0x12,
  PRI: 0x13,
  AMD: 0x14,
  REBAR: 0x15,
  DPA: 0x16,
  TPH: 0x17,
  LTR: 0x18,
  SECPCI: 0x19,
  PMUX: 0x1a,
  PASID: 0x1b,
  DPC: 0x1d,
  L1SS: 0x1e,
  PTM: 0x1f,
  DVSEC: 0x23,
  VF_REBAR: 0x24,
  DLF: 0x25,
  PL_16GT: 0x26,
  NPEM: 0x29,
  PL_32GT: 0x2a,
  DOE: 0x2e,
  DEV3: 0x2f,
  IDE: 0x30,
  PL_64GT: 0x31,
} as const;

/** Owners of bytes that belong to no capability: accesses go to hardware, or stay virtual. */
export const GAP = 0xff;
export const VIRTUAL = 0xfe;

/** Bytes of the header that every function has. */
export const HEADER_BYTES = 64;
/** Bytes of the space that every function has; extended capabilities follow. */
export const BASIC_BYTES = 256;
/** Bytes of the space with extended capabilities. */
export const EXPRESS_BYTES = 4096;
/** Smallest capability. */
export const CAP_BYTES_MIN = 4;

/** Reads hardware while the map is built. */
export type Peek = (offset: number, width: 1 | 2 | 4) => number;

/** What differs between kernel versions. */
export interface ConfigRules {
  /** DVSEC is shown (Linux 6.3). */
  readonly dvsec: boolean;
  /** PCI_CAP_EXP_ENDPOINT_SIZEOF_V2, of a capability that begins at `at`. */
  readonly pcieEndpointBytes: (at: number) => 50 | 52;
}

/**
 * The PCIe capability was two bytes short from 5.3 up to 7.0 (kernel commits fb82437fdd8c and
 * 39195990e4c0); 6.12.77 is correct, which its minor number does not show, but the reads at open
 * do.
 * @param version major * 1000 + minor
 * @param pcieBytes length of an endpoint's capability; null assumes the likely one
 */
export const configRules = (version: number, pcieBytes: 50 | 52 | null = null): ConfigRules => {
  const likely = version >= 5003 && version < 7000 && version !== 6012 ? 50 : 52;
  const pcieEndpointBytes = pcieBytes ?? likely;
  return { dvsec: version >= 6003, pcieEndpointBytes: () => pcieEndpointBytes };
};

/** Link Control 2, followed by the status that the short capability lacks. */
const LINK_CONTROL_2 = 0x30;

/**
 * The rules of the kernel that read these dwords when the device was opened: it copies each
 * capability in dwords, and the rest in words (`vfio_fill_vconfig_bytes`).
 */
export const rulesShownBy = (dwords: readonly number[], rules: ConfigRules): ConfigRules => ({
  ...rules,
  pcieEndpointBytes: (at) => (dwords.includes(at + LINK_CONTROL_2) ? 52 : 50),
});

type Length = number | ((peek: Peek, at: number, rules: ConfigRules) => number);

const lengths: Readonly<Record<number, Length>> = {
  [CAP.PM]: 8,
  [CAP.AGP]: 12,
  [CAP.VPD]: 8,
  [CAP.MSI]: msiLength,
  [CAP.PCIX]: (peek, at) => ((peek(at + 2, 2) >> 12) & 3 ? 24 : 8),
  [CAP.HT]: (peek, at) => (peek(at + 3, 1) & 0xe0 ? 24 : 28),
  [CAP.VENDOR]: (peek, at) => peek(at + 2, 1),
  [CAP.EXP]: pcieLength,
  [CAP.MSIX]: 12,
  [CAP.SATA]: (peek, at) => ((peek(at + 4, 1) & 0x0f) === 0x0f ? 16 : 8),
  [CAP.AF]: 6,
};

function msiLength(peek: Peek, at: number): number {
  const flags = peek(at + 2, 2);
  return 10 + (flags & 0x80 ? 4 : 0) + (flags & 0x100 ? 10 : 0);
}

const RC_INTEGRATED_ENDPOINT = 9;

function pcieLength(peek: Peek, at: number, rules: ConfigRules): number {
  const flags = peek(at + 2, 2);
  const integrated = (flags >> 4) % 16 === RC_INTEGRATED_ENDPOINT;
  if ((flags & 0x0f) === 1) return integrated ? 12 : 20;
  return integrated ? 44 : rules.pcieEndpointBytes(at);
}

const extendedLengths: Readonly<Record<number, Length>> = {
  [EXT.AER]: 44,
  [EXT.VC]: virtualChannelLength,
  [EXT.MFVC]: virtualChannelLength,
  [EXT.VC9]: virtualChannelLength,
  [EXT.DSN]: 12,
  [EXT.POWER]: 16,
  [EXT.VENDOR]: (peek, at) => peek(at + 4, 4) >>> 20,
  [EXT.ACS]: acsLength,
  [EXT.ARI]: 8,
  [EXT.ATS]: 8,
  [EXT.SRIOV]: 64,
  [EXT.MULTICAST]: 40,
  [EXT.PRI]: 16,
  [EXT.REBAR]: (peek, at) => 4 + 8 * ((peek(at + 8, 4) >> 5) & 7),
  [EXT.DPA]: (peek, at) => 16 + (peek(at + 4, 1) & 0x1f) + 1,
  [EXT.TPH]: tphLength,
  [EXT.LTR]: 8,
};

/** Group of virtual channels: 12 bytes each, and the arbitration table at the end. */
function virtualChannelLength(peek: Peek, at: number): number {
  const count = peek(at + 4, 4) & 7;
  const port = peek(at + 8, 4);
  const bytes = 16 + (count + 1) * 12;
  const table = port & 8 ? 128 : port & 4 ? 64 : port & 2 ? 32 : 0;
  return table === 0 ? bytes : Math.ceil(bytes / 16) * 16 + (table * 4) / 8;
}

function acsLength(peek: Peek, at: number): number {
  if ((peek(at + 4, 1) & 0x20) === 0) return 8;
  const bits = peek(at + 5, 1) || 256;
  return 8 + Math.ceil(bits / 8);
}

function tphLength(peek: Peek, at: number): number {
  const requester = peek(at + 4, 4);
  if ((requester & 0x600) !== 0x200) return 12;
  return 12 + ((requester >> 16) & 0x7ff) * 2 + 2;
}

const resolve = (length: Length | undefined, peek: Peek, at: number, rules: ConfigRules): number =>
  typeof length === 'function' ? length(peek, at, rules) : (length ?? 0);

/** Bytes of a standard capability; 0 hides it from the user. */
export const capLength = (id: number, peek: Peek, at: number, rules: ConfigRules): number =>
  resolve(lengths[id], peek, at, rules);

/** Bytes of an extended capability; 0 hides it. */
export function extendedLength(id: number, peek: Peek, at: number, rules: ConfigRules): number {
  if (id === EXT.DVSEC) return rules.dvsec ? peek(at + 4, 4) >>> 20 : 0;
  return resolve(extendedLengths[id], peek, at, rules);
}
