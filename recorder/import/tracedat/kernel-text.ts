/** Addresses of the recorded kernel: functions by name, and the strings of trace_printk. */

const LINE = /^([0-9a-f]+) [a-zA-Z] (\S+)/;

/** Functions of /proc/kallsyms by address; the text is only parsed when a name is asked for. */
export class KernelSymbols {
  #addresses: BigUint64Array | null = null;
  #names: string[] = [];

  constructor(private readonly text: () => Buffer) {}

  /** The function that an address is in, or the address. */
  name(address: bigint): string {
    this.#addresses ??= this.#parse();
    let low = 0;
    let high = this.#addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#addresses[middle] <= address) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? `0x${address.toString(16)}` : this.#names[low - 1];
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

/** `0xffffffffb6f4aef8 : "CPU_ON"` lines of printk_formats. */
export function parsePrintkFormats(text: string): Map<bigint, string> {
  const formats = new Map<bigint, string>();
  for (const [, address, format] of text.matchAll(/^0x([0-9a-f]+) : "(.*)"$/gm)) {
    formats.set(BigInt(`0x${address}`), format.replace(/\\n$/, ''));
  }
  return formats;
}
