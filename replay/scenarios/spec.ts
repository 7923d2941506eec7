/** Makes the specification of a run from a scenario's document. */

import { ERRNO } from '../../traces/index.js';
import {
  type Action,
  type Answer,
  type Condition,
  type DriverSpec,
  defaultHardware,
  type FunctionSpec,
  type HardwareSpec,
  type OperationSpec,
  type RunSpec,
  type SriovSpec,
  type UdevRule,
} from '../kernel/index.js';
import type { IdMatch, PciIds } from '../model/binding/pci-ids.js';
import type {
  ConditionDocument,
  DriverDocument,
  FunctionDocument,
  IdDocument,
  KmodDocument,
  OperationDocument,
  ResultDocument,
  ScenarioDocument,
  UdevRuleDocument,
} from './document.js';
import { attributeOf } from './sysfs-path.js';
import { ruleOf, udevActionOf } from './udev-spec.js';
import { userActionOf } from './user-spec.js';

/** @param kernel another kernel than the document's */
export function specOf(document: ScenarioDocument, kernel = document.kernel): RunSpec {
  return {
    machine: {
      kernel,
      ...(document.bugs === undefined ? {} : { bugs: document.bugs }),
      ...(document.machine.requests === undefined ? {} : { requests: document.machine.requests }),
      ...(document.machine.runtimePm === undefined
        ? {}
        : { runtimePm: document.machine.runtimePm }),
      functions: document.machine.functions.map(functionOf),
      drivers: document.machine.drivers.map(driverOf),
      ...(document.machine.udev === undefined
        ? {}
        : {
            udev: {
              rules: document.machine.udev.rules.map((rule) => udevRuleOf(rule, document.machine)),
            },
          }),
    },
    actors: document.actors.map(({ name, process, uid, gids = [], does }) => ({
      name,
      ...(process === undefined ? {} : { process }),
      ...(uid === undefined ? {} : { user: { uid, gids } }),
      operations: does.map((operation) => operationOf(operation, document.machine)),
    })),
  };
}

const hex = (text: string): number => Number.parseInt(text, 16);
const hexOrNull = (text: string | undefined): number | null =>
  text === undefined ? null : hex(text);

function functionOf(f: FunctionDocument): FunctionSpec {
  const ids: PciIds = {
    vendor: hex(f.vendor),
    device: hex(f.device),
    subvendor: hex(f.subvendor ?? f.vendor),
    subdevice: hex(f.subdevice ?? f.device),
    class: hex(f.class),
  };
  const { sriov, group, hardware } = f;
  return {
    address: f.address,
    ids,
    present: f.present ?? true,
    driver: f.driver ?? null,
    override: f.override ?? null,
    sriov: sriov === undefined ? null : sriovOf(sriov),
    ...(group === undefined ? {} : { group }),
    ...(hardware === undefined ? {} : { hardware: hardwareOf(hardware) }),
  };
}

function sriovOf(sriov: NonNullable<FunctionDocument['sriov']>): SriovSpec {
  const { vfs, vfDevice, autoprobe = true, ...rest } = sriov;
  const starts = vfs?.map(({ driver = null, override = null }) => ({
    present: true,
    driver,
    override,
  }));
  return {
    ...rest,
    vfDevice: hex(vfDevice),
    autoprobe,
    ...(starts === undefined ? {} : { vfs: starts }),
  };
}

function hardwareOf(h: NonNullable<FunctionDocument['hardware']>): HardwareSpec {
  const { registers, properties, dvsec, ...rest } = h;
  const numbers = Object.entries(properties ?? {}).map(([name, n]) => [name, Number(n)] as const);
  const dwords = Object.entries(registers ?? {}).map(([at, n]) => [Number(at), Number(n)] as const);
  return {
    ...defaultHardware,
    ...rest,
    reset: errnoOf(h.reset ?? defaultHardware.reset),
    ...(registers === undefined ? {} : { registers: dwords }),
    ...(properties === undefined ? {} : { properties: Object.fromEntries(numbers) }),
    ...(dvsec === undefined ? {} : { dvsec: { ...dvsec, vendor: hex(dvsec.vendor) } }),
  };
}

function driverOf(d: DriverDocument): DriverSpec {
  return {
    name: d.name,
    loaded: d.loaded ?? true,
    table: d.ids?.map(idOf) ?? null,
    isAsync: d.probeType === 'async',
    sriov: d.sriov ?? null,
    answers: Object.entries(d.probe ?? {}).map(
      ([to, results]): Answer => ({ to, results: [results].flat().map(errnoOf) }),
    ),
    defersUntil: d.defersUntil ?? null,
    ...(d.removeWaits === undefined ? {} : { removeWaits: conditionOf(d.removeWaits) }),
    ...(d.loads === undefined ? {} : { loads: d.loads }),
    ...(d.parameters === undefined ? {} : { parameters: d.parameters }),
  };
}

const idOf = (entry: IdDocument): IdMatch => ({
  vendor: hexOrNull(entry.vendor),
  device: hexOrNull(entry.device),
  subvendor: hexOrNull(entry.subvendor),
  subdevice: hexOrNull(entry.subdevice),
  class: hexOrNull(entry.class) ?? 0,
  classMask: hexOrNull(entry.classMask) ?? (entry.class === undefined ? 0 : 0xff_ffff),
});

const errnoOf = (result: ResultDocument): number =>
  typeof result === 'number' ? result : -(ERRNO as Readonly<Record<string, number>>)[result];

type Machine = ScenarioDocument['machine'];

const udevRuleOf = (rule: UdevRuleDocument, machine: Machine): UdevRule => ({
  ...ruleOf(rule),
  runs: (rule.runs ?? []).map((operation) => operationOf(operation, machine)),
});

function operationOf(operation: OperationDocument | KmodDocument, machine: Machine): OperationSpec {
  const { when, if: only, unless, onError } = operation;
  return {
    action: actionOf(operation, machine),
    when: when === undefined ? null : conditionOf(when),
    ...(only === undefined ? {} : { only: conditionOf(only) }),
    ...(unless === undefined ? {} : { unless: conditionOf(unless) }),
    onError: onError ?? 'continue',
  };
}

/** Where a wrong path leads, while the other mistakes of its document are looked for. */
const NOWHERE = { attribute: 'open_failed', address: null, driver: null } as const;

function actionOf(operation: OperationDocument | KmodDocument, machine: Machine): Action {
  if ('settle' in operation || 'chown' in operation || 'kmod' in operation) {
    return udevActionOf(operation);
  }
  if ('read' in operation) {
    const { read: attribute, of: address, as: variable = null } = operation;
    return { type: 'read', attribute, address, variable };
  }
  if ('set' in operation) return { type: 'set', variable: operation.set, text: operation.to };
  if ('load' in operation) return { type: 'load', driver: operation.load };
  if ('unload' in operation) return { type: 'unload', driver: operation.unload };
  if ('plug' in operation) return { type: 'plug', addresses: [operation.plug] };
  if ('unplug' in operation) return { type: 'unplug', address: operation.unplug };
  if (!('write' in operation)) return userActionOf(operation);
  const place = attributeOf(operation.write, machine);
  return { type: 'write', text: operation.text, ...(typeof place === 'string' ? NOWHERE : place) };
}

const conditionOf = (when: ConditionDocument): Condition => {
  if ('exists' in when) return { type: 'exists', address: when.exists };
  if ('gone' in when) return { type: 'gone', address: when.gone };
  if ('variable' in when) return { type: 'variable', variable: when.variable, text: when.is };
  if ('node' in when) return { type: 'node', file: when.node, address: when.of };
  if ('signalled' in when) return { type: 'signalled', file: when.signalled };
  if ('of' in when) return { type: 'driver', address: when.of, driver: when.driver };
  return { type: 'done', actor: when.actor, operations: when.did };
};
