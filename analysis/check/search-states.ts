/** Rules that are conditions on the replayed state. */
import {
  type Call,
  callsIn,
  type Engine,
  type EventCursor,
  type Expression,
  errnoName,
  evaluate,
  everParts,
  printExpression,
  Replayer,
  stateFact,
} from '../../replay/index.js';
import { kindFacts, type TraceReader } from '../../traces/index.js';
import type { CheckRule, Finding } from './finding.js';

/** Frequent events change no fact of an expression. */
const changesNothing = (kind: string): boolean => kindFacts(kind)?.frequent === true;

/** A condition, and what it was after the last event. */
interface Watched {
  readonly rule: CheckRule;
  readonly never: Expression;
  /** The parts below `ever`, and whether each has held; undefined if that is not known. */
  readonly evers: { readonly part: Expression; held: boolean | undefined }[];
  holds: boolean | undefined;
  /** It was true or false after some event. */
  isDecided: boolean;
}

/**
 * Replays a recording once for several rules. A finding is an event after which a condition holds
 * that did not hold before it.
 */
export function searchStates(reader: TraceReader, rules: readonly CheckRule[]): Finding[] {
  const watched = rules.flatMap((rule): Watched[] => {
    if (rule.finds.type !== 'states') return [];
    const { never } = rule.finds;
    const evers = everParts(never).map((part) => ({ part, held: undefined }));
    return [{ rule, never, evers, holds: undefined, isDecided: false }];
  });
  if (watched.length === 0) return [];
  const findings: Finding[] = [];
  const actors = new Actors();
  const replayer = new Replayer({
    ...reader.meta,
    observe: (e, _verdict, engine) => {
      if (changesNothing(e.kind)) return;
      actors.see(e);
      for (const one of watched) findings.push(...update(one, e, engine, actors));
    },
  });
  for (const batch of reader.read()) replayer.feed(batch);
  return [...findings, ...watched.filter(({ isDecided }) => !isDecided).map(undecided)];
}

function update(one: Watched, e: EventCursor, engine: Engine, actors: Actors): Finding[] {
  const fact = (call: Call) => actors.fact(call) ?? stateFact(engine, call);
  for (const ever of one.evers) {
    if (ever.held !== true) ever.held = evaluate(ever.part, { fact, ever: () => undefined });
  }
  const before = one.holds;
  one.holds = evaluate(one.never, { fact, ever: (number) => one.evers[number].held });
  if (one.holds === undefined) return [];
  one.isDecided = true;
  if (!one.holds || before === true) return [];
  const { id, severity } = one.rule;
  const text = `${printExpression(one.never)} since this event`;
  return [{ id, severity, device: deviceOf(one.never), seq: e.seq, text, cause: null }];
}

/** Passing would say more than the recording shows. */
const undecided = ({ rule: { id, severity }, never }: Watched): Finding => ({
  id,
  severity,
  device: deviceOf(never),
  seq: null,
  text: `after no event the recording shows whether ${printExpression(never)}`,
  cause: null,
});

/** The first function that an expression names. */
function deviceOf(never: Expression): string | null {
  const call = callsIn(never).find(({ of }) => typeof of[0] === 'string' && of[0].includes(':'));
  return call === undefined ? null : String(call.of[0]);
}

const OPERATIONS: ReadonlySet<string> = new Set(['sysfs.write', 'ioctl']);

/** What tasks did: in a recording an actor is the name of a task. */
class Actors {
  readonly #results = new Map<string, { readonly rets: number[]; failed: number }>();

  see(e: EventCursor): void {
    if (!OPERATIONS.has(e.kind) || e.phase === 'begin' || !e.hasRet || e.path === 'kernel') return;
    let known = this.#results.get(e.task);
    if (known === undefined) {
      known = { rets: [], failed: 0 };
      this.#results.set(e.task, known);
    }
    known.rets.push(e.ret);
    if (e.ret < 0) known.failed++;
  }

  fact({ fact, of: [actor, number] }: Call): ReturnType<typeof stateFact> {
    const { rets, failed } = this.#results.get(String(actor)) ?? { rets: [], failed: 0 };
    switch (fact) {
      case 'done':
        return rets.length;
      case 'failed':
        return failed;
      case 'error': {
        const ret = rets[Number(number) - 1];
        return ret === undefined ? undefined : ret < 0 ? errnoName(ret).slice(1) : null;
      }
      default:
        return undefined;
    }
  }
}
