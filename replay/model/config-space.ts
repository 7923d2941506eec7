/** Reading a function's configuration space as a snapshot recorded it. */

/** Ids of extended capabilities (PCI Express Base Specification, capability ids). */
export const EXT_CAP = { SRIOV: 0x10 } as const;

const FIRST_EXT_CAP = 0x100;
const word = (config: Buffer, at: number): number | null =>
  at >= 0 && at + 2 <= config.length ? config.readUInt16LE(at) : null;

/** Offset of an extended capability, or null when it is missing or was not recorded. */
function findExtCap(config: Buffer, id: number): number | null {
  let at = FIRST_EXT_CAP;
  // A list cannot be longer than the space; a looping one is abandoned.
  for (let steps = 0; steps < 960 && at >= FIRST_EXT_CAP && at + 4 <= config.length; steps++) {
    const header = config.readUInt32LE(at);
    if ((header & 0xffff) === id) return at;
    at = (header >>> 20) & 0xffc;
  }
  return null;
}

/** The registers of the SR-IOV capability that do not change once VFs can exist. */
export interface SriovCap {
  readonly totalVfs: number | null;
  readonly numVfs: number | null;
  readonly offset: number | null;
  readonly stride: number | null;
  readonly vfDevice: number | null;
}

export function readSriovCap(config: Buffer): SriovCap | null {
  const at = findExtCap(config, EXT_CAP.SRIOV);
  if (at === null) return null;
  return {
    totalVfs: word(config, at + 0x0e),
    numVfs: word(config, at + 0x10),
    offset: word(config, at + 0x14),
    stride: word(config, at + 0x16),
    vfDevice: word(config, at + 0x1a),
  };
}

/** Header type 0, an endpoint (bits 6 to 0 of byte 0x0e). */
export const isEndpoint = (config: Buffer): boolean => (config[0x0e] & 0x7f) === 0;
