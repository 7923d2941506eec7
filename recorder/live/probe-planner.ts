import { VfrError } from '../../traces/index.js';
import type { Fetch, Probe, Site } from '../catalogue/probe-definition.js';
import { type Btf, type Prototype, prototypesOf } from './btf/index.js';
import { findStore } from './code/index.js';
import { type Fetches, fetchAll } from './fetch-arguments.js';
import type { FunctionSymbol, Symbols } from './function-symbols.js';
import { impossible } from './impossible-here.js';

/** What the planner must know of the running kernel. */
export interface KernelFacts {
  readonly symbols: Symbols;
  /** Types of the kernel image or of a loaded module; undefined if it has none. */
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

/** A further probe of a function: of the value that it stores, or of its return. */
interface CallProbe {
  readonly event: string;
  readonly fetch: Fetches;
}

/** The probes of one function, by the part that they play. */
interface Call {
  readonly probe: Probe;
  readonly site: FunctionSite;
  readonly value: CallProbe | undefined;
  readonly returned: CallProbe | undefined;
}

/** Where a probed function is, and how a definition names it. */
interface ProbeAddress {
  readonly symbol: FunctionSymbol;
  /** Its name, or its distance from `_text` when several have the name. */
  readonly text: string;
}

function place(site: FunctionSite, symbols: Symbols): ProbeAddress {
  const found = symbols.named(site.symbol, site.module);
  if (found.length === 0) throw impossible(whyMissing(site, symbols));
  const [only] = found;
  // Newer kernels refuse a name of the image that a module has, too (kernel/trace/trace_kprobe.c).
  const isShared = site.module === undefined && symbols.hasModuleWith(site.symbol);
  if (found.length === 1 && !(isShared && only?.fromText !== undefined)) {
    const text = site.module === undefined ? site.symbol : `${site.module}:${site.symbol}`;
    return { symbol: found[0]!, text };
  }
  const chosen = found.length === 1 ? only : symbols.near(found, site.near?.split('|') ?? []);
  if (chosen?.fromText === undefined) {
    throw impossible(
      `${found.length} functions are called ${site.symbol}, and nothing distinguishes them`,
    );
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

/** Sizes of the values that functions return through pointers. */
const VALUE_BYTES: Readonly<Record<string, number>> = { x8: 1, x16: 2, x32: 4 };

/**
 * A probe where the function stores a value through its pointer argument, found in its machine
 * code; or the reason why that is impossible.
 */
function storeEvent(value: CallProbe, at: ProbeAddress, facts: KernelFacts): string | PlannedEvent {
  const why = 'return probes see no arguments before Linux 6.9, and';
  const [[field, fetch]] = Object.entries(value.fetch) as [[string, Fetch]];
  const code = facts.machineCode(at.symbol);
  if (!code) return `no field ${field}: ${why} the machine code cannot be read`;
  const store = findStore(code, fetch.arg, VALUE_BYTES[fetch.type] ?? 0);
  if (typeof store === 'string') return `no field ${field}: ${why} ${store}`;
  const definition = `${inside(at, store.offset)} ${field}=%${store.register}:${fetch.type}`;
  return { type: 'entry', event: value.event, definition };
}

/** The place at an offset inside of a function. */
function inside({ symbol, text }: ProbeAddress, offset: number): string {
  if (!text.startsWith('_text+')) return `${text}+0x${offset.toString(16)}`;
  return `_text+0x${(symbol.fromText! + BigInt(offset)).toString(16)}`;
}

/** What a return probe can fetch: what needs arguments is there only where it sees them. */
function atReturn(fetches: Fetches, { entryArgumentsAtReturn }: KernelFacts): Fetches {
  if (entryArgumentsAtReturn) return fetches;
  return Object.fromEntries(Object.entries(fetches).filter(([, { arg }]) => arg === 0));
}

/** The events of a call whose place and prototype are known. */
function callEvents(
  call: Call,
  at: ProbeAddress,
  btf: Btf,
  prototype: Prototype,
  facts: KernelFacts,
) {
  const { probe, site, value, returned } = call;
  const fetch = (fetches: Fetches) => fetchAll(btf, prototype, fetches);
  const entry = fetch(site.fetch);
  const exit = fetch(atReturn(returned?.fetch ?? {}, facts));
  const event = (name: string, type: 'entry' | 'return', ...texts: (readonly string[])[]) => ({
    type,
    event: name,
    definition: [at.text, ...texts.flat()].join(' '),
  });
  if (value && facts.entryArgumentsAtReturn) {
    const pointed = fetch(value.fetch);
    return {
      events: [event(probe.event, 'return', entry.text, pointed.text, exit.text)],
      reasons: [...entry.reasons, ...pointed.reasons],
    };
  }
  const events: PlannedEvent[] = [event(probe.event, 'entry', entry.text)];
  const reasons = [...entry.reasons];
  const stored = value && storeEvent(value, at, facts);
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
 * BTF does not say which prototype belongs to which of several static functions of a name. If the
 * fields fit only one of them, or all result in the same definitions, there is nothing to choose.
 */
function choosePrototype(probe: Probe, plans: readonly PlannedProbe[]): PlannedProbe {
  const fewest = Math.min(...plans.map((plan) => plan.reasons.length));
  const best = plans.filter((plan) => plan.reasons.length === fewest);
  const distinct = new Set(best.map((plan) => JSON.stringify(plan.events)));
  if (distinct.size === 1) return best[0]!;
  const count = plans.length === 0 ? 'no prototype' : `${plans.length} prototypes`;
  return { probe, events: [], reasons: [`BTF knows ${count} of it`] };
}

/** The probe of the same function that plays another part. */
function partOf(
  probe: Probe,
  site: FunctionSite,
  role: Probe['role'],
  probes: readonly Probe[],
): CallProbe | undefined {
  for (const other of probes) {
    if (other.role !== role || other.site.type !== 'function') continue;
    if (!other.event.startsWith(`${probe.event}_`) || other.site.symbol !== site.symbol) continue;
    return { event: other.event, fetch: other.site.fetch };
  }
  return undefined;
}

function planTracepoint(
  probe: Probe,
  { system, event }: Extract<Site, { type: 'tracepoint' }>,
  facts: KernelFacts,
): PlannedProbe {
  if (facts.hasTracepoint(system, event)) {
    return { probe, events: [{ type: 'tracepoint', system, event }], reasons: [] };
  }
  return { probe, events: [], reasons: [`this kernel has no tracepoint ${system}:${event}`] };
}

/** Plans all probes of a catalogue: their events on this kernel, or the reasons why it has none. */
export function planProbes(probes: readonly Probe[], facts: KernelFacts): PlannedProbe[] {
  return probes.flatMap((probe) => {
    const { site } = probe;
    if (site.type === 'tracepoint') return planTracepoint(probe, site, facts);
    // These are parts of the call that the entry of their function represents.
    if (probe.role === 'value' || probe.role === 'return') return [];
    const part = (role: Probe['role']) => partOf(probe, site, role, probes);
    return planCall({ probe, site, value: part('value'), returned: part('return') }, facts);
  });
}
