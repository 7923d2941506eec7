/** Results of calls, with the rule that gives each, in words. */

/** A rule that refuses a call. */
export interface Reason {
  /** What it returns: a negative errno, or the result of a fault handler. */
  readonly ret: number;
  /** What the kernel checked, and what it found: a part of a sentence. */
  readonly text: string;
  /** Paths of the parts of the state that the rule read; none if the argument alone decides. */
  readonly cells: readonly string[];
  /**
   * Without one, the recording shows it. `inferred`: it does not, but the recorded state allows no
   * other cause. `unseen`: it does not, and the text says what it lacks.
   */
  readonly basis?: 'inferred' | 'unseen';
}

/** Possible results. One without a reason is possible for a reason that is not recorded. */
export type Results = readonly number[] & { readonly reasons?: readonly Reason[] };

/** In place of results: the arguments are valid, and the hardware determines the result. */
export const HARDWARE = 'hardware';

/**
 * The one result of a call that a rule refuses.
 * @param errno as a positive number
 * @param cells of the state that the rule read: `device/…`, `group/…`, `container/…` and
 *   `iommufd/…` are of those that the call is about
 */
export function because(errno: number, text: string, ...cells: readonly string[]): Results {
  return reasoned(-errno, text, ...cells);
}

/** The same, where the cause is inferred. */
export const inferring = (errno: number, text: string, ...cells: readonly string[]): Results =>
  inferringResult(-errno, text, ...cells);

/** The same for a result that is no errno. */
export const inferringResult = (ret: number, text: string, ...cells: readonly string[]): Results =>
  withReasons([ret], [{ ret, text, cells, basis: 'inferred' }]);

/**
 * Results whose cause is in no recording.
 * @param text what decides, which is not recorded: a part of a sentence
 * @param errnos as positive numbers
 */
export function unseen(text: string, ...errnos: readonly number[]): Results {
  const rets = errnos.map((errno) => -errno);
  return withReasons(
    rets,
    rets.map((ret) => ({ ret, text, cells: [], basis: 'unseen' })),
  );
}

/** The same for a result that is no errno. */
export const reasoned = (ret: number, text: string, ...cells: readonly string[]): Results =>
  withReasons([ret], [{ ret, text, cells }]);

/** They do not count when results are compared. */
const withReasons = (results: readonly number[], reasons: readonly Reason[]): Results =>
  Object.defineProperty(results, 'reasons', { value: reasons });

const UNSEEN = 'something that the recording does not show';

/** All of several results: an errno that is in several has several possible reasons. */
export function anyOf(...all: readonly Results[]): Results {
  const reasons: Reason[] = [];
  for (const reason of all.flatMap((results) => results.reasons ?? [])) {
    if (!reasons.some(({ ret, text }) => ret === reason.ret && text === reason.text))
      reasons.push(reason);
  }
  if (reasons.length === 0) return [...new Set(all.flat())];
  const explained = new Set(reasons.map(({ ret }) => ret));
  for (const results of all) {
    for (const ret of results) {
      const has = results.reasons?.some((reason) => reason.ret === ret) === true;
      if (ret < 0 && !has && explained.delete(ret)) {
        reasons.push({ ret, text: UNSEEN, cells: [], basis: 'unseen' });
      }
    }
  }
  return withReasons([...new Set(all.flat())], reasons);
}

/** The reasons for one of the results; several when the recording does not say which holds. */
export const reasonsFor = ({ reasons }: Results, ret: number): readonly Reason[] =>
  reasons?.filter((reason) => reason.ret === ret) ?? [];

/** The same reasons, with the names of what the call is about in the paths of their cells. */
export function placed(
  reasons: readonly Reason[],
  names: Readonly<Partial<Record<string, string>>>,
): readonly Reason[] {
  return reasons.map((reason) => ({
    ...reason,
    cells: reason.cells.map((cell) => {
      const [first, ...rest] = cell.split('/');
      return [names[first] ?? first, ...rest].join('/');
    }),
  }));
}
