/** Which importer reads an input, and as which text: without the marks of one that is quoted. */
import { VfrError } from '../../traces/index.js';
import { IMPORTERS } from './formats.js';
import type { Importer } from './importer.js';
import type { Input } from './input-stream.js';
import { unquotedLevels } from './quoted.js';

/** Least confidence of an importer that is trusted with an input. */
const CONFIDENCE_MIN = 0.2;
/** From this confidence on, no other importer is tried. */
const CERTAIN = 0.95;

export interface Recognised {
  readonly importer: Importer;
  readonly text: Input;
}

/** A format that a part of the text may have, though not enough of it to be certain. */
interface Claim extends Recognised {
  /** Lines that are certainly of the format. */
  readonly lines: number;
}

/**
 * Finds the importer of an input: one that is sure of most of the text, otherwise one that is sure
 * of a few lines if no other format has any.
 * @param format name of the only format to be considered
 * @param all importers to consider
 * @throws VfrError when no format is sure enough
 */
export function recognise(
  input: Input,
  format: string | undefined,
  all: readonly Importer[] = IMPORTERS,
): Recognised {
  const importers = format === undefined ? all : [importerOf(format, all)];
  const texts = [input];
  const sure = detect(input, importers);
  if (sure !== null) return { importer: sure, text: input };
  for (const text of unquotedLevels(input)) {
    const importer = detect(text, importers);
    if (importer !== null) return { importer, text };
    texts.push(text);
  }
  const claims = importers.flatMap((importer) => claimOf(importer, texts) ?? []);
  if (claims.length === 1) return claims[0];
  if (format !== undefined) return { importer: importers[0], text: input };
  throw notRecognised(input, claims);
}

/** The most that a format has of any of the texts; null when it has nothing. */
function claimOf(importer: Importer, texts: readonly Input[]): Claim | null {
  let best: Claim | null = null;
  for (const text of texts) {
    const lines = importer.certain?.(text.head) ?? 0;
    if (lines > (best?.lines ?? 0)) best = { importer, text, lines };
  }
  return best;
}

function notRecognised(input: Input, claims: readonly Claim[]): VfrError {
  const near = claims.map(({ importer, text, lines }) => {
    const all = text.head
      .toString('latin1')
      .split('\n')
      .filter((line) => line.trim() !== '').length;
    return `${importer.format} (${lines} of the first ${all} lines are certainly of it)`;
  });
  const what =
    near.length === 0
      ? 'the content is of no format that vfr knows'
      : `the content is not clearly of one format; near are ${near.join(', ')}`;
  const next =
    near.length === 0
      ? 'See `vfr import --list`, or name the format with --format.'
      : 'Name the format with --format, or import each part from a file of its own.';
  return new VfrError('FORMAT_NOT_RECOGNISED', what, next, { file: input.name });
}

function importerOf(format: string, all: readonly Importer[]): Importer {
  const named = all.find((importer) => importer.format === format);
  if (named !== undefined) return named;
  const known = all.map((importer) => importer.format).join(', ');
  const what = `no format is called ${JSON.stringify(format)}`;
  throw new VfrError('FORMAT_UNKNOWN', what, `Known formats: ${known}.`);
}

/** A whole kernel log is recognised quickly; trying the layouts of traces on it takes long. */
const quickFirst = (a: Importer, b: Importer) =>
  Number(b.format === 'dmesg') - Number(a.format === 'dmesg');

/** The most confident importer for an input, or null when none is confident enough. */
export function detect(
  { head, name }: Input,
  importers: readonly Importer[] = IMPORTERS,
): Importer | null {
  let [best, most]: [Importer | null, number] = [null, CONFIDENCE_MIN];
  for (const importer of [...importers].sort(quickFirst)) {
    const confidence = importer.detect(head, name);
    if (confidence >= CERTAIN) return importer;
    if (confidence > most) [best, most] = [importer, confidence];
  }
  return best;
}
