/** Reads a scenario: its text, its form, and whether what it names is there. */
import { ERRNO, VfrError } from '../../traces/index.js';
import { namesIn } from '../explore/index.js';
import { parseExpression } from '../expressions/index.js';
import { World } from '../kernel/index.js';
import { driverModel } from '../model/drivers/index.js';
import { kernelRules } from '../model/kernel-rules.js';
import { createdUuid, isUuid, mdevDriver } from '../model/mdev/index.js';
import { IOCTLS } from '../model/vfio/ioctl-numbers.js';
import type { DriverDocument, OperationDocument, ScenarioDocument } from './document.js';
import { type Json, parseJson } from './json.js';
import { mistakesInFiles } from './named-files.js';
import { SCENARIO_SCHEMA } from './schema.js';
import { specOf } from './spec.js';
import { attributeOf } from './sysfs-path.js';
import { type Mistake, mistakesOf } from './validate.js';

export interface LineMistake extends Mistake {
  /** Line of the file, from 1. */
  readonly line: number;
}

/**
 * All mistakes of a scenario's text; empty when it can be run.
 * @throws VfrError `JSON_INVALID` when it is no JSON
 */
export function checkScenario(text: string, file: string): LineMistake[] {
  const { value, lines } = parseJson(text, file);
  const mistakes = mistakesInScenario(value);
  return mistakes.map((mistake) => ({ ...mistake, line: lineOf(lines, mistake.path) }));
}

/** All mistakes of a scenario, with their paths. */
export function mistakesInScenario(value: Json | ScenarioDocument): Mistake[] {
  const inForm = mistakesOf(value as Json, SCENARIO_SCHEMA);
  return inForm.length > 0 ? inForm : [...mistakesInNames(value as ScenarioDocument)];
}

/** The line of a value, or of what it is missing in. */
export function lineOf(lines: ReadonlyMap<string, number>, path: string): number {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const line = lines.get(at);
    if (line !== undefined) return line;
    if (at === '') return 1;
  }
}

/**
 * @throws VfrError `SCENARIO_INVALID` with the line of the first mistake, `JSON_INVALID`
 */
export function readScenario(text: string, file: string): ScenarioDocument {
  const [first, ...others] = checkScenario(text, file);
  if (first === undefined) return parseJson(text, file).value as unknown as ScenarioDocument;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  const what = `${first.path === '' ? 'the document' : first.path}: ${first.what}${more}`;
  const next = 'Correct it; `vfr scenarios check` lists all mistakes.';
  throw new VfrError('SCENARIO_INVALID', what, next, { file, line: first.line });
}

/** The first kernel whose driver core the procedures are written for. */
const OLDEST = { release: '5.15', version: 5015 };

/** The first kernel whose vfio-pci has the low power features, and callbacks of runtime PM. */
const FIRST_WITH_POWER = { release: '6.1', version: 6001 };

/** Whether the procedures are written for a kernel as old as this. */
export const runsKernel = (release: string): boolean =>
  kernelRules(release).version >= OLDEST.version;

/** Names of functions, drivers, actors and attributes that lead nowhere. */
function* mistakesInNames(document: ScenarioDocument): Generator<Mistake> {
  const { machine, actors, outcomes } = document;
  const drivers = new Set(machine.drivers.map(({ name }) => name));
  if (!runsKernel(document.kernel)) {
    yield { path: '/kernel', what: `kernels before ${OLDEST.release} are not modelled` };
  }
  yield* twice(machine.functions.map(({ address }, i) => [address, `/machine/functions/${i}`]));
  yield* twice(machine.drivers.map(({ name }, i) => [name, `/machine/drivers/${i}`]));
  yield* twice(actors.map(({ name }, i) => [name, `/actors/${i}`]));
  const isDriver = (name: string | null = null) => name === null || drivers.has(name);
  for (const [i, { driver }] of machine.functions.entries()) {
    if (!isDriver(driver)) yield unknownDriver(`/machine/functions/${i}/driver`, driver ?? '');
  }
  for (const [i, driver] of machine.drivers.entries()) {
    const { probe, loads } = driver;
    yield* mistakesInParameters(driver, `/machine/drivers/${i}/parameters`);
    if (!isDriver(loads)) yield unknownDriver(`/machine/drivers/${i}/loads`, loads ?? '');
    for (const [to, results] of Object.entries(probe ?? {})) {
      for (const result of [results].flat()) {
        if (typeof result === 'number' || Object.hasOwn(ERRNO, result)) continue;
        yield { path: `/machine/drivers/${i}/probe/${to}`, what: `no errno is called ${result}` };
      }
    }
  }
  for (const [i, { does }] of actors.entries()) {
    for (const [j, operation] of does.entries()) {
      yield* mistakesInOperation(operation, `/actors/${i}/does/${j}`, document);
    }
  }
  yield* mistakesInFiles(document);
  yield* mistakesInRules(document);
  const world = new World(specOf(document));
  if (world.hasPower && kernelRules(document.kernel).version < FIRST_WITH_POWER.version) {
    const what = `runtime power management is modelled from ${FIRST_WITH_POWER.release} on`;
    yield { path: '/kernel', what };
  }
  for (const [i, { drivers: bound, gone, errors, variables }] of outcomes.entries()) {
    for (const name of Object.keys(variables ?? {})) {
      if (world.variables.names.includes(name)) continue;
      yield { path: `/outcomes/${i}/variables/${name}`, what: `no variable is called ${name}` };
    }
    for (const name of Object.keys(errors ?? {})) {
      if (actors.some((actor) => actor.name === name)) continue;
      yield { path: `/outcomes/${i}/errors/${name}`, what: `no actor is called ${name}` };
    }
    for (const [address, driver] of Object.entries(bound ?? {})) {
      const path = `/outcomes/${i}/drivers/${address}`;
      if (world.place(address) === null) yield unknownFunction(path, address);
      if (!isDriver(driver)) yield unknownDriver(path, driver ?? '');
    }
    for (const address of gone ?? []) {
      if (world.place(address) === null) yield unknownFunction(`/outcomes/${i}/gone`, address);
    }
  }
  yield* mistakesInNever(document, world);
}

/** Parameters that the module of a driver does not have, or not of that type. */
function* mistakesInParameters(
  { name, parameters = {} }: DriverDocument,
  path: string,
): Generator<Mistake> {
  const types = driverModel(name).parameters;
  for (const [parameter, value] of Object.entries(parameters)) {
    const type = Object.hasOwn(types, parameter) ? types[parameter] : undefined;
    if (type === (typeof value === 'boolean' ? 'bool' : 'ids')) continue;
    const known = Object.keys(types).join(', ');
    const what =
      type === undefined
        ? `${name} has no such parameter here; it has ${known || 'no parameters'}`
        : `it has to be ${type === 'bool' ? 'true or false' : 'a text of ids'}`;
    yield { path: `${path}/${parameter}`, what };
  }
}

function* mistakesInNever({ never = [] }: ScenarioDocument, world: World): Generator<Mistake> {
  const names = namesIn(world);
  for (const [i, text] of never.entries()) {
    try {
      parseExpression(text, { names });
    } catch (error) {
      if (!(error instanceof VfrError)) throw error;
      yield { path: `/never/${i}`, what: error.what };
    }
  }
}

function* mistakesInOperation(
  operation: OperationDocument,
  path: string,
  { machine, actors }: ScenarioDocument,
): Generator<Mistake> {
  const isDriver = (name: string) => machine.drivers.some((driver) => driver.name === name);
  for (const verb of ['load', 'unload'] as const) {
    const name = (operation as { readonly [v in typeof verb]?: string })[verb];
    if (name !== undefined && !isDriver(name)) yield unknownDriver(`${path}/${verb}`, name);
  }
  if ('write' in operation) {
    const place = attributeOf(operation.write, machine);
    if (typeof place === 'string') {
      yield { path: `${path}/write`, what: place };
    } else if (place.driver !== null && !isDriver(place.driver)) {
      yield unknownDriver(`${path}/write`, place.driver);
    }
  }
  yield* mistakesInUserNames(operation, path, machine);
  yield* mistakesInMdevs(operation, path, machine, mdevsOf(actors));
  yield* mistakesInConditions(operation, path, actors);
}

/** Conditions on actors that do not exist, or on more operations than they have. */
function* mistakesInConditions(
  operation: OperationDocument,
  path: string,
  actors: ScenarioDocument['actors'],
): Generator<Mistake> {
  for (const member of ['when', 'if', 'unless'] as const) {
    const condition = operation[member];
    if (condition === undefined || !('actor' in condition)) continue;
    const { actor: name, did } = condition;
    const count = actors.find((actor) => actor.name === name)?.does.length;
    if (count === undefined) {
      yield { path: `${path}/${member}/actor`, what: `no actor is called ${name}` };
    } else if (did > count) {
      yield { path: `${path}/${member}/did`, what: `${name} has ${count} operations` };
    }
  }
}

/** What rules of udev name, for one of the functions that `$kernel` can stand for. */
function* mistakesInRules(document: ScenarioDocument): Generator<Mistake> {
  const { udev, functions } = document.machine;
  const [{ address = '' } = {}] = functions;
  for (const [i, { match, runs = [] }] of (udev?.rules ?? []).entries()) {
    for (const [j, run] of runs.entries()) {
      const path = `/machine/udev/rules/${i}/runs/${j}`;
      const text = JSON.stringify(run);
      if ((match.subsystem === 'vfio-dev' || match.subsystem === 'misc') && text.includes('$k')) {
        yield { path, what: `$kernel is not known for ${match.subsystem}` };
      }
      if (match.subsystem === 'misc') yield { path, what: 'no uevents of misc come in a run' };
      if ('kmod' in run) continue;
      yield* mistakesInOperation(JSON.parse(text.replaceAll('$kernel', address)), path, document);
    }
  }
}

/** UUIDs of the mediated devices that actors make. */
function mdevsOf(actors: ScenarioDocument['actors']): Set<string> {
  const operations = actors.flatMap(({ does }) => does);
  const uuids = operations.flatMap((operation) =>
    'write' in operation && operation.write.endsWith('/create')
      ? (createdUuid(operation.text, Buffer.byteLength(operation.text)) ?? [])
      : [],
  );
  return new Set(uuids);
}

/** Functions and members of structs that a user of VFIO names. */
function* mistakesInUserNames(
  operation: OperationDocument,
  path: string,
  machine: ScenarioDocument['machine'],
): Generator<Mistake> {
  const opened = 'open' in operation && operation.of === undefined ? operation.open : null;
  if (opened === 'group') yield { path, what: 'a group is opened by a function "of" it' };
  if (opened === 'cdev') yield { path, what: 'a character device is opened "of" a function' };
  const named = {
    write: 'write' in operation ? functionWritten(operation.write, machine) : undefined,
    of:
      'open' in operation || 'read' in operation || 'chown' in operation ? operation.of : undefined,
    interrupt: 'interrupt' in operation ? operation.interrupt : undefined,
    dma: 'dma' in operation ? operation.dma : undefined,
  };
  for (const [member, address] of Object.entries(named)) {
    const { functions } = machine;
    if (address === undefined || functions.some((f) => f.address === address)) continue;
    // VFs are created by the run, at addresses that follow from their PF; UUIDs are checked below.
    if (functions.some(({ sriov }) => sriov !== undefined) || isOfMdev(address)) continue;
    yield unknownFunction(`${path}/${member}`, address);
  }
  if (!('ioctl' in operation) || typeof operation.with !== 'object') return;
  const { members } = IOCTLS[operation.ioctl];
  for (const member of Object.keys(operation.with ?? {})) {
    if (Object.hasOwn(members, member)) continue;
    const known = Object.keys(members).join(', ');
    const what = `the struct has no member ${member}; it has ${known || 'none'}`;
    yield { path: `${path}/with/${member}`, what };
  }
}

/** The function whose attribute, or whose driver's attribute, a path leads to. */
function functionWritten(path: string, machine: ScenarioDocument['machine']): string | undefined {
  const place = attributeOf(path, machine);
  if (typeof place === 'string' || place.mdevType !== undefined) return undefined;
  return place.address ?? place.links?.at(-1)?.address;
}

/** A UUID, or the type of mediated devices. */
const isOfMdev = (name: string): boolean => isUuid(name) || name.includes('/');

/** Mediated devices and types of them that an operation names. */
function* mistakesInMdevs(
  operation: OperationDocument,
  path: string,
  machine: ScenarioDocument['machine'],
  made: ReadonlySet<string>,
): Generator<Mistake> {
  const { drivers } = machine;
  const place = 'write' in operation ? attributeOf(operation.write, machine) : '';
  const { mdevType: type, driver = null } = typeof place === 'string' ? {} : place;
  const types = mdevDriver(driver ?? '')?.types ?? {};
  if (type !== undefined && !Object.hasOwn(types, type)) {
    const known = Object.keys(types).join(', ');
    yield { path: `${path}/write`, what: `no such type; there are ${known || 'no types'}` };
  }
  const of = 'of' in operation ? operation.of : undefined;
  if (of !== undefined && isUuid(of) && !made.has(of)) {
    yield { path: `${path}/of`, what: `no actor makes the mediated device ${of}` };
  }
  if (!('read' in operation)) return;
  const isOfType = operation.of.includes('/');
  if (isOfType === (operation.read === 'available_instances')) {
    const [parent, name] = operation.of.split('/');
    const isThere = drivers.some((driver) => driver.name === parent);
    const has = Object.hasOwn(mdevDriver(parent)?.types ?? {}, name);
    if (!isOfType || (isThere && has)) return;
  }
  const what = 'available_instances is an attribute of a type of mediated devices, PARENT/TYPE';
  yield { path: `${path}/read`, what };
}

function* twice(names: readonly (readonly [string, string])[]): Generator<Mistake> {
  const seen = new Set<string>();
  for (const [name, path] of names) {
    if (seen.has(name)) yield { path, what: `${name} is there twice` };
    seen.add(name);
  }
}

const unknownDriver = (path: string, name: string): Mistake => ({
  path,
  what: `no driver of the machine is called ${name}`,
});

const unknownFunction = (path: string, address: string): Mistake => ({
  path,
  what: `the machine has no function ${address}, and makes none`,
});
