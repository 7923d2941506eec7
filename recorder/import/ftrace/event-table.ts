/** The events of one input by the bytes of their names, and what was learnt of their text. */

import { ByteLiteral } from '../../byte-matching/byte-literal.js';
import { Interner } from '../../byte-matching/interner.js';
import { DMA } from '../../catalogue/index.js';
import type { MappingRule } from '../../mapping/projection.js';
import type { RecordMapper } from '../../mapping/record-mapper.js';
import { type FieldLayout, fieldLayoutOf } from './field-layout.js';
import { type MeasuredString, measuredOf } from './measured-string.js';

/** How the text after an event's name is to be read. */
export type Grammar =
  /** ` key=value key="text"`, after `(address)` or not. */
  | 'fields'
  /** `key: value, key: value` in hexadecimal. */
  | 'arguments'
  /** The return value of a system call. */
  | 'result'
  /** All of the line is one text. */
  | 'text'
  /** A text with one line for each frame. */
  | 'stack';

/** Records of one event that are learnt from: after these its records are too unlike. */
const LESSONS_MAX = 32;

/** Longest text before a first value that is worth remembering. */
const HEAD_BYTES_MAX = 1 << 10;

export class TextEvent {
  /** Hashes of the names of the fields that the rule wants, by `hashName`. */
  readonly hashes: Int32Array;
  /** The same by the names of the event's format, where the text has others. */
  readonly #formatHashes: Int32Array | null;
  /** The fields of a record before, which the next one most often has, too. */
  shape: FieldLayout = [];
  readonly positional: RegExp | undefined;
  /** The string whose length is in another field of the record. */
  readonly measured: MeasuredString | null;
  /** The text from the event's name to its first value, as the record before had it. */
  readonly head = new ByteLiteral(HEAD_BYTES_MAX);
  /** Offset of the fields after the event's name. */
  fieldsOffset = 0;
  /** For every key of the shape, the field it is; -1 when the rule does not want it. */
  fieldOfKey: readonly number[] = [];
  /** For every key of the layout, its text with its surroundings: ` key=`. */
  keys: readonly ByteLiteral[] = [];
  /** The event that followed this one the last time. */
  next: TextEvent | null = null;
  #lessons = 0;

  constructor(
    readonly rule: MappingRule,
    readonly grammar: Grammar,
  ) {
    const renamed = rule.fields.some((name) => name in TEXT_NAMES);
    this.#formatHashes = renamed ? Int32Array.from(rule.fields, hashName) : null;
    this.positional = POSITIONAL[rule.event];
    this.measured = grammar === 'fields' ? measuredOf(rule) : null;
    this.hashes = Int32Array.from(rule.fields, (name) => hashName(TEXT_NAMES[name] ?? name));
  }

  /** The wanted field whose name has this hash; -1 when the rule does not want it. */
  fieldOf(hash: number): number {
    const field = this.hashes.indexOf(hash);
    return field >= 0 || this.#formatHashes === null ? field : this.#formatHashes.indexOf(hash);
  }

  /** The next record may have the same text from `start` to its first value. */
  expect(view: DataView, start: number, fieldsAt: number, valueAt: number): void {
    this.head.keep(view, start, valueAt);
    this.fieldsOffset = fieldsAt - start;
  }

  /** Whether the fields of a record that was read in full are worth remembering. */
  get learns(): boolean {
    return this.#lessons < LESSONS_MAX;
  }

  /** Remembers which fields a record has: it only makes reading the next ones faster. */
  learn(bytes: Buffer, start: number, end: number): void {
    this.#lessons++;
    this.shape = fieldLayoutOf(bytes.toString('latin1', start, end));
    this.keys = this.shape.map((key) => ByteLiteral.of(Buffer.from(` ${key}=`, 'latin1')));
    this.fieldOfKey = this.shape.map((key) => this.fieldOf(hashName(key)));
  }
}

/** Events with unnamed fields before the named ones. */
const POSITIONAL: Readonly<Record<string, RegExp>> = {
  io_page_fault: /^IOMMU:(?<driver>\S+) (?<device>\S+) /d,
  aer_event: /^(?<dev_name>\S+) \w+ Bus Error: /d,
  pci_hp_event: /^(?<port_name>\S+) slot:/d,
  pcie_link_event: /^(?<port_name>\S+) type:/d,
  rpm_return_int: /^[^:]*:(?<name>\S+) /d,
  rpm_status: /^(?<name>\S+) status=/d,
  ...Object.fromEntries(
    ['rpm_suspend', 'rpm_resume', 'rpm_idle', 'rpm_usage'].map((event) => [
      event,
      /^(?<name>\S+) flags-\w+ cnt-(?<usage_count>-?\d+) /d,
    ]),
  ),
  ...Object.fromEntries(
    ['module_load', 'module_free', 'module_request'].map((event) => [event, /^(?<name>\S+)/d]),
  ),
  ...Object.fromEntries(DMA.map((event) => [event, /^(?<device>\S+) /d])),
};

/** Fields that the kernel's text names otherwise than the event's format does. */
const TEXT_NAMES: Readonly<Record<string, string>> = { gid: 'groupID' };

/** Step of the hash by which names are compared; its start is 0. */
export const hashStep = (hash: number, byte: number): number => (Math.imul(hash, 31) + byte) | 0;

function hashName(name: string): number {
  let hash = 0;
  for (const byte of Buffer.from(name)) hash = hashStep(hash, byte);
  return hash;
}

/** A damaged input may have a new name on every line; beyond this they are not events. */
const EVENTS_MAX = 1 << 13;

/** Events whose text is one field. */
const ONE_TEXT = new Set(['print', 'console', 'raw_data']);
const STACKS = new Set(['kernel_stack', 'user_stack']);
/** The function that writes a mark, which the kernel shows in the place of the event's name. */
export const MARK_WRITER = 'tracing_mark_write';
const SYSCALL = /^sys_(?:enter|exit)_/;

export class EventTable {
  readonly #names = new Interner((name) => {
    const event = name.slice(name.indexOf(':') + 1);
    return this.#make(event === MARK_WRITER ? 'print' : event, name);
  });
  readonly #named = new Map<string, TextEvent | null>();
  #size = 0;

  constructor(private readonly mapper: RecordMapper) {}

  /** The event of this name; null when there are too many names. */
  find(bytes: Buffer, start: number, end: number): TextEvent | null {
    return this.#names.get(bytes, start, end);
  }

  /** An event that the text shows by another name than the tracepoint's. */
  named(event: string, shown: string): TextEvent | null {
    const key = `${event} ${shown}`;
    const known = this.#named.get(key);
    if (known !== undefined) return known;
    const made = this.#make(event, shown);
    if (made !== null) this.#named.set(key, made);
    return made;
  }

  #make(event: string, shown: string): TextEvent | null {
    if (this.#size === EVENTS_MAX) return null;
    this.#size++;
    return new TextEvent(this.mapper.rule(event, shown), grammarOf(event));
  }
}

function grammarOf(event: string): Grammar {
  if (ONE_TEXT.has(event)) return 'text';
  if (STACKS.has(event)) return 'stack';
  const syscall = SYSCALL.exec(event);
  if (syscall === null) return 'fields';
  return syscall[0] === 'sys_enter_' ? 'arguments' : 'result';
}
