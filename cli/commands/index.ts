/** All commands, in the order and under the headings of `vfr --help`. */
import type { Command } from 'commander';
import * as browse from './browse.js';
import * as cat from './cat.js';
import * as check from './check.js';
import * as cut from './cut.js';
import * as debug from './debug.js';
import * as demo from './demo.js';
import * as diff from './diff.js';
import * as doctor from './doctor.js';
import * as enact from './enact.js';
import * as events from './events.js';
import * as explain from './explain.js';
import * as explore from './explore.js';
import * as exportCommand from './export.js';
import * as importCommand from './import.js';
import * as info from './info.js';
import * as makeBundle from './make-bundle.js';
import * as merge from './merge.js';
import * as models from './models.js';
import * as races from './races.js';
import * as record from './record.js';
import * as repair from './repair.js';
import * as replay from './replay.js';
import * as report from './report.js';
import * as runBundle from './run-bundle.js';
import * as scenarios from './scenarios.js';
import * as serve from './serve.js';
import * as sql from './sql.js';
import * as timeline from './timeline.js';
import * as verify from './verify.js';
import * as why from './why.js';

/**
 * One file per command. `register` describes it to commander. The action imports what it needs, so
 * that `vfr --help` loads none of it.
 */
export interface CommandModule {
  register(program: Command): void;
}

export interface CommandGroup {
  readonly heading: string;
  readonly commands: readonly CommandModule[];
}

export const COMMANDS: readonly CommandGroup[] = [
  { heading: 'Begin:', commands: [demo] },
  { heading: 'Make a trace:', commands: [record, importCommand, doctor, scenarios, models] },
  { heading: 'Look at a trace:', commands: [info, events, timeline, browse, serve, sql, report] },
  { heading: 'Keep a trace:', commands: [verify, repair, cut, merge, cat, exportCommand] },
  { heading: 'Share a case:', commands: [makeBundle, runBundle] },
  {
    heading: 'Find out what happened:',
    commands: [why, diff, check, races, replay, enact, debug],
  },
  { heading: 'Try other orders:', commands: [explore, explain] },
];
