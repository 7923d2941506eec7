import {
  CELL,
  EventAppender,
  type EventRow,
  KINDS,
  type Kind,
  type Seq,
  VfrError,
} from '../../traces/index.js';

/** The columns of an event that a trigger can test. */
interface Facts {
  readonly kind: string;
  readonly ret: number | undefined;
}

type Condition = (event: Facts) => boolean;

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};

function malformed(what: string): VfrError {
  const next = "Write it like 'fault.* or ret < 0 or signal'; kinds are those of vfr events.";
  return new VfrError('TRIGGER', what, next);
}

/** `ret < 0`, or the name of a kind, where `*` matches any ending. */
function parseTest(text: string): Condition {
  const comparison = /^ret\s*(<=|>=|==|!=|<|>)\s*(-?\d+)$/.exec(text);
  if (comparison) {
    const compare = COMPARISONS[comparison[1]!]!;
    const bound = Number(comparison[2]);
    return ({ ret }) => ret !== undefined && compare(ret, bound);
  }
  const kind = text.endsWith('*') ? text.slice(0, -1) : text;
  const matches = (name: string) => (text.endsWith('*') ? name.startsWith(kind) : name === kind);
  if (!/^[\w.]+\*?$/.test(text) || !(Object.keys(KINDS) as Kind[]).some(matches)) {
    throw malformed(`"${text}" is no kind of event and no comparison of ret`);
  }
  return (event) => matches(event.kind);
}

/**
 * Parses a trigger: tests joined by `and` and `or`, where `and` binds closer.
 *
 * @throws VfrError of kind `usage` when a part is not a test.
 */
export function parseTrigger(text: string): Condition {
  const alternatives = text
    .trim()
    .split(/\s+or\s+/)
    .map((part) => part.split(/\s+and\s+/).map((test) => parseTest(test.trim())));
  return (event) => alternatives.some((tests) => tests.every((test) => test(event)));
}

/** Accepts events like a trace's appender, keeps none of them, and tests the trigger. */
export class TriggerAppender extends EventAppender {
  /** Whether an event has met the condition since this was set to false. */
  fired = false;

  constructor(private readonly condition: Condition) {
    super(1024, () => undefined);
  }

  override append(row: EventRow): Seq {
    const kind = this.dictionaries.kind.at(row.cells[CELL.kind]);
    if (this.condition({ kind, ret: returned(row) })) this.fired = true;
    return super.append(row);
  }
}

/** Return values are small or errno: the upper half of a long has only the sign. */
function returned(row: EventRow): number | undefined {
  if (!row.has(CELL.ret)) return undefined;
  return row.cells[CELL.ret + 1] * 2 ** 32 + (row.cells[CELL.ret] >>> 0);
}
