import { VfrError } from '../../traces/index.js';
import type { Fetch, Probe, Site } from '../catalogue/probe.js';
import { type Btf, type Prototype, prototypesOf, resolvePath } from './btf/index.js';
import { findStore } from './code/index.js';
import type { FunctionSymbol, Symbols } from './symbols.js';

/** What the planner must know of the running kernel. */
export interface KernelFacts {
  readonly symbols: Symbols;
  /** Types of the kernel image or of a loaded module; undefined when there are none. */
  types(module: string | undefined): Btf | undefined;
  /** Whether return probes can fetch the arguments of the entry (`$argN`, since 6.9). */
  readonly entryArgumentsAtReturn: boolean;
  /** Whether probes can be put on functions at all (CONFIG_KPROBE_EVENTS). */
  readonly hasKprobes: boolean;
  /** Machine code of a function; undefined when it cannot be read or is not for x86-64. */
  machineCode(symbol: FunctionSymbol): Uint8Array | undefined;
  /** Whether the kernel has this tracepoint. */
  hasTracepoint(system: string, event: string): boolean;
}

/** One event to be switched on, and what defines it when the kernel does not have it already. */
export type PlannedEvent =
  | { readonly type: 'tracepoint'; readonly system: string; readonly event: string }
  | {
      /** `entry` becomes a kprobe, `return` a kretprobe. */
      readonly type: 'entry' | 'return';
      readonly event: string;
      /** What follows `p:GROUP/EVENT ` in a definition: the place and the fetch arguments. */
      readonly definition: string;
    };

/** What can be had of one probed function or tracepoint on this kernel. */
export interface PlannedProbe {
  /** The catalogue's first probe of it: the entry, the point or the tracepoint. */
  readonly probe: Probe;
  readonly events: readonly PlannedEvent[];
  /** Why there are no events, or which field is missing in them and why. */
  readonly reasons: readonly string[];
}

type FunctionSite = Extract<Site, { type: 'function' }>;
type Fetches = Readonly<Record<string, Fetch>>;

/** The probes of one function, by the part that they play. */
interface Call {
  readonly probe: Probe;
  readonly site: FunctionSite;
  readonly value: Fetches | undefined;
  readonly valueEvent: string | undefined;
  readonly returned: { readonly event: string; readonly fetch: Fetches } | undefined;
}

/** Registers that carry arguments on x86-64; arm64 has two more, of which no probe has need. */
const REGISTER_ARGUMENTS = 6;

function impossible(what: string): VfrError {
  return new VfrError('unsupported', 'PROBE', what, 'vfr doctor lists what cannot be recorded.');
}

/** Where a probed function is, and how a definition names it. */
interface Place {
  readonly symbol: FunctionSymbol;
  /** Its name, or its distance from `_text` when several have the name. */
  readonly text: string;
}

function place(site: FunctionSite, symbols: Symbols): Place {
  const found = symbols.named(site.symbol, site.module);
  if (found.length === 0) throw impossible(whyMissing(site, symbols));
  if (found.length === 1) {
    const text = site.module === undefined ? site.symbol : `${site.module}:${site.symbol}`;
    return { symbol: found[0]!, text };
  }
  const chosen = symbols.near(found, site.near?.split('|') ?? []);
  if (chosen?.fromText === undefined) {
    throw impossible(`${found.length} functions are called ${site.symbol}: none can be told apart`);
  }
  return { symbol: chosen, text: `_text+0x${chosen.fromText.toString(16)}` };
}

function whyMissing(site: FunctionSite, symbols: Symbols): string {
  if (site.module !== undefined && !symbols.modules.has(site.module)) {
    return `the module ${site.module} is not loaded (modprobe ${site.module})`;
  }
  const renamed = symbols.renamed(site.symbol);
  if (renamed !== undefined) return `the compiler changed ${site.symbol} into ${renamed}`;
  return `this kernel has no function ${site.symbol}`;
}

/**
 * Refuses a fetch whose parameter is not what the catalogue takes it for: the function's signature
 * has changed, and the value would be misread.
 */
function checkParameter(prototype: Prototype, fetch: Fetch, root: string | undefined): void {
  const parameter = prototype.parameters[fetch.arg - 1];
  const which = `its parameter ${fetch.arg}`;
  if (!parameter || fetch.arg > REGISTER_ARGUMENTS) throw impossible(`${which} does not exist`);
  const byPointer =
    fetch.path !== undefined || fetch.deref === true || (fetch.type === 'string' && !fetch.user);
  if (byPointer && parameter.shape.is !== 'pointer') {
    throw impossible(`${which} (${parameter.name}) is no pointer any more`);
  }
  if (!byPointer && fetch.user === undefined && parameter.shape.is !== 'integer') {
    throw impossible(`${which} (${parameter.name}) is no number any more`);
  }
  if (root !== undefined && parameter.pointsTo !== undefined && parameter.pointsTo !== root) {
    throw impossible(`${which} (${parameter.name}) points to a ${parameter.pointsTo} now`);
  }
}

/** The expression that follows pointers through nested offsets. */
function dereference(pointer: string, offsets: readonly number[]): string {
  return offsets.reduce((expression, offset) => `+${offset}(${expression})`, pointer);
}

/** The first of several alternative paths that this kernel's types have. */
function firstPath(btf: Btf, prototype: Prototype, fetch: Fetch, paths: readonly string[]) {
  let failure: unknown;
  for (const path of paths) {
    try {
      const resolved = resolvePath(btf, path);
      checkParameter(prototype, fetch, path.split('.')[0]);
      return resolved;
    } catch (error) {
      if (!(error instanceof VfrError)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

function expression(btf: Btf, prototype: Prototype, fetch: Fetch): string {
  if (fetch.arg === 0) return '$retval';
  const argument = `$arg${fetch.arg}`;
  if (fetch.path) {
    const { offsets, shape } = firstPath(btf, prototype, fetch, fetch.path);
    const value = dereference(argument, offsets);
    return fetch.type === 'string' && shape.is === 'pointer' ? `+0(${value})` : value;
  }
  checkParameter(prototype, fetch, undefined);
  if (fetch.user !== undefined) return `+u${fetch.user}(${argument})`;
  return fetch.deref === true || fetch.type === 'string' ? `+0(${argument})` : argument;
}

interface Fetched {
  readonly text: readonly string[];
  readonly reasons: readonly string[];
}

/**
 * `FIELD=EXPRESSION:TYPE` for each field; a field that cannot be had is left out with its reason.
 */
function fetchAll(btf: Btf, prototype: Prototype, fetches: Fetches): Fetched {
  const text: string[] = [];
  const reasons: string[] = [];
  for (const [field, fetch] of Object.entries(fetches)) {
    try {
      text.push(`${field}=${expression(btf, prototype, fetch)}:${fetch.type}`);
    } catch (error) {
      if (!(error instanceof VfrError)) throw error;
      reasons.push(`no field ${field}: ${error.what}`);
    }
  }
  return { text, reasons };
}

/** Sizes of the values that functions return through pointers. */
const VALUE_BYTES: Readonly<Record<string, number>> = { x8: 1, x16: 2, x32: 4 };

/**
 * A probe where the function stores a value through its pointer argument, found in its machine
 * code; or the reason why there is none.
 */
function storeEvent(
  call: Call,
  value: Fetches,
  at: Place,
  facts: KernelFacts,
): string | PlannedEvent {
  const why = 'return probes see no arguments before Linux 6.9, and';
  const [[field, fetch]] = Object.entries(value) as [[string, Fetch]];
  const code = facts.machineCode(at.symbol);
  if (!code || call.valueEvent === undefined) {
    return `no field ${field}: ${why} the machine code cannot be read`;
  }
  const store = findStore(code, fetch.arg, VALUE_BYTES[fetch.type] ?? 0);
  if (typeof store === 'string') return `no field ${field}: ${why} ${store}`;
  const definition = `${inside(at, store.offset)} ${field}=%${store.register}:${fetch.type}`;
  return { type: 'entry', event: call.valueEvent, definition };
}

/** The place at an offset inside of a function. */
function inside({ symbol, text }: Place, offset: number): string {
  if (!text.startsWith('_text+')) return `${text}+0x${offset.toString(16)}`;
  return `_text+0x${(symbol.fromText! + BigInt(offset)).toString(16)}`;
}

/** The events of a call whose place and prototype are known. */
function callEvents(call: Call, at: Place, btf: Btf, prototype: Prototype, facts: KernelFacts) {
  const { probe, site, value, returned } = call;
  const fetch = (fetches: Fetches) => fetchAll(btf, prototype, fetches);
  const entry = fetch(site.fetch);
  const exit = fetch(returned?.fetch ?? {});
  const event = (name: string, type: 'entry' | 'return', ...texts: (readonly string[])[]) => ({
    type,
    event: name,
    definition: [at.text, ...texts.flat()].join(' '),
  });
  if (value && facts.entryArgumentsAtReturn) {
    const pointed = fetch(value);
    return {
      events: [event(probe.event, 'return', entry.text, pointed.text, exit.text)],
      reasons: [...entry.reasons, ...pointed.reasons],
    };
  }
  const events: PlannedEvent[] = [event(probe.event, 'entry', entry.text)];
  const reasons = [...entry.reasons];
  const stored = value && storeEvent(call, value, at, facts);
  if (typeof stored === 'string') reasons.push(stored);
  else if (stored !== undefined) events.push(stored);
  if (returned) events.push(event(returned.event, 'return', exit.text));
  return { events, reasons };
}

function planCall(call: Call, facts: KernelFacts): PlannedProbe {
  const { probe, site } = call;
  try {
    if (!facts.hasKprobes)
      throw impossible('the kernel has no kprobe events (CONFIG_KPROBE_EVENTS)');
    const at = place(site, facts.symbols);
    const btf = facts.types(site.module);
    if (!btf) throw impossible('the kernel has no type information (BTF) for it');
    const plans = prototypesOf(btf, site.symbol).map((prototype) => ({
      probe,
      ...callEvents(call, at, btf, prototype, facts),
    }));
    return choosePrototype(probe, plans);
  } catch (error) {
    if (!(error instanceof VfrError)) throw error;
    return { probe, events: [], reasons: [error.what] };
  }
}

/**
 * BTF does not say which prototype belongs to which of several static functions of a name. When the
 * fields fit only one of them, or all give the same definitions, there is nothing to choose.
 */
function choosePrototype(probe: Probe, plans: readonly PlannedProbe[]): PlannedProbe {
  const fewest = Math.min(...plans.map((plan) => plan.reasons.length));
  const best = plans.filter((plan) => plan.reasons.length === fewest);
  const distinct = new Set(best.map((plan) => JSON.stringify(plan.events)));
  if (distinct.size === 1) return best[0]!;
  const count = plans.length === 0 ? 'no prototype' : `${plans.length} prototypes`;
  return { probe, events: [], reasons: [`BTF knows ${count} of it`] };
}

/** Brings together the catalogue's probes of one function. */
function callsOf(probes: readonly Probe[]): (Probe | Call)[] {
  const calls: (Probe | Call)[] = [];
  for (const probe of probes) {
    const { site } = probe;
    if (site.type === 'tracepoint') calls.push(probe);
    if (site.type === 'tracepoint' || probe.role === 'value' || probe.role === 'return') continue;
    const part = (role: Probe['role']) =>
      probes.find(
        (other) =>
          other.role === role &&
          other.site.type === 'function' &&
          other.event.startsWith(`${probe.event}_`) &&
          other.site.symbol === site.symbol,
      );
    const fetchOf = (other: Probe) => (other.site.type === 'function' ? other.site.fetch : {});
    const [value, back] = [part('value'), part('return')];
    calls.push({
      probe,
      site,
      value: value && fetchOf(value),
      valueEvent: value?.event,
      returned: back && { event: back.event, fetch: fetchOf(back) },
    });
  }
  return calls;
}

/**
 * Plans all probes of a catalogue: their events on this kernel, or the reasons why there are none.
 */
export function planProbes(probes: readonly Probe[], facts: KernelFacts): PlannedProbe[] {
  return callsOf(probes).map((call) => {
    if ('probe' in call) return planCall(call, facts);
    if (call.site.type !== 'tracepoint') return { probe: call, events: [], reasons: [] };
    const { system, event } = call.site;
    if (!facts.hasTracepoint(system, event)) {
      const reasons = [`this kernel has no tracepoint ${system}:${event}`];
      return { probe: call, events: [], reasons };
    }
    return { probe: call, events: [{ type: 'tracepoint', system, event }], reasons: [] };
  });
}
