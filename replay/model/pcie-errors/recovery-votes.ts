/** Recovery from errors of PCI Express (drivers/pci/pcie/err.c, aer.c 6.12 and 7.3). */

/** `pci_channel_state_t` (include/linux/pci.h). */
export const CHANNEL = { NORMAL: 1, FROZEN: 2, FAILED: 3 } as const;

/** `enum pci_ers_result` (include/linux/pci.h). */
export const ERS = {
  NONE: 1,
  CAN_RECOVER: 2,
  NEED_RESET: 3,
  DISCONNECT: 4,
  RECOVERED: 5,
  NO_AER_DRIVER: 6,
} as const;

/** The answer of a function below the port to the error; null when not known. */
export type Vote = number | null;

export type Severity = 'corrected' | 'non-fatal' | 'fatal';

/** The severity that a record of the tracepoint `aer_event` names. */
export function severityOf(text: string | null): Severity | null {
  const found = /severity=(Corrected|Uncorrected, non-fatal|Fatal)/.exec(text ?? '')?.[1];
  if (found === undefined) return null;
  return found === 'Fatal' ? 'fatal' : found === 'Corrected' ? 'corrected' : 'non-fatal';
}

/** The channel state with which recovery begins; null when there is none (pci_aer_handle_error). */
export const channelOf = (severity: Severity): number | null =>
  severity === 'corrected' ? null : severity === 'fatal' ? CHANNEL.FROZEN : CHANNEL.NORMAL;

/** `merge_result` */
function merge(before: number, vote: number): number {
  if (vote === ERS.NO_AER_DRIVER) return vote;
  if (vote === ERS.NONE) return before;
  if (before === ERS.CAN_RECOVER || before === ERS.RECOVERED) return vote;
  return before === ERS.DISCONNECT && vote === ERS.NEED_RESET ? vote : before;
}

/**
 * The result of `pcie_do_recovery` if no driver below the port requests a reset.
 * @param votes of the functions below the port
 * @param reset whether the bus could be reset; null when that is not known, or it was not tried
 * @param version as major * 1000 + minor; null when not known
 * @returns the possible results; null when they are not known
 */
export function recoveryResults(
  state: number,
  votes: readonly Vote[],
  reset: boolean | null,
  version: number | null,
): readonly number[] | null {
  if (votes.includes(null)) return null;
  const status = (votes as readonly number[]).reduce(merge, ERS.CAN_RECOVER);
  if (status === ERS.NEED_RESET) return null;
  const recovered = status === ERS.CAN_RECOVER ? ERS.RECOVERED : status;
  if (state !== CHANNEL.FROZEN) return [recovered];
  if (reset === null) return null;
  if (reset) return [recovered];
  // 7.3 lets the drivers access the device before it resets it, 6.12 does not.
  if (version !== null && version >= 7003) return [recovered];
  return version !== null && version <= 6012 ? [status] : [status, recovered];
}
