/** Rules of udev, and operations on files in /dev, as JSON Schema. */
import { UEVENT_ACTIONS, UEVENT_SUBSYSTEMS } from '../kernel/index.js';
import { count, device, id, record, type Schema, text, withKernelName } from './schema-forms.js';

const ID_MAX = 0xffff_fffe;

/** Number of a user or of a group. */
export const uid: Schema = count('number of a user; 0 is root', ID_MAX);
export const gids: Schema = {
  description: 'numbers of its groups',
  type: 'array',
  items: count('number of a group', ID_MAX),
};

const nodeChange = {
  owner: count('number of the user that the file in /dev gets', ID_MAX),
  group: count('number of the group that the file in /dev gets', ID_MAX),
  mode: text('bits of permissions in octal, such as 0660', '^0[0-7]{3}$'),
} as const satisfies Record<string, Schema>;

const nodeKind: Schema = {
  enum: ['group', 'cdev'],
  description: 'the file of an IOMMU group, or of a device of VFIO',
};

/** A file in /dev is there. */
export const nodeCondition: Schema = record(
  'a file in /dev is there, whatever its mode',
  { node: nodeKind, of: device },
  ['node', 'of'],
);

/** @param common members that every operation has */
export const udevForms = (common: Readonly<Record<string, Schema>>): readonly Schema[] => [
  record(
    'waits until udev has handled all uevents (udevadm settle)',
    { settle: { const: true, description: 'always true' }, ...common },
    ['settle'],
  ),
  record(
    'changes owner, group and mode of a file in /dev',
    { chown: nodeKind, of: device, ...nodeChange, ...common },
    ['chown', 'of'],
  ),
];

/**
 * @param forms of operations that rules can run, too
 * @param common members that each of them has
 */
export function udevSchema(
  forms: readonly Schema[],
  common: Readonly<Record<string, Schema>>,
): Schema {
  const kmod = record(
    'loads the modules whose drivers claim the function (kmod load $env{MODALIAS})',
    { kmod: { const: 'load', description: 'always load' }, ...common },
    ['kmod'],
  );
  const rule = record(
    'a rule; it matches uevents that have all of match',
    {
      match: record(
        'what a uevent has to have; what is left out matches any',
        {
          action: { enum: UEVENT_ACTIONS, description: 'ACTION' },
          subsystem: { enum: [...UEVENT_SUBSYSTEMS, 'misc'], description: 'SUBSYSTEM' },
          kernel: text('KERNEL: an address, a UUID, the number of a group, vfio or iommu'),
          driver: text('DRIVER: the driver that the function has as the uevent is sent'),
          vendor: id,
          device: id,
          class: text('class of the function, such as 0x030200', '^0x[0-9a-f]{6}$'),
        },
        [],
      ),
      ...nodeChange,
      runs: {
        description:
          'RUN: what the rule does, one after the other; $kernel is the name of the device',
        type: 'array',
        items: withKernelName({ anyOf: [...forms, kmod] }),
      },
    },
    ['match'],
  );
  return record(
    'udev, whose rules are tried in their order; without it files in /dev have no owners',
    { rules: { type: 'array', items: rule } },
    ['rules'],
  );
}
