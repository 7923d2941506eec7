/** What the browser is started with. */
import type { FrameStream, Keyboard } from './ink-streams.js';
import type { Terminal } from './terminal.js';
import type { TerminalOwner } from './terminal-owner.js';
import { painter, type ThemeName } from './text/theme.js';

/** Where the browser begins; all null for the overview. */
export interface Begin {
  /** The event to begin at. */
  readonly at: number | null;
  /** A condition to begin with. */
  readonly where: string | null;
  /** A trace to compare with. */
  readonly other: string | null;
}

export interface BrowseOptions extends Begin {
  /** The trace's file; the first line has its last part. */
  readonly title: string;
  readonly color: boolean;
  readonly theme: ThemeName;
  readonly mouse: boolean;
  /** Whether the trace may be one that is being recorded, whose new events are shown. */
  readonly follow: boolean;
}

/** The terminal, and what ink gets in its place. */
export interface Host {
  readonly terminal: Terminal;
  readonly stream: FrameStream;
  readonly keyboard: Keyboard;
  readonly screen: TerminalOwner;
}

/** Until the terminal has said what its background is, it is dark. */
export const firstPaint = (color: boolean, theme: ThemeName) =>
  painter(color ? (theme === 'light' ? 'light' : 'dark') : null);
