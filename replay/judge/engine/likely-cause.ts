/** What a divergence most likely comes from, by the part of the state that differs. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [
    /\/match$/,
    'an unrecorded override or dynamic id, a driver that came or left, or another id table',
  ],
  [
    /\/sriov\/autoprobe$/,
    'autoprobe of the PF, or the override of the VF, was changed by somebody not recorded',
  ],
  [
    /\/cause$/,
    'it was asked for by somebody who was not recorded, or the record of that is missing',
  ],
  [
    /\/calls\//,
    'a record is missing, doubled or changed without a reported loss, or a thread died in a call',
  ],
  [/\/lock$/, 'events of two threads are not in the order in which they happened'],
  [/\/driver$/, 'the device was bound or released by somebody who was not recorded'],
  [/\/probe$/, 'the driver refused the device for a reason that no model has'],
  [/\/sriov\//, 'VFs were enabled or disabled by somebody who was not recorded'],
  [/vfio/, 'the device was opened, reset or changed through another file or before the recording'],
];

export const likelyCause = (path: string): string =>
  CAUSES.find(([pattern]) => pattern.test(path))?.[1] ??
  'the recorded kernel differs from the model; compare its version';
