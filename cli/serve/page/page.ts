/** The page of `vfr serve`: puts its parts together, and asks the server how far it is. */
import type { Status } from '../page-messages.js';
import { element, part } from './dom.js';
import { EventGrid } from './event-grid.js';
import { EventPanel } from './event-panel.js';
import { get } from './fetch-answer.js';
import { FlamePanel } from './flame-panel.js';
import { LaneCanvas } from './lane-canvas.js';
import { showHead } from './page-head.js';
import { goTo } from './seq-button.js';
import { SqlPanel } from './sql-panel.js';
import { StatePanel } from './state-panel.js';
import { addTabs } from './tabs.js';
import { ViewState } from './view-state.js';

/** How often the status is fetched, in milliseconds: while the server works, and after that. */
const BUSY_MS = 400;
const IDLE_MS = 3000;

const state = new ViewState();
const colors = new Map<string, string>();

/** A colour of the style; they change with light and dark. */
function palette(name: string): string {
  const known = colors.get(name);
  if (known !== undefined) return known;
  const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  colors.set(name, value);
  return value;
}

async function start(): Promise<void> {
  const status = await get<Status>('status');
  state.setStatus(status);
  const lanes = status.traces.map((_, i) => new LaneCanvas(state, i, palette));
  part('lanes').append(...lanes.map(({ figure }) => figure));
  part('lanes').classList.toggle('several', lanes.length > 1);
  new EventGrid(part('events'), state);
  const [event, states] = [new EventPanel(state), new StatePanel(state)];
  const [flame, query] = [new FlamePanel(state, palette), new SqlPanel(state)];
  const show = addTabs(part('panels'), [
    { name: 'Event', panel: event.panel },
    { name: 'State', panel: states.panel },
    { name: 'Calls', panel: flame.panel, onShow: () => flame.show() },
    { name: 'SQL', panel: query.panel, onShow: () => void query.show() },
  ]);
  addEventListener('keydown', (pressed) => {
    if (pressed.key !== 'w' || isTyping(pressed)) return;
    show('Event');
    event.askWhy();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colors.clear();
    for (const lane of lanes) lane.draw();
  });
  state.on(['status', 'trace'], () => showHead(state));
  state.on(['cursor', 'trace'], () => rememberCursor());
  state.setStatus(status);
  goToAddress();
  setTimeout(() => void askAgain(), BUSY_MS);
}

const isTyping = (event: KeyboardEvent): boolean =>
  event.ctrlKey ||
  event.altKey ||
  event.metaKey ||
  event.composedPath().some((at) => at instanceof HTMLElement && isEditable(at));

const isEditable = (at: HTMLElement): boolean => at.tagName === 'INPUT' || at.isContentEditable;

/** The address of the page has the event at the cursor, so that a reload shows it again. */
function rememberCursor(): void {
  if (state.cursor !== null) history.replaceState(null, '', `#seq=${state.cursor.seq}`);
}

function goToAddress(): void {
  const seq = /^#seq=(\d{1,15})$/.exec(location.hash)?.[1];
  if (seq !== undefined) void goTo(Number(seq), state);
}

async function askAgain(): Promise<void> {
  try {
    const status = await get<Status>('status');
    state.setStatus(status);
    const isBusy = status.follow || status.traces.some(isUnfinished);
    setTimeout(() => void askAgain(), isBusy ? BUSY_MS : IDLE_MS);
  } catch {
    const ended = element(
      'p',
      { className: 'ended', role: 'alert' },
      'vfr has ended; what is shown stays.',
    );
    part('progress').replaceChildren(ended);
  }
}

const isUnfinished = ({ stage, lanes, problem }: Status['traces'][number]): boolean =>
  problem === null && (stage !== 'done' || lanes === null);

void start();
