import { endOf, type Outcome, readSchedule, replay, World } from '../../replay/index.js';
import { type TraceReader, VfrError } from '../../traces/index.js';

/** What has to be repeated: what replay says of a trace, and how the run of its schedule ends. */
export interface TraceVerdict {
  readonly events: number;
  /** Responses by verdict. */
  readonly matched: number;
  readonly diverged: number;
  readonly unmodelled: number;
  readonly unknown: number;
  /** The first divergences. */
  readonly divergences: readonly { readonly seq: number; readonly kind: string }[];
  /** Of replay: all verdicts, and the states on the way. */
  readonly stateHash: string;
  /** How the run ends; null for a trace without schedule. */
  readonly outcome: Outcome | { readonly refused: string } | null;
}

const DIVERGENCES = 20;

/**
 * Replays a trace, and repeats its schedule. A schedule of another model is part of the verdict:
 * the outcome is then `refused`.
 * @throws VfrError `SCHEDULE_INVALID` when the schedule is damaged
 */
export function verdictOf(reader: TraceReader, schedule: string | undefined): TraceVerdict {
  const result = replay(reader.read(), { ...reader.meta, divergencesMax: DIVERGENCES });
  const { events, matched, diverged, unmodelled, unknown, stateHash, divergences } = result;
  const verdict: TraceVerdict = {
    events,
    matched,
    diverged,
    unmodelled,
    unknown,
    divergences: divergences.map(({ seq, kind }) => ({ seq, kind })),
    stateHash,
    outcome: schedule === undefined ? null : outcomeOf(schedule, reader.source.name),
  };
  // The form that a document has, so that a verdict can be compared with one that was read.
  return JSON.parse(JSON.stringify(verdict));
}

function outcomeOf(text: string, file: string): TraceVerdict['outcome'] {
  try {
    const { document, schedule } = readSchedule(text, file);
    return endOf(new World(document.run), schedule);
  } catch (error) {
    if (!(error instanceof VfrError) || error.code !== 'SCHEDULE_VERSION') throw error;
    return { refused: error.what };
  }
}

/** The members in which two verdicts differ. */
export const differingKeys = (a: TraceVerdict, b: TraceVerdict): (keyof TraceVerdict)[] =>
  (Object.keys(a) as (keyof TraceVerdict)[]).filter(
    (key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]),
  );
