/** The head of the page: which traces are shown, how far the work is, colours, what was found. */
import type { TraceStatus } from '../page-messages.js';
import { element, part } from './dom.js';
import { goTo } from './seq-button.js';
import type { ViewState } from './view-state.js';

export function showHead(state: ViewState): void {
  const { status, current } = state;
  part('traces').replaceChildren(...status.traces.map((trace, i) => traceItem(trace, i, state)));
  const problem = status.traces.find((trace) => trace.problem !== null)?.problem;
  const work = status.traces.map(workOf).find((text) => text !== '') ?? '';
  part('progress').textContent = problem ?? work;
  if (current !== undefined) document.title = `${baseName(current.name)} – vfr`;
  showKey(state);
  showFindings(state);
}

function workOf({ stage, doing, lanes }: TraceStatus): string {
  if (stage !== 'done') return doing;
  return lanes === null ? 'computing lanes' : '';
}

const baseName = (name: string): string => name.split('/').at(-1) ?? name;

function traceItem(trace: TraceStatus, i: number, state: ViewState): HTMLElement {
  const { name, events, completeness, isComplete, kernel } = trace;
  const title = [name, completeness, kernel === null ? '' : `kernel ${kernel}`].join('\n');
  const text = `${baseName(name)}: ${isComplete ? `${events} events, complete` : completeness}`;
  const pressed = { 'aria-pressed': String(i === state.trace) };
  const button = element(
    'button',
    { title, className: isComplete ? '' : 'bad', aria: pressed },
    text,
  );
  button.addEventListener('click', () => {
    if (i !== state.trace) state.select(i, state.cursor ?? { seq: 0, at: 0 });
  });
  return element('li', {}, button);
}

/** Shapes of marks as the painter draws them. */
const SHAPES: readonly (readonly [string, string])[] = [
  ['◆', 'race'],
  ['✕', 'failed probe'],
  ['▲', 'reset'],
  ['●', 'override'],
];

/** What parts of the head show, as text: they are made again only when it changes. */
const shown = new Map<string, string>();

function isNew(name: string, value: unknown): boolean {
  const text = JSON.stringify(value);
  const isSame = shown.get(name) === text;
  shown.set(name, text);
  return !isSame;
}

function showKey({ status }: ViewState): void {
  const drivers = new Map(status.traces.flatMap(({ lanes }) => lanes?.drivers ?? []));
  if (!isNew('key', [...drivers])) return;
  const items = [...drivers].map(([driver, color]) => {
    const sample = element('i', { className: 'sample' });
    sample.style.background = color;
    return element('span', {}, sample, driver);
  });
  const held = element('span', {}, element('i', { className: 'sample held' }), 'open through VFIO');
  const shapes = SHAPES.map(([shape, meaning]) => element('span', {}, `${shape} ${meaning}`));
  const lost = element('span', {}, element('i', { className: 'sample lost' }), 'events lost');
  part('key').replaceChildren(...items, held, ...shapes, lost);
}

function showFindings(state: ViewState): void {
  const findings = state.current?.findings ?? [];
  const home = part('findings');
  home.hidden = findings.length === 0;
  const [summary, list] = [home.querySelector('summary')!, home.querySelector('ul')!];
  if (!isNew('findings', findings)) return;
  summary.textContent = `Findings: ${findings.length}`;
  list.replaceChildren(
    ...findings.map(({ what, count, seqs }) => {
      const button = element('button', {}, count > 1 ? `${what} (${count} times)` : what);
      let next = 0;
      button.addEventListener('click', () => {
        const seq = seqs[next++ % seqs.length];
        if (seq !== undefined) void goTo(seq, state);
      });
      return element('li', {}, button);
    }),
  );
}
