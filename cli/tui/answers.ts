/** Answers to requests of the browser: work that takes time. */
import { kindsWhere } from '../../traces/index.js';
import type { BackgroundWork } from './background-work.js';
import type { EventQueries } from './event-queries.js';
import { withBeside } from './model/beside.js';
import {
  type Browser,
  type Cause,
  type Filter,
  type FilterQuestion,
  idle,
  type Request,
} from './model/browser.js';
import { storyOf } from './model/device-story.js';
import { filtered, found } from './model/jumps.js';

const QUESTIONS = [
  'filter',
  'device',
  'search',
  'sql',
  'explain',
  'races',
  'divergences',
  'compare',
] as const satisfies readonly Request['type'][];

/** A request that is answered later. */
export type Question = Extract<Request, { type: (typeof QUESTIONS)[number] }>;

export const isQuestion = (request: Request): request is Question =>
  QUESTIONS.some((type) => type === request.type);

/** Applies an answer to the browser, whose list shows `height` rows. */
export type Answer = (browser: Browser, height: number) => Browser;

/** @throws when the question is refused or cancelled, or the trace cannot be read */
export async function answerTo(
  question: Question,
  queries: EventQueries,
  work: BackgroundWork,
): Promise<Answer> {
  switch (question.type) {
    case 'filter': {
      const filter = await filterFor(question, queries, work);
      return (browser, height) => filtered(browser, filter(browser), height);
    }
    case 'device': {
      const filter = await filterFor(question, queries, work);
      return (browser, height) =>
        filtered({ ...browser, unfolded: false, hidden: QUIET }, filter(browser), height);
    }
    case 'search': {
      const { text } = question;
      const seqs = await queries.containing(text);
      return (browser, height) => found(browser, { what: `"${text}"`, seqs, text }, height);
    }
    case 'sql': {
      const result = await queries.rows(question.sql);
      return (browser) => ({
        ...idle(browser),
        screen: 'events',
        lower: { type: 'sql', result, cursor: 0 },
      });
    }
    case 'explain': {
      const { chain } = await queries.explain(question.seq);
      const causes = chain.map(({ seq, relation, text }) => ({ seq, how: relation, text }));
      return (browser) => explained(browser, question.seq, causes);
    }
    case 'races': {
      const notes = work.raceNotes();
      if (work.stage !== 'done') throw new Error(NOT_READY);
      const seqs = Float64Array.from(notes.keys()).sort();
      return (browser, height) => found(browser, { what: 'a race', seqs, notes }, height);
    }
    case 'compare': {
      const other = await queries.compare(question.file);
      return (browser, height) => withBeside(browser, other, height, question.stays);
    }
    case 'divergences': {
      const seqs = work.divergences();
      if (seqs === null) throw new Error(NOT_READY);
      return (browser, height) => found(browser, { what: 'a divergence', seqs }, height);
    }
  }
}

const NOT_READY = 'That is known when all of the trace was read; try again in a moment.';

const positionsOf = ({ store }: Browser, seqs: Iterable<number>): number[] =>
  Array.from(seqs, (seq) => store.positionOf(seq));

/**
 * The events that a list shows.
 * @throws as `answerTo` does
 */
export async function filterFor(
  question: FilterQuestion,
  queries: EventQueries,
  work: BackgroundWork,
): Promise<(browser: Browser) => Filter> {
  if (question.type === 'device') return storyFilter(question, queries, work);
  const { condition } = question;
  const seqs = await queries.where(condition);
  const text = `where ${condition}`;
  return (browser) => ({ text, question, positions: positionsOf(browser, seqs) });
}

/** A story leaves out the accesses that make up most of a trace. */
const QUIET: ReadonlySet<string> = new Set(
  kindsWhere(({ frequent }) => frequent === true).filter((kind) => !kind.endsWith('.write')),
);

/** The outermost calls in which something happened to a device. */
async function storyFilter(
  question: Extract<FilterQuestion, { type: 'device' }>,
  queries: EventQueries,
  work: BackgroundWork,
): Promise<(browser: Browser) => Filter> {
  const { device } = question;
  const states = work
    .changesOf(device)
    .flatMap(({ state }) => (state === null || state === 'absent' ? [] : [state]));
  const known = <T>(values: readonly (T | null)[]) => [
    ...new Set(values.filter((value) => value !== null)),
  ];
  const relations = {
    device,
    pf: known(states.map(({ physfn }) => physfn))[0] ?? null,
    groups: known(states.map(({ group }) => group)),
    drivers: known(states.map(({ driver }) => driver)),
  };
  const seqs = await queries.story((reader, signal) => storyOf(reader, relations, signal));
  const also = relations.pf === null ? '' : ` and its PF ${relations.pf}`;
  const text = `story of ${device}${also}`;
  return (browser) => {
    const { calls } = browser;
    const positions = positionsOf(browser, seqs).map(
      (at) => calls.ancestors(at).at(-1) ?? calls.rowOf(at),
    );
    return { text, question, positions };
  };
}

/** The pane of causes with the whole chain, if it is still about that event. */
function explained(browser: Browser, seq: number, causes: readonly Cause[]): Browser {
  const at = idle(browser);
  const { lower } = at;
  if (lower.type !== 'why' || lower.seq !== seq || causes.length === 0) return at;
  const cursor = Math.min(lower.cursor, causes.length - 1);
  return { ...at, lower: { ...lower, causes, cursor } };
}

/** Shows why there is no answer. */
export const failed =
  (error: Error): Answer =>
  (browser) => ({ ...idle(browser), message: error.message.split('\n')[0] });
