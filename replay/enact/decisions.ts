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
    let process = this.#processes.get(pid);
    if (process === undefined) {
      process = { made: [], met: 0, isWrong: false, tries: 0 };
      this.#processes.set(pid, process);
    }
    return process;
  }

  /** Chooses one of several possibilities. @returns its number, from 0 */
  choose(pid: number, options: number): number {
    const process = this.#of(pid);
    if (options < 2 || process.isWrong || process.tries > TRIES_MAX) return 0;
    const at = process.met++;
    if (at === process.made.length) process.made.push({ choice: 0, options });
    return process.made[at].choice;
  }

  /** What was decided for a process contradicts the recording. */
  contradict(pid: number): void {
    const process = this.#of(pid);
    if (process.tries <= TRIES_MAX && process.met > 0) process.isWrong = true;
  }

  /** Ends a pass. @returns whether there is another one to make */
  again(): boolean {
    let isAgain = false;
    for (const process of this.#processes.values()) {
      if (process.isWrong) {
        change(process);
        isAgain = true;
      }
      process.isWrong = false;
      process.met = 0;
    }
    return isAgain;
  }
}

function change(process: Process): void {
  const { made } = process;
  made.length = process.met;
  while (made.length > 0 && made[made.length - 1].choice + 1 >= made[made.length - 1].options) {
    made.pop();
  }
  process.tries = made.length === 0 ? TRIES_MAX + 1 : process.tries + 1;
  if (process.tries > TRIES_MAX) made.length = 0;
  else made[made.length - 1].choice++;
}
