/** Roles of actors: the same in two recordings, whatever the numbers of their threads. */

/** The name of a task without numbers of workers, CPUs and processes: `kworker/u4:0`, `bash`. */
export function roleOf(task: string): string {
  const [name] = task.split('/');
  return name.replace(/[-:#]?\d+$/, '');
}
