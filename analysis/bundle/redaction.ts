/** Removes from a trace what identifies a machine or its users, while the trace is copied. */
import {
  type Batch,
  CELL,
  type DictColumn,
  type EventAppender,
  type EventEdit,
  type EventRow,
  fromWords,
  highWord,
  lowWord,
  REGION_CONFIG,
  type TraceMeta,
  type TraceReader,
} from '../../traces/index.js';
import { ConfigSerials } from './config-serials.js';
import { isKernelAddress, type SecretKind, SecretNumbers } from './secret-numbers.js';
import { SecretWords } from './secret-words.js';

/** Whether names of tasks are removed too, and the names of hosts that are known. */
export interface RedactionOptions {
  readonly tasks: boolean;
  readonly hosts: readonly string[];
}

/** Notes that are a secret as a whole. */
const NOTES: Readonly<Record<string, SecretKind>> = {
  command: 'commandLine',
  input: 'path',
  host: 'hostName',
  hostname: 'hostName',
  guests: 'hostName',
};
/** Tasks of the kernel, which are the same everywhere. */
const KERNEL_TASK = /^(?:kworker|swapper|irq|ksoftirqd|migration|kthreadd|<)/;
/** Shorter names of tasks are only removed where a name of a task is expected. */
const TASK_WORD_MIN = 5;

/** What devices and their users transfer: any number may be in there. */
const IS_ACCESS = /^(?:config|region)\.(?:read|write)$/;
const EXECUTED = /^(?:exec|execve|execveat)$/;

export class Redaction implements EventEdit {
  readonly #numbers = new SecretNumbers();
  readonly #words: SecretWords;
  readonly #serials = new ConfigSerials();

  /** Reads the whole trace to know its secrets. */
  constructor(
    reader: TraceReader,
    private readonly options: RedactionOptions,
  ) {
    this.#words = new SecretWords(this.#numbers, options.tasks);
    for (const host of options.hosts) this.#words.add('hostName', host);
    const { dictionaries, meta } = reader;
    for (const entries of Object.values(dictionaries))
      for (const text of entries) this.#words.learn(text);
    for (const [name, note] of Object.entries(meta.notes)) {
      if (NOTES[name] === 'hostName') this.#words.add('hostName', note);
      else this.#words.learn(note);
    }
    if (options.tasks) this.#learnTasks(dictionaries.task, new Set(dictionaries.driver));
    for (const batch of reader.read()) this.#learn(batch);
  }

  /** Number of places that were redacted, by kind. */
  get counts(): Readonly<Record<SecretKind, number>> {
    return this.#numbers.counts;
  }

  text(text: string): string {
    return this.#words.redact(text);
  }

  /** @param kept notes that are not changed */
  meta(meta: TraceMeta, kept: readonly string[]): TraceMeta {
    const notes = Object.entries(meta.notes).map(([name, text]) => {
      if (kept.includes(name)) return [name, text];
      const kind = Object.hasOwn(NOTES, name) ? NOTES[name] : null;
      return [name, kind === null ? this.text(text) : this.#numbers.word(kind, text)];
    });
    return { ...meta, notes: Object.fromEntries(notes) };
  }

  entry(column: DictColumn, text: string): string {
    if (column === 'kind' || column === 'phase' || column === 'source') return text;
    if (column !== 'task') return this.text(text);
    const isSecret = this.options.tasks && !KERNEL_TASK.test(text);
    return isSecret ? this.#numbers.word('task', text) : this.text(text);
  }

  event(row: EventRow, { dictionaries }: EventAppender): void {
    const kind = dictionaries.kind.at(row.cells[CELL.kind]);
    const name = row.has(CELL.name) ? dictionaries.name.at(row.cells[CELL.name]) : '';
    const device = row.has(CELL.device) ? dictionaries.device.at(row.cells[CELL.device]) : null;
    if (typeof row.textValue === 'string') row.text(this.#eventText(kind, name, row.textValue));
    if (kind === 'snapshot') this.#data(row, device, 0);
    else if (IS_ACCESS.test(kind)) this.#access(row, device);
    else this.#addresses(row, kind === 'ioctl');
  }

  #learn(batch: Batch): void {
    const [texts, kinds, devices] = [
      batch.column('text'),
      batch.column('kind'),
      batch.column('device'),
    ];
    const [offsets, lengths, values] = [
      batch.column('offset'),
      batch.column('length'),
      batch.column('value'),
    ];
    const data = batch.column('data');
    for (let row = 0; row < batch.rows; row++) {
      if (texts.has(row)) this.#words.learn(texts.text(row)!);
      const [kind, device] = [kinds.at(row), devices.at(row)];
      if (device === null) continue;
      if (kind === 'snapshot' && data.has(row)) this.#serials.learnSpace(device, data.at(row)!);
      if (kind !== 'config.read' || lengths.number(row) !== 4 || !values.has(row)) continue;
      this.#serials.learnHeader(device, offsets.number(row), values.low(row));
    }
  }

  #learnTasks(tasks: readonly string[], drivers: ReadonlySet<string>): void {
    for (const task of tasks) {
      const isWord = task.length >= TASK_WORD_MIN && !drivers.has(task);
      if (isWord && !KERNEL_TASK.test(task)) this.#words.add('task', task);
    }
  }

  #eventText(kind: string, name: string, text: string): string {
    if (kind === 'lost')
      return this.text(text.replace(/^\/.*?(?=: )/, (p) => this.#numbers.word('path', p)));
    if (text.startsWith('{') && (kind === 'process' || kind === 'snapshot')) {
      return this.text(this.#actor(text));
    }
    const isCommand = EXECUTED.test(name) && (kind === 'syscall' || kind === 'process');
    // A record of the scheduler names the program only.
    if (!isCommand || /\bfilename=/.test(text)) return this.text(text);
    return this.#numbers.word('commandLine', text);
  }

  /** The identity of a process as JSON. */
  #actor(text: string): string {
    let actor: Record<string, unknown>;
    try {
      actor = JSON.parse(text);
    } catch {
      return text;
    }
    if (!('cmdline' in actor)) return text;
    const word = (value: unknown) =>
      typeof value === 'string' ? this.#numbers.word('commandLine', value) : value;
    const { cmdline, exe, cgroup } = actor;
    const line = Array.isArray(cmdline) ? [word(cmdline.join(' '))] : word(cmdline);
    return JSON.stringify({ ...actor, cmdline: line, exe: word(exe), cgroup: word(cgroup) });
  }

  /** An access to configuration space: its serial numbers become zeros. */
  #access(row: EventRow, device: string | null): void {
    const { cells } = row;
    if (device === null || !row.has(CELL.offset) || cells[CELL.region] !== REGION_CONFIG) return;
    const offset = cells[CELL.offset] >>> 0;
    this.#data(row, device, offset);
    // All ones is what reads return when there is no device.
    if (!row.has(CELL.value) || cells[CELL.value] >>> 0 === 0xffff_ffff) return;
    let value = fromWords(cells[CELL.value] >>> 0, cells[CELL.value + 1] >>> 0);
    const before = value;
    const length = Math.min(cells[CELL.length] >>> 0, 8);
    for (const at of this.#serials.bytes(device, offset, length)) {
      value &= ~(0xffn << BigInt(8 * at));
    }
    if (value === before) return;
    this.#numbers.count('serialNumber');
    row.setWords(CELL.value, lowWord(value), highWord(value));
  }

  /** Data that is the configuration space from `offset` on. */
  #data(row: EventRow, device: string | null, offset: number): void {
    if (device === null || row.dataValue === null) return;
    const data = Buffer.from(row.dataValue);
    for (const at of this.#serials.bytes(device, offset, data.length)) data[at] = 0;
    if (data.equals(row.dataValue)) return;
    this.#numbers.count('serialNumber');
    row.data(data);
  }

  /** @param isOfUser whether the data are from a program, which knows no addresses of the kernel */
  #addresses(row: EventRow, isOfUser: boolean): void {
    const { cells, dataValue } = row;
    for (const cell of [CELL.offset, CELL.length, CELL.value, CELL.ret]) {
      const [low, high] = [cells[cell], cells[cell + 1]];
      if (!row.has(cell) || !isKernelAddress(high, low)) continue;
      const address = this.#numbers.address(fromWords(low >>> 0, high >>> 0));
      row.setWords(cell, lowWord(address), highWord(address));
    }
    if (dataValue === null || isOfUser) return;
    const data = Buffer.from(dataValue);
    for (let at = 0; at + 8 <= data.length; at += 8) {
      if (!isKernelAddress(data.readUInt32LE(at + 4), data.readUInt32LE(at))) continue;
      data.writeBigUInt64LE(this.#numbers.address(data.readBigUInt64LE(at)), at);
    }
    row.data(data);
  }
}
