/**
 * The commands of `vfr debug`, on one timeline. They return their output, so that tests can read
 * it.
 */
import {
  type Engine,
  type EventCursor,
  holdersOf,
  stateAt,
  type Timeline,
  type Verdict,
} from '../replay/index.js';
import { firstIndex, type TraceReader } from '../traces/index.js';
import { fullPath } from './device-names.js';
import { toJson } from './output.js';
import { plural } from './plural.js';
import { printable } from './printable.js';

/** The output of a command; null ends the debugger. */
export type Reply = string | null;
type Run = (debug: Debugger, argument: string) => Reply | Promise<Reply>;

interface Command {
  readonly names: readonly string[];
  readonly usage: string;
  readonly help: string;
  readonly run: Run;
}

/** Finds the events that satisfy an SQL condition. */
export type FindEvents = (condition: string) => Promise<number[]>;

interface Breakpoint {
  readonly condition: string;
  /** Where it stops, in ascending order. */
  readonly seqs: readonly number[];
}

export class Debugger {
  readonly breakpoints: Breakpoint[] = [];
  readonly watches: string[] = [];

  constructor(
    readonly timeline: Timeline<TraceReader>,
    readonly find: FindEvents,
  ) {}

  /** Runs one line. @throws VfrError when an SQL condition is refused */
  async run(line: string): Promise<Reply> {
    const [, name = '', argument = ''] = /^\s*(\S*)\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === '') return '';
    const command = COMMANDS.find(({ names }) => names.includes(name));
    if (command === undefined) return `no such command: ${printable(name)}; try help`;
    return command.run(this, argument);
  }

  /** The last event before the position, and replay's verdict on it. */
  where(): string {
    const { timeline } = this;
    const seq = timeline.position - 1;
    const event = timeline.event(seq);
    if (event === null) return `at the beginning of ${plural(timeline.reader.events, 'event')}`;
    return printable(`${eventText(event)}${verdictText(timeline.verdict)}`);
  }

  /** Moves to the next stop in a direction. */
  go(direction: 'forward' | 'backward'): string {
    const { timeline } = this;
    const points = this.breakpoints.map(({ seqs }) => seqs);
    const changed = this.#changes();
    const stop = (e: EventCursor, _: Verdict, engine: Engine) =>
      // Both are evaluated: a change must be noticed even where a breakpoint stops.
      changed(e.seq, engine) || points.some((seqs) => holds(seqs, e.seq));
    const forward = direction === 'forward';
    const found = forward ? timeline.forward(stop) : timeline.backward(stop);
    const end = forward ? 'the end' : 'the beginning';
    return found ? this.where() : `${end} was reached\n${this.where()}`;
  }

  value(path: string, engine: Engine = this.timeline.engine): string {
    return toJson(stateAt(engine, path) ?? null);
  }

  /**
   * Returns a function that says for each event, called in order, whether it changed a watched
   * path.
   */
  #changes(): (seq: number, engine: Engine) => boolean {
    let last = this.timeline.position - 1;
    let values = this.watches.map((path) => this.value(path));
    return (seq, engine) => {
      if (this.watches.length === 0) return false;
      const now = this.watches.map((path) => this.value(path, engine));
      const differs = seq === last + 1 && now.some((value, i) => value !== values[i]);
      values = now;
      last = seq;
      return differs;
    };
  }
}

/**
 * Whether an ascending list contains a number. A condition can hold for more events than a Set can
 * have.
 */
const holds = (list: readonly number[], wanted: number): boolean =>
  list[firstIndex(list.length, (i) => list[i] >= wanted)] === wanted;

export function eventText(e: EventCursor): string {
  const actor = e.tid < 0 ? '' : `${e.task} (${e.tid})  `;
  const facts = [
    e.device ?? '',
    e.driver ?? '',
    e.hasOffset ? `at 0x${e.offset.toString(16)}` : '',
    e.hasValue ? `value 0x${e.value.toString(16)}` : '',
    e.hasRet ? `ret ${e.ret}` : '',
    e.text === null || e.kind === 'snapshot' ? '' : JSON.stringify(e.text),
  ].filter((fact) => fact !== '');
  return `${e.seq}  ${actor}${e.kind} ${e.phase} ${e.name}  ${facts.join('  ')}`.trimEnd();
}

function verdictText(verdict: Verdict): string {
  switch (verdict.type) {
    case 'stimulus':
      return '';
    case 'match':
      return `  [match: ${verdict.basis}]`;
    case 'diverge':
      return `  [diverge: expected ${verdict.expected}, actual ${verdict.actual}, ${verdict.path}]`;
    default:
      return `  [${verdict.type}]`;
  }
}

const count = (text: string) => (/^\d+$/.test(text) ? Number(text) : 1);

function move(debug: Debugger, by: number): string {
  debug.timeline.seek(debug.timeline.position + by);
  return debug.where();
}

const COMMANDS: readonly Command[] = [
  {
    names: ['step', 's'],
    usage: 'step [n]',
    help: 'let the next n events happen',
    run: (debug, n) => move(debug, count(n)),
  },
  {
    names: ['back', 'b'],
    usage: 'back [n]',
    help: 'go back n events',
    run: (debug, n) => move(debug, -count(n)),
  },
  {
    names: ['continue', 'c'],
    usage: 'continue',
    help: 'go on to the next breakpoint, change of what is watched, or the end',
    run: (debug) => debug.go('forward'),
  },
  {
    names: ['reverse-continue', 'rc'],
    usage: 'reverse-continue',
    help: 'go back to the last breakpoint or change, or the beginning',
    run: (debug) => debug.go('backward'),
  },
  {
    names: ['seek', 'goto'],
    usage: 'seek SEQ',
    help: 'go to just after event SEQ',
    run: (debug, seq) => {
      if (!/^\d+$/.test(seq)) return 'usage: seek SEQ';
      debug.timeline.seek(Number(seq) + 1);
      return debug.where();
    },
  },
  {
    names: ['break'],
    usage: 'break SQL',
    help: "stop at events that satisfy a condition: break kind = 'bind'",
    run: async (debug, condition) => {
      if (condition === '') return debug.breakpoints.map(breakpointText).join('\n');
      const seqs = await debug.find(condition);
      debug.breakpoints.push({ condition, seqs });
      return plural(seqs.length, 'event');
    },
  },
  {
    names: ['watch'],
    usage: 'watch PATH',
    help: 'stop when a part of the state changes: watch 0000:01:00.1/driver',
    run: (debug, path) => {
      if (path === '') return debug.watches.map(printable).join('\n');
      const full = fullPath(path);
      debug.watches.push(full);
      return debug.value(full);
    },
  },
  {
    names: ['delete'],
    usage: 'delete',
    help: 'forget all breakpoints and watches',
    run: (debug) => {
      debug.breakpoints.length = 0;
      debug.watches.length = 0;
      return '';
    },
  },
  {
    names: ['print', 'p'],
    usage: 'print [PATH]',
    help: 'print the state, or a part of it',
    run: (debug, path) => debug.value(fullPath(path)),
  },
  {
    names: ['where', 'w'],
    usage: 'where',
    help: 'print the last event that happened',
    run: (debug) => debug.where(),
  },
  {
    names: ['holders'],
    usage: 'holders DEVICE',
    help: 'print the holders of a device and the calls in progress on it',
    run: (debug, device) => toJson(holdersOf(debug.timeline.engine, fullPath(device))),
  },
  {
    names: ['help', 'h'],
    usage: 'help',
    help: 'print this',
    run: () => COMMANDS.map(({ usage, help }) => `${usage.padEnd(18)}  ${help}`).join('\n'),
  },
  { names: ['quit', 'q', 'exit'], usage: 'quit', help: 'leave', run: () => null },
];

const breakpointText = ({ condition, seqs }: Breakpoint) =>
  `${plural(seqs.length, 'event')}: ${printable(condition)}`;
