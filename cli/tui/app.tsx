/**
 * The ink application: it passes keys to the session and has ink lay out the panes. The lists are
 * painted into the rectangles that ink made for them, because ink's cost is per character.
 */
import { type DOMElement, measureElement, render, useInput } from 'ink';
import type { FrameStream, Keyboard } from './ink-streams.js';
import { keyNames } from './input/key-names.js';
import type { Place } from './input/mouse-actions.js';
import { type BodyName, type Frame, Screen } from './panes/screen.js';
import type { Session } from './session.js';
import type { Terminal } from './terminal.js';

export interface AppOptions {
  readonly session: Session;
  readonly stream: FrameStream;
  readonly terminal: Terminal;
  readonly keyboard: Keyboard;
}

export interface Mounted {
  /** Shows what has changed. */
  readonly draw: () => void;
  readonly unmount: () => void;
}

/** Has ink show a session. */
export function mount({ session, stream, terminal, keyboard }: AppOptions): Mounted {
  const nodes = new Map<BodyName, DOMElement>();
  const placed = (name: BodyName, node: DOMElement | null) => {
    if (node === null) nodes.delete(name);
    else nodes.set(name, node);
  };
  const onKeys = (names: readonly string[]) => session.keys(names);
  const app = (frame: Frame) => <App frame={frame} placed={placed} onKeys={onKeys} />;
  let shown = session.frame(stream);
  const stdout = stream as unknown as NodeJS.WriteStream;
  const stdin = keyboard as unknown as NodeJS.ReadStream;
  // In the debug mode every frame is written whole and at once.
  const options = { stdout, stdin, debug: true, exitOnCtrlC: false, patchConsole: false };
  const { rerender, unmount } = render(app(shown), options);
  const paint = () => {
    session.setPlaces(new Map([...nodes].map(([name, node]) => [name, placeOf(node)])));
    terminal.show(stream.lines, session.rectangles());
  };
  const draw = () => {
    const frame = session.frame(stream);
    // Where only lists have changed, ink has nothing to do.
    if (JSON.stringify(frame) !== JSON.stringify(shown)) rerender(app(frame));
    shown = frame;
    paint();
  };
  paint();
  return { draw, unmount };
}

interface AppProps {
  readonly frame: Frame;
  readonly placed: (name: BodyName, node: DOMElement | null) => void;
  readonly onKeys: (names: readonly string[]) => void;
}

function App({ frame, placed, onKeys }: AppProps) {
  useInput((input, key) => onKeys(keyNames(input, key)));
  return <Screen frame={frame} placed={placed} />;
}

/** Where ink laid out a part, in cells from the top left of the screen. */
function placeOf(node: DOMElement): Place {
  let [row, column] = [0, 0];
  for (let at: DOMElement | undefined = node; at !== undefined; at = at.parentNode) {
    row += at.yogaNode?.getComputedTop() ?? 0;
    column += at.yogaNode?.getComputedLeft() ?? 0;
  }
  return { row, column, ...measureElement(node) };
}
