/** A function of the kernel or of a loaded module. */
export interface FunctionSymbol {
  /** Address as an offset from `_text`; undefined if addresses are 0 (hidden by kptr_restrict). */
  readonly fromText: bigint | undefined;
  /** The module's name, or undefined for the kernel image. */
  readonly module: string | undefined;
}

/** Static functions of one source file lie close together; this far apart they surely are not. */
const NEAR = 0x10000n;

/** The functions of the running kernel by name, from /proc/kallsyms. */
export class Symbols {
  readonly #functions = new Map<string, FunctionSymbol[]>();
  readonly #text: bigint;
  #sorted: BigInt64Array | undefined;
  /** Modules that have at least one function. */
  readonly modules = new Set<string>();

  /** @param kallsyms The text of /proc/kallsyms. */
  constructor(kallsyms: string) {
    const text = /^([0-9a-f]+) \w _text$/m.exec(kallsyms);
    const base = BigInt(`0x${text?.[1] ?? '0'}`);
    this.#text = base;
    for (const match of kallsyms.matchAll(/^([0-9a-f]+) [tTwW] (\S+)(?:\t\[(\w+)\])?$/gm)) {
      const [, address, name, module] = match;
      const value = BigInt(`0x${address}`);
      const fromText = value === 0n || base === 0n ? undefined : value - base;
      if (module !== undefined) this.modules.add(module);
      const symbol = { fromText, module };
      const known = this.#functions.get(name!);
      if (known) known.push(symbol);
      else this.#functions.set(name!, [symbol]);
    }
  }

  /** All functions of this very name in the kernel image (module undefined) or in a module. */
  named(name: string, module: string | undefined): readonly FunctionSymbol[] {
    return (this.#functions.get(name) ?? []).filter((symbol) => symbol.module === module);
  }

  /** Whether a module has a function of this very name. */
  hasModuleWith(name: string): boolean {
    return this.#functions.get(name)?.some(({ module }) => module !== undefined) === true;
  }

  /** The name with a compiler's suffix, such as `foo.isra.0`, when only that exists. */
  renamed(name: string): string | undefined {
    for (const suffix of ['.isra.0', '.constprop.0', '.part.0', '.isra.0.constprop.0']) {
      if (this.#functions.has(name + suffix)) return name + suffix;
    }
    return undefined;
  }

  /**
   * Chooses among static functions of one name the one in the same source file as a neighbour: the
   * closest one, if it is close. Undefined when none is, or addresses are hidden.
   */
  near(candidates: readonly FunctionSymbol[], neighbours: readonly string[]) {
    let best: FunctionSymbol | undefined;
    let distance = NEAR;
    for (const neighbour of neighbours) {
      for (const { fromText: there } of this.named(neighbour, undefined)) {
        for (const candidate of candidates) {
          const here = candidate.fromText;
          if (here === undefined || there === undefined) continue;
          const apart = here > there ? here - there : there - here;
          if (apart < distance) [best, distance] = [candidate, apart];
        }
      }
    }
    return best;
  }

  /**
   * Where a function's code is: its address, and the bytes up to the next function, the filling
   * between them included. Undefined when addresses are hidden.
   */
  codeOf({ fromText }: FunctionSymbol): { address: bigint; length: number } | undefined {
    if (fromText === undefined) return undefined;
    this.#sorted ??= BigInt64Array.from(
      [...this.#functions.values()].flat().map((symbol) => symbol.fromText ?? 0n),
    ).sort();
    const next = this.#sorted.find((other) => other > fromText);
    if (next === undefined) return undefined;
    return { address: this.#text + fromText, length: Number(next - fromText) };
  }
}
