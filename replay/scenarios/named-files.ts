/** Files and mappings that a user of VFIO names, and that no operation of its process makes. */
import { meant } from '../expressions/index.js';
import { IOCTLS } from '../model/vfio/ioctl-numbers.js';
import type { ConditionDocument, OperationDocument, ScenarioDocument } from './document.js';
import type { Mistake } from './validate.js';

type Actor = ScenarioDocument['actors'][number];

/** Names of files, or of mappings, by the members in which an operation has them. */
type Named = readonly (readonly [member: string, name: string])[];

/** In `files`, a descriptor that is not open. */
const NOT_OPEN = 'nothing';

export function* mistakesInFiles({ actors }: ScenarioDocument): Generator<Mistake> {
  for (const [i, actor] of actors.entries()) {
    const threads = actors.filter((other) => isOfProcess(other, actor));
    const operations = threads.flatMap(({ does }) => does);
    const files = [...new Set(operations.flatMap(fileMade))];
    const maps = [...new Set(operations.flatMap((one) => ('mmap' in one ? [one.as] : [])))];
    const where = actor.process ?? actor.name;
    for (const [j, operation] of actor.does.entries()) {
      const path = `/actors/${i}/does/${j}`;
      for (const [member, name] of filesNamed(operation)) {
        if (files.includes(name)) continue;
        const what = `no operation of ${where} opens a file called ${name}${meant(name, files)}`;
        yield { path: `${path}/${member}`, what };
      }
      for (const [member, name] of mapsNamed(operation)) {
        if (maps.includes(name)) continue;
        const what = `no operation of ${where} makes a mapping ${name}${meant(name, maps)}`;
        yield { path: `${path}/${member}`, what };
      }
    }
  }
}

const isOfProcess = (other: Actor, actor: Actor): boolean =>
  other === actor || (actor.process !== undefined && other.process === actor.process);

/** The file that an operation opens. */
function fileMade(operation: OperationDocument): string[] {
  if ('open' in operation) return [operation.as ?? operation.open];
  if (!('ioctl' in operation)) return [];
  const { ioctl, as } = operation;
  if (IOCTLS[ioctl].argument === 'name') return [as ?? 'device'];
  return as === undefined ? [] : [as];
}

function filesNamed(operation: OperationDocument): Named {
  const members = ['close', 'signal', 'pread', 'pwrite', 'mmap', 'transfer'] as const;
  const named = operation as { readonly [m in (typeof members)[number]]?: string };
  const own = members.flatMap((m) => (named[m] === undefined ? [] : [[m, named[m]] as const]));
  const conditions = (['when', 'if', 'unless'] as const).flatMap((member) =>
    signalledIn(operation[member]).map((name) => [`${member}/signalled`, name] as const),
  );
  if (!('ioctl' in operation)) return [...own, ...conditions];
  const passed = (operation.files ?? []).flatMap((name, i) =>
    name === null || name === NOT_OPEN ? [] : [[`files/${i}`, name] as const],
  );
  return [['on', operation.on], ...passed, ...conditions];
}

const signalledIn = (condition: ConditionDocument | undefined): string[] =>
  condition !== undefined && 'signalled' in condition ? [condition.signalled] : [];

function mapsNamed(operation: OperationDocument): Named {
  if ('munmap' in operation) return [['munmap', operation.munmap]];
  return 'touch' in operation ? [['touch', operation.touch]] : [];
}
