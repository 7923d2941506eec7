/** What the panes show besides the browser itself. */
import type { Known, StateChange } from '../../../analysis/index.js';
import type { Divergence } from '../../../replay/index.js';
import type { Paint } from '../text/theme.js';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What is being done. A recording that goes on is neither verified nor searched for races. */
export type Stage = 'checks' | 'calls' | 'states' | 'races' | 'recording' | 'done';

/** What is known of the recording so far; `progress` is the part of the stage that is done. */
export interface WorkStatus {
  readonly stage: Stage;
  /** Whether the recording goes on. */
  readonly isGrowing: boolean;
  readonly progress: number;
  /** Why replay stopped before the end of the trace, or null. */
  readonly problem: string | null;
  stateAt(device: string, seq: number): Known | undefined;
  changesOf(device: string): readonly StateChange[];
  divergenceAt(seq: number): Divergence | undefined;
  raceNotes(): ReadonlyMap<number, string>;
}

export interface View {
  readonly title: string;
  readonly work: WorkStatus;
  readonly paint: Paint;
}

/** Before any work is done. */
export const NOTHING_DONE: WorkStatus = {
  stage: 'checks',
  isGrowing: false,
  progress: 0,
  problem: null,
  stateAt: () => undefined,
  changesOf: () => [],
  divergenceAt: () => undefined,
  raceNotes: () => new Map(),
};

const DOING: Readonly<Record<Stage, string>> = {
  checks: 'verifying',
  calls: 'reading',
  states: 'replaying',
  races: 'looking for races',
  recording: 'recording goes on',
  done: '',
};

/** As `replaying, 40 %`. */
export const doingText = ({ stage, progress }: WorkStatus): string =>
  stage === 'recording' ? DOING[stage] : `${DOING[stage]}, ${Math.floor(progress * 100)} %`;
