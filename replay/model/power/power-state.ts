/** Power states of PCI functions (`pci_power_t`, kernel include/linux/pci.h 6.12). */

/** `UNKNOWN`: the PCI core does not know it, as of a function that no driver has enabled. */
export const PCI_POWER = { D0: 0, D1: 1, D2: 2, D3HOT: 3, D3COLD: 4, UNKNOWN: 5 } as const;

/** By state, what `power_state` shows (`pci_power_name`). */
export const POWER_NAMES: readonly string[] = ['D0', 'D1', 'D2', 'D3hot', 'D3cold', 'unknown'];

/** Memory of a function in D3 cannot be accessed, and it raises no interrupts. */
export const isAsleep = (state: number): boolean =>
  state === PCI_POWER.D3HOT || state === PCI_POWER.D3COLD;

/**
 * The state of a function that came into being. From 6.16 on the PCI core puts it into D0
 * (`pci_pm_init`, drivers/pci/pci.c); before that it does not look.
 */
export const newPower = (version: number): number =>
  version >= 6016 ? PCI_POWER.D0 : PCI_POWER.UNKNOWN;

/** What decides how deep a function sleeps. */
export interface SleepFacts {
  /** It has the capability of power management. */
  readonly hasCapability: boolean;
  /** The platform can cut its power. */
  readonly canBeCold: boolean;
  /** `d3cold_allowed`. */
  readonly mayBeCold: boolean;
}

/** The state in which a function sleeps (`pci_target_state`, drivers/pci/pci.c 6.12). */
export function sleepState({ hasCapability, canBeCold, mayBeCold }: SleepFacts): number {
  if (canBeCold) return mayBeCold ? PCI_POWER.D3COLD : PCI_POWER.D3HOT;
  return hasCapability ? PCI_POWER.D3HOT : PCI_POWER.D0;
}

/** What can be written to `power/control`, and what it shows. */
export const CONTROLS = ['on', 'auto'] as const;
export type Control = (typeof CONTROLS)[number];

/** What a write to `power/control` wants; null for another text (`sysfs_streq`). */
export const parseControl = (text: string): Control | null =>
  CONTROLS.find((control) => text === control || text === `${control}\n`) ?? null;
