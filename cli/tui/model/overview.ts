/** The first screen: what the recording is, its devices, and what went wrong in it. */
import type { Register, StateChange } from '../../../analysis/index.js';
import type { Finding } from './findings.js';

/** Something on the overview that the cursor can be on. */
export type OverviewItem =
  | { readonly type: 'events' }
  | { readonly type: 'device'; readonly device: string }
  | { readonly type: 'finding'; readonly finding: Finding };

/** The register to which a byte of a device's configuration space belongs, if that is known. */
export type RegisterAt = (device: string | null, offset: number) => Register | null;

/** What the background work has found so far. */
export interface Insights {
  /** Devices whose driver or presence changed, by address; empty before all is replayed. */
  eventful(): readonly string[];
  findings(): readonly Finding[];
  changesOf(device: string): readonly StateChange[];
  readonly registerAt: RegisterAt;
}

/** Before any work is done. */
export const NO_INSIGHTS: Insights = {
  eventful: () => [],
  findings: () => [],
  changesOf: () => [],
  registerAt: () => null,
};

export interface Overview {
  readonly cursor: number;
  /** Addresses of all devices of the trace, sorted. */
  readonly devices: readonly string[];
  /** Whether also devices to which nothing happened are listed. */
  readonly all: boolean;
  readonly insights: Insights;
}

/** Devices that are listed: those to which something happened, unless there are none. */
export function devicesOf({ devices, all, insights }: Overview): readonly string[] {
  const eventful = insights.eventful();
  return all || eventful.length === 0 ? devices : eventful;
}

export function itemsOf(overview: Overview): OverviewItem[] {
  return [
    { type: 'events' },
    ...devicesOf(overview).map((device): OverviewItem => ({ type: 'device', device })),
    ...overview.insights.findings().map((finding): OverviewItem => ({ type: 'finding', finding })),
  ];
}

/** The item under the cursor. */
export function selected(overview: Overview): OverviewItem {
  const items = itemsOf(overview);
  return items[Math.min(overview.cursor, items.length - 1)];
}
