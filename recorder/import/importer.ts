/**
 * The interface of every input format: detect it, read it as a stream, emit events, and count what
 * could not be used. One module per format implements it.
 */
import type { EventAppender, TraceMeta } from '../../traces/index.js';
import type { Input } from './input-stream.js';

/** What an importer found. Nothing of the input is dropped without being counted here. */
export interface ImportReport {
  /**
   * Source records by the name that the source uses for them, whether or not each became one event.
   */
  readonly records: Readonly<Record<string, number>>;
  /** Lines or records that were not understood; each became a `log` event. */
  readonly unparsed: number;
  /** Lines that belong, or may belong, to the record before them. */
  readonly continued?: number;
  /** Events that the source itself says it lost; each report of it became a `lost` event. */
  readonly lost: number;
  /** Where and why reading stopped before the end of the input, when it did. */
  readonly stopped?: { readonly offset: number; readonly why: string };
}

/** What an importer knows before its first event. */
export type InputMeta = Pick<TraceMeta, 'clock' | 'kernel' | 'wallOffsetNs'> & {
  readonly notes?: Readonly<Record<string, string>>;
};

/** All that vfr knows of an input format, in one value: `IMPORTERS` lists them. */
export interface Importer {
  /** Name for `--format`. */
  readonly format: string;
  /** One line for `vfr import --list`, and for the table of docs/import.md. */
  readonly describe: string;
  /** Which clock its traces have, in the words of the table. */
  readonly clock: string;
  /**
   * Whether it reads the input from its beginning to its end, or here and there: then a pipe is
   * held in memory (`sourceOf`).
   */
  readonly needs: 'stream' | 'seek';
  /** An input of the format under tests/data, which the tests of all importers read. */
  readonly sample: string;
  /**
   * How sure it is that the input is of this format, from 0 (no) to 1 (magic number seen).
   * @param head the first bytes of the input, at most 64 KiB, decompressed
   * @param name file name, for a hint only
   */
  detect(head: Buffer, name: string): number;
  /**
   * How many lines of the head are certainly of this format, whatever surrounds them. A few are
   * enough if no other format has any.
   */
  certain?(head: Buffer): number;
  /** What the trace's metadata can say; reads no more than the head of the input. */
  meta(input: Input): InputMeta;
  /**
   * Reads the input to its end and appends its events.
   * @throws VfrError only when nothing of the input can be read
   */
  read(input: Input, events: EventAppender): ImportReport;
}
