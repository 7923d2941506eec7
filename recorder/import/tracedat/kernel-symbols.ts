/** Addresses of the recorded kernel: functions by name, and the strings of trace_printk. */
import { firstIndex } from '../../../traces/index.js';

const LINE = /^([0-9a-f]+) [a-zA-Z] (\S+)/;

/** Functions of /proc/kallsyms by address; the text is parsed when the first name is needed. */
export class KernelSymbols {
  #addresses: BigUint64Array | null = null;
  #names: string[] = [];

  constructor(private readonly text: () => Buffer) {}

  /** The function that an address is in, or the address. */
  name(address: bigint): string {
    const at = this.#find(address);
    return at < 0 ? `0x${address.toString(16)}` : this.#names[at];
  }

  /** The function and the offset of the address in it: `pci_enable_sriov+0x1c`. */
  place(address: bigint): string {
    const at = this.#find(address);
    if (at < 0 || this.#addresses === null) return `0x${address.toString(16)}`;
    return `${this.#names[at]}+0x${(address - this.#addresses[at]).toString(16)}`;
  }

  /** Place in the list of the last function that starts at or before an address, or -1. */
  #find(address: bigint): number {
    this.#addresses ??= this.#parse();
    const addresses = this.#addresses;
    return firstIndex(addresses.length, (i) => addresses[i] > address) - 1;
  }

  #parse(): BigUint64Array {
    const symbols = this.text()
      .toString('latin1')
      .split('\n')
      .map((line) => LINE.exec(line))
      .filter((match) => match !== null)
      .map(([, address, name]) => ({ address: BigInt.asUintN(64, BigInt(`0x${address}`)), name }))
      .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
    this.#names = symbols.map(({ name }) => name);
    return BigUint64Array.from(symbols, ({ address }) => address);
  }
}

/** What printk_formats writes for characters that would break its lines (kernel trace_printk.c). */
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"' };

/**
 * `0xffffffffb6f4aef8 : "CPU_ON"` lines of printk_formats: formats and strings by their address.
 * Their last newline is left out.
 */
export function parsePrintkFormats(text: string): Map<bigint, string> {
  const formats = new Map<bigint, string>();
  for (const [, address, format] of text.matchAll(/^0x([0-9a-f]+) : "(.*)"$/gm)) {
    const plain = format.replace(/\\([nt"])/g, (_, letter: string) => ESCAPED[letter]);
    formats.set(BigInt(`0x${address}`), plain.replace(/\n$/, ''));
  }
  return formats;
}
