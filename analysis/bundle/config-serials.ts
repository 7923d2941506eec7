/**
 * Where the configuration space of functions has serial numbers: the extended capability Device
 * Serial Number, and the data register of Vital Product Data
 * (include/uapi/linux/pci_regs.h 6.12: PCI_EXT_CAP_ID_DSN, PCI_CAP_ID_VPD).
 */

interface Range {
  readonly from: number;
  /** The first byte after it. */
  readonly to: number;
}

const CAPABILITIES = 0x34;
const FIRST_CAPABILITY = 0x40;
const EXTENDED = 0x100;
const VPD = 0x03;
const VPD_DATA = { from: 4, to: 8 };
const DSN = 0x0003;
const DSN_DATA = { from: 4, to: 12 };

export class ConfigSerials {
  readonly #ranges = new Map<string, Range[]>();

  /** Finds the capabilities in a configuration space. */
  learnSpace(device: string, config: Buffer): void {
    let at = config.length > CAPABILITIES ? config[CAPABILITIES] & 0xfc : 0;
    for (const seen = new Set<number>(); at >= FIRST_CAPABILITY && !seen.has(at); ) {
      if (at + 1 >= config.length) break;
      seen.add(at);
      if (config[at] === VPD) this.#add(device, at, VPD_DATA);
      at = config[at + 1] & 0xfc;
    }
    at = EXTENDED;
    for (const seen = new Set<number>(); at >= EXTENDED && !seen.has(at); ) {
      if (at + 4 > config.length) break;
      seen.add(at);
      const header = config.readUInt32LE(at);
      this.learnHeader(device, at, header);
      at = (header >>> 20) & 0xffc;
    }
  }

  /** Learns from a read of 4 bytes, which may be the header of an extended capability. */
  learnHeader(device: string, offset: number, header: number): void {
    const next = header >>> 20;
    const isHeader = offset >= EXTENDED && offset % 4 === 0 && (next === 0 || next >= EXTENDED);
    if (isHeader && next % 4 === 0 && (header & 0xf_ffff) === (0x1_0000 | DSN)) {
      this.#add(device, offset, DSN_DATA);
    }
  }

  /** Which bytes of an access have serial numbers, as indices into it. */
  *bytes(device: string, offset: number, length: number): Generator<number> {
    for (const { from, to } of this.#ranges.get(device) ?? []) {
      const end = Math.min(to, offset + length);
      for (let at = Math.max(from, offset); at < end; at++) yield at - offset;
    }
  }

  #add(device: string, at: number, { from, to }: Range): void {
    const ranges = this.#ranges.get(device) ?? [];
    if (!ranges.some((range) => range.from === at + from)) {
      ranges.push({ from: at + from, to: at + to });
    }
    this.#ranges.set(device, ranges);
  }
}
