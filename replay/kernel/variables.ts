/**
 * What actors remember and share: variables with texts, such as what a program read, or which pod a
 * VF is for. Both the names and the texts are known before the run.
 */
import { mdevDriver } from '../model/mdev/index.js';
import { CONTROLS, POWER_NAMES } from '../model/power/power-state.js';
import { STATUS_NAMES } from '../model/power/runtime-pm.js';
import { conditionsOf } from './conditions.js';
import type { Action, Condition, DriverSpec, OperationSpec } from './machine-spec.js';

const OF_POWER: ReadonlySet<string> = new Set([
  ...['power/control', 'power/runtime_status', 'power_state', 'd3cold_allowed'],
]);

/** Whether an operation uses an attribute of power management. */
export const usesPower = (action: Action): boolean =>
  (action.type === 'write' || action.type === 'read') && OF_POWER.has(action.attribute);

export class Variables {
  readonly names: readonly string[];
  /** Texts by their number; number 0: the variable was not set, or what was read was not there. */
  readonly texts: readonly (string | null)[];

  constructor(
    operations: readonly OperationSpec[],
    drivers: readonly DriverSpec[],
    mostVfs: number,
  ) {
    const actions = operations.map(({ action }) => action);
    const conditions = conditionsOf(operations, drivers);
    this.names = [...new Set([...actions.flatMap(namesIn), ...conditions.flatMap(nameIn)])];
    const read = this.names.length === 0 ? [] : readable(actions, drivers, mostVfs);
    const texts = [...actions.flatMap(textIn), ...conditions.flatMap(textOfCondition), ...read];
    this.texts = [null, ...new Set(texts)];
  }

  textNumber(text: string | null): number {
    return Math.max(0, this.texts.indexOf(text));
  }
}

function namesIn(action: Action): string[] {
  if (action.type === 'set') return [action.variable];
  return action.type === 'read' && action.variable !== null ? [action.variable] : [];
}

const nameIn = (condition: Condition): string[] =>
  condition.type === 'variable' ? [condition.variable] : [];

const textIn = (action: Action): string[] =>
  action.type === 'set' && action.text !== null ? [action.text] : [];

const textOfCondition = (condition: Condition): string[] =>
  condition.type === 'variable' && condition.text !== null ? [condition.text] : [];

/** What a read of an attribute can give. */
function readable(
  actions: readonly Action[],
  drivers: readonly DriverSpec[],
  mostVfs: number,
): string[] {
  if (!actions.some(({ type }) => type === 'read')) return [];
  const counts = drivers.map(({ name }) => mdevDriver(name)?.capacity ?? 0);
  const most = Math.max(mostVfs, ...counts);
  return [
    ...(actions.some(usesPower) ? [...CONTROLS, ...STATUS_NAMES, ...POWER_NAMES, '1'] : []),
    ...drivers.map(({ name }) => name),
    ...Array.from({ length: most + 1 }, (_, n) => String(n)),
  ];
}
