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
        : { udev: { rules: document.machine.udev.rules.map(udevRuleOf) } }),
    },
    actors: document.actors.map(({ name, process, uid, gids = [], does }) => ({
      name,
      ...(process === undefined ? {} : { process }),
      ...(uid === undefined ? {} : { user: { uid, gids } }),
      operations: does.map(operationOf),
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

const udevRuleOf = (rule: UdevRuleDocument): UdevRule => ({
  ...ruleOf(rule),
  runs: (rule.runs ?? []).map(operationOf),
});

function operationOf(operation: OperationDocument | KmodDocument): OperationSpec {
  const { when, if: only, unless, onError } = operation;
  return {
    action: actionOf(operation),
    when: when === undefined ? null : conditionOf(when),
    ...(only === undefined ? {} : { only: conditionOf(only) }),
    ...(unless === undefined ? {} : { unless: conditionOf(unless) }),
    onError: onError ?? 'continue',
  };
}

function actionOf(operation: OperationDocument | KmodDocument): Action {
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
  const place = attributeOf(operation.write);
  const { attribute = '', address = null, driver = null, mdevType } = place ?? {};
  const write = { type: 'write', attribute, address, driver, text: operation.text } as const;
  return mdevType === undefined ? write : { ...write, mdevType };
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

export interface AttributePlace {
  readonly attribute: string;
  readonly address: string | null;
  readonly driver: string | null;
  /** Of `create`: the type of a mediated device. */
  readonly mdevType?: string;
}

const OF_DEVICES =
  'driver_override|sriov_numvfs|sriov_drivers_autoprobe|remove|rescan|nvidia/current_vgpu_type' +
  '|power/control|d3cold_allowed';
const OF_DRIVERS = 'bind|unbind|new_id|remove_id';
const OF_BUS = 'drivers_probe|drivers_autoprobe|rescan';
const FORMS = [`devices/([^/]+)/(${OF_DEVICES})`, `drivers/([^/]+)/(${OF_DRIVERS})`, `(${OF_BUS})`];
const PATH = new RegExp(`^/sys/bus/pci/(?:${FORMS.join('|')})$`);
const OF_MDEV_DRIVERS = 'bind|unbind';
const MDEV_FORMS = [
  'devices/([^/]+)/(remove)',
  `drivers/([^/]+)/(${OF_MDEV_DRIVERS})`,
  '(drivers_probe)',
];
const MDEV_PATH = new RegExp(`^/sys/bus/mdev/(?:${MDEV_FORMS.join('|')})$`);
const CREATE = /^\/sys\/class\/mdev_bus\/([^/]+)\/mdev_supported_types\/([^/]+)\/create$/;

/** The same for attributes of mediated devices; a parent has the name of the driver it is of. */
function mdevAttributeOf(path: string): AttributePlace | null {
  const [, parent, mdevType] = CREATE.exec(path) ?? [];
  if (mdevType !== undefined) {
    return { attribute: 'create', address: parent, driver: parent, mdevType };
  }
  const found = MDEV_PATH.exec(path);
  if (found === null) return null;
  const [, address = null, remove, driver = null, ofDriver, ofBus] = found;
  const attribute = remove === undefined ? (ofDriver ?? ofBus) : 'mdev_remove';
  return { attribute, address, driver };
}

/** What a path in sysfs leads to; null when the kernel that runs has no such attribute. */
export function attributeOf(path: string): AttributePlace | null {
  const found = PATH.exec(path);
  if (found === null) return mdevAttributeOf(path);
  const [, address, ofDevice, driver, ofDriver, ofBus] = found;
  return {
    attribute: (ofDevice ?? ofDriver ?? ofBus).replace('nvidia/', ''),
    address: address ?? null,
    driver: driver ?? null,
  };
}

/** Attributes that a scenario can write to, for messages. */
export const ATTRIBUTES = [
  ...OF_DEVICES.split('|').map((name) => `/sys/bus/pci/devices/ADDRESS/${name}`),
  ...OF_DRIVERS.split('|').map((name) => `/sys/bus/pci/drivers/DRIVER/${name}`),
  ...OF_BUS.split('|').map((name) => `/sys/bus/pci/${name}`),
  '/sys/class/mdev_bus/PARENT/mdev_supported_types/TYPE/create',
  '/sys/bus/mdev/devices/UUID/remove',
  ...OF_MDEV_DRIVERS.split('|').map((name) => `/sys/bus/mdev/drivers/DRIVER/${name}`),
  '/sys/bus/mdev/drivers_probe',
];
