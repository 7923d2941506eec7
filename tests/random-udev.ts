/** Random rules of udev for random runs, and users that are not root. */
import fc from 'fast-check';
import type {
  Action,
  ActorSpec,
  OperationSpec,
  RunSpec,
  UdevMatch,
  UdevRule,
} from '../replay/kernel/index.js';

const USER = 107;
const KVM = 36;

const operation = (action: Action): OperationSpec => ({
  action,
  when: null,
  onError: 'continue',
});

const write = (attribute: string, address: string | null, text: string): Action => ({
  type: 'write',
  attribute,
  address,
  driver: null,
  text,
});

/** What a rule runs; no settle, which would wait for itself. */
const run: fc.Arbitrary<OperationSpec> = fc
  .constantFrom<Action>(
    write('driver_override', '$kernel', 'vfio-pci\n'),
    write('driver_override', '$kernel', '\n'),
    write('drivers_probe', null, '$kernel'),
    { type: 'write', attribute: 'unbind', address: null, driver: 'nvme', text: '$kernel' },
    { type: 'kmod_load', address: '$kernel' },
    { type: 'read', attribute: 'driver', address: '$kernel', variable: null },
  )
  .map(operation);

const ofFunction: fc.Arbitrary<UdevMatch> = fc
  .record({
    action: fc.constantFrom('add', 'add', 'change', 'unbind', 'remove'),
    vendor: fc.constantFrom(undefined, 0x1b36),
  })
  .map(({ action, vendor }) => ({
    subsystem: 'pci',
    action,
    ...(vendor === undefined ? {} : { vendor }),
  }));

const ofFile = fc.constantFrom<UdevMatch>(
  { subsystem: 'vfio' },
  { subsystem: 'vfio-dev', action: 'add' },
);

/** What rules run is about functions: the name of a group or of a device of VFIO is no address. */
const rule: fc.Arbitrary<UdevRule> = fc.oneof(
  fc.record({
    match: ofFunction,
    node: fc.constant({}),
    runs: fc.array(run, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({
    match: ofFile,
    node: fc.constantFrom({ group: KVM, mode: 0o660 }, { owner: USER }),
    runs: fc.constant([]),
  }),
);

const settle: OperationSpec = operation({ type: 'settle' });

/** An actor who may be somebody, and may settle between two operations. */
function changed(actor: ActorSpec, isUser: boolean, settlesAt: number): ActorSpec {
  const { operations } = actor;
  const list = [...operations.slice(0, settlesAt), settle, ...operations.slice(settlesAt)];
  return {
    ...actor,
    operations: settlesAt <= operations.length ? list : operations,
    ...(isUser ? { user: { uid: USER, gids: [KVM] } } : {}),
  };
}

/** Others wait for a number of operations of theirs: those keep their number. */
const awaited = ({ actors }: RunSpec): Set<string> =>
  new Set(
    actors.flatMap(({ operations }) =>
      operations.flatMap(({ when }) => (when?.type === 'done' ? [when.actor] : [])),
    ),
  );

/** Runs on machines with udev. */
export const withUdev = (runs: fc.Arbitrary<RunSpec>): fc.Arbitrary<RunSpec> =>
  fc
    .tuple(
      runs,
      fc.array(rule, { maxLength: 3 }),
      fc.array(fc.tuple(fc.boolean(), fc.nat(9)), { minLength: 5, maxLength: 5 }),
    )
    .map(([spec, rules, changes]) => {
      const kept = awaited(spec);
      const actors = spec.actors.map((actor, i) =>
        kept.has(actor.name) ? actor : changed(actor, ...changes[i % changes.length]),
      );
      return { machine: { ...spec.machine, udev: { rules } }, actors };
    });
