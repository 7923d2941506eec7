/** A kept page, and its origin. */
interface KeptPage {
  readonly key: string;
  readonly cpu: number;
  readonly bytes: Buffer;
}

/** Pages of one buffer, oldest first. */
export interface KeptBuffer {
  readonly cpu: number;
  readonly pages: readonly Buffer[];
}

/** The last pages that were read of all buffers together, up to a number of bytes. */
export class PageRing {
  readonly #pages: KeptPage[] = [];
  #first = 0;
  #bytes = 0;

  constructor(private readonly limit: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a copy of a page and forgets the oldest ones beyond the limit. */
  push(key: string, cpu: number, page: Buffer): void {
    this.#pages.push({ key, cpu, bytes: Buffer.from(page) });
    this.#bytes += page.length;
    while (this.#bytes > this.limit) this.#bytes -= this.#pages[this.#first++]!.bytes.length;
    // Forgotten pages are released in large steps, so that the average cost of a push is constant.
    if (this.#first > 1024 && this.#first * 2 > this.#pages.length) {
      this.#pages.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** All pages by buffer; they stay. */
  all(): KeptBuffer[] {
    const buffers = new Map<string, { cpu: number; pages: Buffer[] }>();
    for (const { key, cpu, bytes } of this.#pages.slice(this.#first)) {
      const buffer = buffers.get(key);
      if (buffer) buffer.pages.push(bytes);
      else buffers.set(key, { cpu, pages: [bytes] });
    }
    return [...buffers.values()];
  }

  /** Forgets all pages. */
  clear(): void {
    this.#pages.length = this.#first = this.#bytes = 0;
  }
}
