import { VfrError } from '../../traces/index.js';
import {
  type Btf,
  type Prototype,
  type PrototypeParameter,
  prototypesOf,
  resolveValuePath,
} from './btf/index.js';
import type { ArgumentSpec, ProbeSpec } from './probe-spec.js';
import type { Symbols } from './symbols.js';

/** What the planner must know of the running kernel. */
export interface KernelFacts {
  readonly symbols: Symbols;
  /** Types of the kernel image or of a loaded module; undefined when there are none. */
  types(module: string | undefined): Btf | undefined;
  /** Whether return probes can fetch the arguments of the entry (`$argN`, since 6.9). */
  readonly entryArgumentsAtReturn: boolean;
}

export type EventType = 'entry' | 'return';

/** One event to be defined. */
export interface PlannedEvent {
  readonly event: string;
  readonly type: EventType;
  /** What follows `p:GROUP/EVENT ` in a definition: place and fetch arguments. */
  readonly definition: string;
}

/** What can be had of one probe on this kernel. */
export interface PlannedProbe {
  readonly spec: ProbeSpec;
  readonly events: readonly PlannedEvent[];
  /** Why there are no events, or why a value is missing in them. */
  readonly reasons: readonly string[];
}

/** Registers that carry arguments: 6 on x86-64, 8 on arm64; the kernel refuses the others. */
const REGISTER_ARGUMENTS = 6;

type Place = { readonly at: string } | { readonly missing: string };

/** How the probed function is named in a definition. */
function place(spec: ProbeSpec, symbols: Symbols): Place {
  const name = spec.module === undefined ? spec.function : `${spec.module}:${spec.function}`;
  const found = symbols.named(spec.function, spec.module);
  if (found.length === 1) return { at: name };
  if (found.length === 0) {
    if (spec.module !== undefined && !symbols.modules.has(spec.module)) {
      return { missing: `the module ${spec.module} is not loaded (modprobe ${spec.module})` };
    }
    const renamed = symbols.renamed(spec.function);
    if (renamed !== undefined) {
      return { missing: `the compiler changed ${spec.function} into ${renamed}` };
    }
    return { missing: `this kernel has no function ${spec.function}` };
  }
  const chosen = symbols.near(found, spec.neighbours);
  if (chosen?.fromText === undefined) {
    return { missing: `there are ${found.length} functions ${name} and none can be told apart` };
  }
  return { at: `_text+0x${chosen.fromText.toString(16)}` };
}

/** The parameter of a function by one of its names. */
function parameterOf(prototype: Prototype, spec: ArgumentSpec): PrototypeParameter | undefined {
  return prototype.parameters.find((parameter) => spec.parameters.includes(parameter.name));
}

function describe(error: unknown): string {
  if (error instanceof VfrError) return error.what;
  throw error;
}

/** The expression that fetches what a pointer expression points to, through nested offsets. */
function dereference(pointer: string, offsets: readonly number[]): string {
  return offsets.reduce((expression, offset) => `+${offset}(${expression})`, pointer);
}

/** `FIELD=EXPRESSION:TYPE`, or a VfrError that says why this kernel has it not. */
function fetchArgument(btf: Btf, prototype: Prototype, spec: ArgumentSpec): string {
  const parameter = parameterOf(prototype, spec);
  if (!parameter || parameter.position > REGISTER_ARGUMENTS) {
    const names = spec.parameters.join(' or ');
    throw new VfrError('unsupported', 'PROBE', `it has no parameter ${names} in a register`, '');
  }
  const argument = `$arg${parameter.position}`;
  if (spec.at) {
    return `${spec.field}=+${spec.at.user ? 'u' : ''}${spec.at.offset}(${argument}):${spec.type}`;
  }
  // A buffer of a store is a string that the parameter itself points to.
  if (spec.type === 'text') return `${spec.field}=+0(${argument}):string`;
  const { offsets, shape } = firstPath(btf, parameter, spec);
  const value = dereference(argument, offsets);
  const text = spec.type === 'string' && shape.is === 'pointer' ? `+0(${value})` : value;
  return `${spec.field}=${text}:${spec.type}`;
}

function firstPath(btf: Btf, parameter: PrototypeParameter, spec: ArgumentSpec) {
  let failure: unknown;
  for (const path of spec.paths) {
    try {
      return resolveValuePath(btf, parameter.type, `${parameter.name}${path}`);
    } catch (error) {
      if (!(error instanceof VfrError)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

/** The events of a probe whose place and prototype are known. */
function events(spec: ProbeSpec, at: string, btf: Btf, prototype: Prototype, facts: KernelFacts) {
  const reasons: string[] = [];
  const fetched = spec.arguments.flatMap((argument) => {
    try {
      return [fetchArgument(btf, prototype, argument)];
    } catch (error) {
      reasons.push(`no field ${argument.field}: ${describe(error)}`);
      return [];
    }
  });
  const returned =
    spec.returns === undefined || spec.returns === 'none' ? [] : [`ret=$retval:${spec.returns}`];
  const entry: PlannedEvent = {
    event: spec.event,
    type: 'entry',
    definition: [at, ...fetched].join(' '),
  };
  if (spec.output && facts.entryArgumentsAtReturn) {
    const output = fetchArgument(btf, prototype, spec.output);
    const definition = [at, ...fetched, output, ...returned].join(' ');
    return { events: [{ ...entry, type: 'return' as const, definition }], reasons };
  }
  if (spec.output) reasons.push(`no field ${spec.output.field}: needs a kernel from 6.9 on`);
  if (spec.returns === undefined) return { events: [entry], reasons };
  const exit: PlannedEvent = {
    event: `${spec.event}_ret`,
    type: 'return',
    definition: [at, ...returned].join(' '),
  };
  return { events: [entry, exit], reasons };
}

/** Plans one probe: its events, or the reasons why there are none. */
export function planProbe(spec: ProbeSpec, facts: KernelFacts): PlannedProbe {
  const none = (reason: string): PlannedProbe => ({ spec, events: [], reasons: [reason] });
  const found = place(spec, facts.symbols);
  if ('missing' in found) return none(found.missing);
  const btf = facts.types(spec.module);
  if (!btf) return none('the kernel has no type information (BTF) for it');
  return choosePrototype(
    spec,
    prototypesOf(btf, spec.function).map((prototype) => {
      try {
        return { spec, ...events(spec, found.at, btf, prototype, facts) };
      } catch (error) {
        return none(describe(error));
      }
    }),
  );
}

/**
 * BTF does not say which prototype belongs to which of several static functions. When all fields
 * fit only one of them, or several give the same definitions, there is nothing to choose.
 */
function choosePrototype(spec: ProbeSpec, plans: readonly PlannedProbe[]): PlannedProbe {
  const fields = (plan: PlannedProbe) => plan.events[0]?.definition.split(' ').length ?? 0;
  const most = Math.max(0, ...plans.map(fields));
  const best = plans.filter((plan) => fields(plan) === most);
  const distinct = new Set(best.map((plan) => JSON.stringify(plan.events)));
  if (distinct.size === 1) return best[0]!;
  const count = plans.length === 0 ? 'no prototype' : `${plans.length} prototypes`;
  return { spec, events: [], reasons: [`BTF knows ${count} of ${spec.function}`] };
}
