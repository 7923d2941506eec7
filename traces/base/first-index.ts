/**
 * The first index for which a condition holds, by bisection.
 * @param count indexes are 0 to count - 1
 * @param holds once true, it must be true for every later index
 * @returns the index, or `count` when the condition never holds
 */
export function firstIndex(count: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
