/** How many events a kernel or a tool says that it lost. */

/** More digits than these are no number of events: the counter was damaged, or wrapped around. */
const LOSS = /^\d{1,15}$/;

/** The stated number; null when there is none, or an impossible one. */
export const lossCount = (stated: string | undefined): number | null =>
  stated !== undefined && LOSS.test(stated) && Number(stated) > 0 ? Number(stated) : null;
