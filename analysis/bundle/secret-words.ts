/** Finds in texts what identifies a machine. */
import { highWord, lowWord } from '../../traces/index.js';
import { isKernelAddress, MARK, type SecretKind, type SecretNumbers } from './secret-numbers.js';

/** Names of serial numbers, as programs and the kernel print them. */
const NUMBER = '(?:[ _-]?(?:numbers?|num|no|short))?';
const SERIAL = `serial${NUMBER}|s/n|wwid|wwn|eui64|product_uuid`;
const HOST = 'hostname|nodename';
/** A name and a value, as in `ID_SERIAL=X`, `"serial": "X"` and `Serial Number: X`. */
const assigned = (names: string): RegExp =>
  new RegExp(String.raw`(?<![a-z0-9])(?:${names})["']?\s*[:=#]\s*["']?([^\s"',;\\)}\]]+)`, 'gi');

/** Words that introduce a secret, which is then looked for everywhere. */
const INTRODUCED: readonly (readonly [SecretKind, RegExp])[] = [
  ['serialNumber', assigned(SERIAL)],
  ['serialNumber', /\bserial (?:number|no\.?) +([\w.:-]+)/gi],
  ['hostName', assigned(HOST)],
  ['hostName', /\bhostname (?:set )?to <?([\w.-]+)/gi],
  ['hostName', /\bLinux version \S+ \(([^\s()]+@[^\s()]+)\)/g],
];
/** A shorter word is part of too many others. */
const WORD_MIN = 3;

/** Of at least six bytes, since addresses of Ethernet come together in some messages. */
const MAC = /(?<!\w)[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4,}[0-9a-f]{2}(?!\w)/gi;
/** The names that udev gives interfaces by their address. */
const NAMED_BY_MAC = /(?<=\benx)[0-9a-f]{12}(?![0-9a-f])/gi;
const ADDRESS = /(?<![0-9a-f])(?:0x)?(ff[0-9a-f]{14})(?![0-9a-f])/gi;
const COMMAND_LINE = /(?<=\bcommand line: ).+/gi;
const PROGRAM = /(?<=\bfilename=)\S+/g;
/** The names of tasks in records of tracepoints. */
const COMM = /(?<=\b\w*comm=).*?(?=\s+\w+=|$)/gm;
/** Texts that are known to have no secret. */
const CLEAN_MAX = 1 << 14;

export class SecretWords {
  readonly #known = new Map<string, SecretKind>();
  readonly #clean = new Set<string>();
  #literals: RegExp | null = null;

  /** @param tasks whether names of tasks are secrets */
  constructor(
    private readonly numbers: SecretNumbers,
    private readonly tasks: boolean,
  ) {}

  /** Adds a word that is a secret wherever it appears. */
  add(kind: SecretKind, word: string): void {
    if (word.length < WORD_MIN || word.startsWith(MARK)) return;
    if (!this.#known.has(word)) this.#known.set(word, kind);
    this.#literals = null;
    this.#clean.clear();
  }

  /** Adds the secrets that a text introduces. */
  learn(text: string): void {
    for (const [kind, pattern] of INTRODUCED) {
      for (const [, word] of text.matchAll(pattern)) {
        if (kind === 'hostName' || /\d/.test(word)) this.add(kind, word);
      }
    }
  }

  /** The text with other words instead of secrets. */
  redact(text: string): string {
    if (this.#clean.has(text)) return text;
    const { numbers } = this;
    const by = (kind: SecretKind) => (word: string) => numbers.word(kind, word);
    let redacted = text
      .replace(COMMAND_LINE, by('commandLine'))
      .replace(PROGRAM, by('commandLine'));
    if (this.tasks) redacted = redacted.replace(COMM, by('task'));
    if (this.#known.size > 0) {
      redacted = redacted.replace(this.#pattern(), (word) =>
        numbers.word(this.#known.get(word) ?? 'serialNumber', word),
      );
    }
    redacted = redacted
      .replace(ADDRESS, (word: string, digits: string) => this.#address(word, digits))
      .replace(MAC, by('macAddress'))
      .replace(NAMED_BY_MAC, by('macAddress'));
    if (redacted === text && this.#clean.size < CLEAN_MAX) this.#clean.add(text);
    return redacted;
  }

  #address(word: string, digits: string): string {
    const address = BigInt(`0x${digits}`);
    if (!isKernelAddress(highWord(address), lowWord(address))) return word;
    return word.replace(digits, this.numbers.address(address).toString(16));
  }

  #pattern(): RegExp {
    if (this.#literals !== null) return this.#literals;
    const words = [...this.#known.keys()].sort((a, b) => b.length - a.length);
    const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'));
    this.#literals = new RegExp(`(?<!\\w)(?:${escaped.join('|')})(?!\\w)`, 'g');
    return this.#literals;
  }
}
