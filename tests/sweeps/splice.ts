/**
 * Files put together of the messages of sound traces: left out, doubled, exchanged, moved, of another
 * trace, one trace behind another, cut, some changed and given right CRCs. What is read of each must
 * be the very events of one trace, all of them, or it is told that something is wrong; and as long as
 * no message was changed, no event may be read that is not that trace's, whatever is told.
 */
import {
  type Batch,
  COLUMNS,
  MemorySink,
  MemorySource,
  rewriteTrace,
  TraceReader,
  TraceWriter,
  VfrError,
  verifyTrace,
} from '../../traces/index.js';
import { END_OF_STREAM, frameOf, type Part, partsOf, sealed } from '../frames.js';
import { makeTrace, type Random } from './corpus.js';
import { copyOf, editBytes } from './fuzz.js';
import { type MutantFigures, sweep } from './mutants.js';
import { demand, isProgram, sweepOptions } from './options.js';

/** A sound trace: its messages, and each of its events as text. */
interface Origin {
  readonly id: string;
  readonly bytes: Buffer;
  readonly parts: readonly Part[];
  readonly events: readonly string[];
}

const TRACES = [
  { seed: 31, events: 40, batchRows: 8 },
  { seed: 32, events: 40, batchRows: 8 },
  { seed: 33, events: 37, batchRows: 5 },
  { seed: 34, events: 3, batchRows: 4 },
];

export interface SpliceFigures extends MutantFigures {
  /** Files that are the whole trace and nothing else. */
  readonly whole: number;
}

export function sweepSplices(count: number, seed: number): SpliceFigures {
  const origins = TRACES.map((options) => originOf(makeTrace(options)));
  let whole = 0;
  const figures = sweep(count, seed, (random) => {
    const spliced = splice(origins, random);
    return {
      name: spliced.steps.join(', '),
      survives: () => {
        const verdict = check(spliced, origins);
        if (verdict === 'whole') whole++;
        return verdict !== 'refused';
      },
    };
  });
  return { ...figures, whole };
}

function originOf(bytes: Buffer): Origin {
  const reader = new TraceReader(new MemorySource(bytes));
  const events = [...reader.read()].flatMap(textsOf);
  return { id: reader.id!, bytes, parts: partsOf(bytes), events };
}

/** Each event as text. */
const textsOf = (batch: Batch): string[] =>
  Array.from({ length: batch.rows }, (_, row) =>
    COLUMNS.map(({ name }) => {
      const view = batch.column(name);
      if (!view.has(row)) return '-';
      if ('entries' in view) return view.at(row);
      if ('words' in view) return view.big(row);
      return 'values' in view ? view.at(row) : view.at(row)!.toString('latin1');
    }).join('|'),
  );

interface Spliced {
  readonly bytes: Buffer;
  /** What was done, for messages. */
  readonly steps: readonly string[];
  /** Whether a message was changed. */
  readonly isEdited: boolean;
}

/** What stands in a file: a message, or an end of stream. */
type Piece = Part | 'end';

function splice(origins: readonly Origin[], random: Random): Spliced {
  const pieces: Piece[] = [...random.pick(origins).parts, 'end'];
  const steps: string[] = [];
  for (let i = 0, count = 1 + random.below(3); i < count; i++) {
    const [name, step] = random.pick(STEPS);
    step(pieces, origins, random);
    steps.push(name);
  }
  const bytes = Buffer.concat(pieces.map((one) => (one === 'end' ? END_OF_STREAM : frameOf(one))));
  const isCut = random.below(8) === 0;
  if (isCut) steps.push('cut');
  const kept = isCut ? bytes.subarray(0, random.below(bytes.length)) : bytes;
  return { bytes: kept, steps, isEdited: steps.includes('edit') };
}

type Step = (pieces: Piece[], origins: readonly Origin[], random: Random) => void;

const STEPS: readonly (readonly [string, Step])[] = [
  ['drop', (pieces, _, random) => pieces.splice(random.below(pieces.length), 1)],
  [
    'drop many',
    (pieces, _, random) => pieces.splice(random.below(pieces.length), random.below(12)),
  ],
  [
    'double',
    (pieces, _, random) =>
      pieces.splice(random.below(pieces.length + 1), 0, pieces[random.below(pieces.length)]),
  ],
  [
    'swap',
    (pieces, _, random) => {
      const [i, j] = [random.below(pieces.length), random.below(pieces.length)];
      [pieces[i], pieces[j]] = [pieces[j], pieces[i]];
    },
  ],
  [
    'move many',
    (pieces, _, random) => {
      const moved = pieces.splice(random.below(pieces.length), random.below(9));
      pieces.splice(random.below(pieces.length + 1), 0, ...moved);
    },
  ],
  [
    'exchange',
    (pieces, origins, random) => {
      const { parts } = random.pick(origins);
      const at = random.below(Math.min(parts.length, pieces.length));
      pieces.splice(at, 1, parts[at]);
    },
  ],
  [
    'put in many',
    (pieces, origins, random) => {
      const { parts } = random.pick(origins);
      const from = random.below(parts.length);
      const many = parts.slice(from, from + 1 + random.below(9));
      pieces.splice(random.below(pieces.length + 1), 0, ...many);
    },
  ],
  ['concatenate', (pieces, origins, random) => pieces.push(...random.pick(origins).parts, 'end')],
  ['end of stream', (pieces, _, random) => pieces.splice(random.below(pieces.length), 0, 'end')],
  [
    'edit',
    (pieces, _, random) => {
      const at = random.below(pieces.length);
      const part = pieces[at];
      if (part === undefined || part === 'end') return;
      const changed = copyOf(part);
      editBytes(random.below(3) === 0 ? changed.body : changed.metadata, random);
      pieces[at] = random.below(4) === 0 ? changed : sealed(changed);
    },
  ],
];

type Verdict = 'refused' | 'told' | 'whole';

function check({ bytes, isEdited }: Spliced, origins: readonly Origin[]): Verdict {
  let reader: TraceReader;
  try {
    reader = new TraceReader(new MemorySource(bytes));
  } catch (error) {
    if (error instanceof VfrError) return 'refused';
    throw error;
  }
  const origin = origins.find(({ id }) => id === reader.id);
  demand(origin !== undefined || isEdited, `the trace has the id ${reader.id}`);
  const isReported = !reader.completeness.complete || verifyTrace(reader).length > 0;
  if (!isEdited || !isReported) checkEvents(reader, origin!, isReported);
  if (isReported) return isEdited ? 'told' : checkRepaired(reader);
  // The end marker itself may say something else, as long as that is not how much there is.
  demand(isEdited || bytes.equals(origin!.bytes), 'another file was found whole');
  return 'whole';
}

/** @param isReported whether damage was reported, so that events may be missing */
function checkEvents(reader: TraceReader, { events }: Origin, isReported: boolean): void {
  for (const batch of reader.read()) {
    textsOf(batch).forEach((text, row) => {
      const seq = batch.seqFirst + row;
      const isTrue = text === events[seq] || (isReported && sameButStrings(text, events[seq]));
      demand(isTrue, `seq ${seq} reads ${text}, and was ${events[seq]}`);
    });
  }
  demand(isReported || reader.events === events.length, 'events are missing, and nothing tells so');
}

/** Strings of a dictionary that is gone read `(damaged)`. */
const sameButStrings = (text: string, event: string | undefined): boolean => {
  const were = event?.split('|') ?? [];
  return text.split('|').every((value, i) => value === were[i] || value === '(damaged)');
};

/** What is saved of a trace that is not whole does not pass for one that is. */
function checkRepaired(reader: TraceReader): Verdict {
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, reader.meta, { batchRows: 64 });
  const { losses } = rewriteTrace(reader, writer, {});
  writer.finish();
  const repaired = new TraceReader(new MemorySource(sink.bytes()));
  demand(verifyTrace(repaired).length === 0, 'what is repaired is damaged');
  const isWhole = reader.end !== null && reader.events === reader.end.events && reader.hasOpening;
  demand(losses.length > 0 || isWhole, 'events were lost in silence');
  demand(losses.length === 0 || !repaired.completeness.complete, 'a loss was not passed on');
  return 'told';
}

if (isProgram(import.meta)) {
  const { count, seed } = sweepOptions(100_000);
  const { mutants, refused, whole, slowestMs } = sweepSplices(count, seed);
  console.log(
    `splice (seed ${seed}): ${mutants} files of spliced messages, ${refused} refused, ` +
      `${whole} whole, the others told; no event of another trace, slowest ${slowestMs.toFixed(0)} ms`,
  );
}
