/** What a command of the browser is, and the common kinds of them. */
import { ask, type Browser, moveTo, type Request, type Step } from '../model/browser.js';

/** Where the keys go. */
export const CONTEXTS = ['overview', 'events', 'state', 'why', 'sql', 'diff'] as const;
export type Context = (typeof CONTEXTS)[number];

export const contextOf = ({ screen, lower }: Browser): Context =>
  screen === 'overview' ? 'overview' : lower.type === 'details' ? 'events' : lower.type;

/** Applies a command to a browser whose list shows `height` rows. */
export type Run = (browser: Browser, height: number) => Step;

export interface Command {
  /** A character, or the name of a special key (key-names.ts). */
  readonly keys: readonly string[];
  /** Text of the help; commands of a context with the same `help` share a line. */
  readonly help: string;
  /** The keys in the help, if they differ from `keys`. */
  readonly shown?: string;
  /** A word for the line of hints below the list. */
  readonly hint?: string;
  /** Contexts in which the key works; all, if left out. */
  readonly in?: readonly Context[];
  readonly run: Run;
}

export const EVENTS: readonly Context[] = ['events'];
/** Contexts in which the list of events is on the screen. */
export const LISTS: readonly Context[] = ['events', 'state', 'why', 'sql', 'diff'];

/** A command that only changes the view. */
export const shows =
  (change: (browser: Browser, height: number) => Browser): Run =>
  (browser, height) => ({ browser: change(browser, height) });

export const moves = (target: (browser: Browser, height: number) => number): Run =>
  shows((browser, height) => moveTo(browser, target(browser, height), height));

export const asks =
  (request: Request): Run =>
  (browser) =>
    ask(browser, request);
