/** How many events a kernel or a tool says that it lost. */

/** More digits than these are no number of events: the counter was damaged, or wrapped around. */
const LOSS = /^\d{1,15}$/;

/** The number that is told; null when there is none, or one that cannot be. */
export const lossCount = (told: string | undefined): number | null =>
  told !== undefined && LOSS.test(told) && Number(told) > 0 ? Number(told) : null;
