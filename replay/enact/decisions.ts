/**
 * What is assumed of processes where a recording leaves several possibilities: when an assumption
 * leads to a contradiction, the latest one is changed, and all is derived again.
 */

interface Decision {
  choice: number;
  readonly options: number;
}

interface Process {
  /** Decisions in the order in which they are met. */
  readonly made: Decision[];
  /** How many of them the current pass has met. */
  met: number;
  /** A contradiction was found in the current pass. */
  isWrong: boolean;
  /** How often its decisions were changed. */
  tries: number;
}

/** The most changes of the decisions of a process; then the first possibilities count. */
const TRIES_MAX = 100;

export class Decisions {
  readonly #processes = new Map<number, Process>();

  #of(pid: number): Process {
    let one = this.#processes.get(pid);
    if (one === undefined) {
      one = { made: [], met: 0, isWrong: false, tries: 0 };
      this.#processes.set(pid, one);
    }
    return one;
  }

  /** Chooses one of several possibilities. @returns its number, from 0 */
  choose(pid: number, options: number): number {
    const one = this.#of(pid);
    if (options < 2 || one.isWrong || one.tries > TRIES_MAX) return 0;
    const at = one.met++;
    if (at === one.made.length) one.made.push({ choice: 0, options });
    return one.made[at].choice;
  }

  /** What was decided for a process contradicts the recording. */
  contradict(pid: number): void {
    const one = this.#of(pid);
    if (one.tries <= TRIES_MAX && one.met > 0) one.isWrong = true;
  }

  /** Ends a pass. @returns whether there is another one to make */
  again(): boolean {
    let isAgain = false;
    for (const one of this.#processes.values()) {
      if (one.isWrong) {
        change(one);
        isAgain = true;
      }
      one.isWrong = false;
      one.met = 0;
    }
    return isAgain;
  }
}

function change(one: Process): void {
  const { made } = one;
  made.length = one.met;
  while (made.length > 0 && made[made.length - 1].choice + 1 >= made[made.length - 1].options) {
    made.pop();
  }
  one.tries = made.length === 0 ? TRIES_MAX + 1 : one.tries + 1;
  if (one.tries > TRIES_MAX) made.length = 0;
  else made[made.length - 1].choice++;
}
