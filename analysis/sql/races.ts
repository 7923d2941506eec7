import type { ViewDefinition } from './definition.js';

export const raceView: ViewDefinition = {
  type: 'view',
  name: 'races',
  doc:
    'Pairs of operations that raced for a device, as `vfr races` finds them. Where the recording ' +
    'does not decide whether a pair is a race, `decided` is false and `reason` says why.',
  columns: {
    device: ['device', 'PCI address'],
    class: ['text', 'class of the race; docs/races.md has them all'],
    decided: ['flag', 'whether the recording shows that it is a race'],
    first_seq: ['seq', 'the operation that took effect first'],
    first_ts: ['time', 'its time'],
    first_tid: ['thread', 'thread that did it'],
    first_task: ['text', 'comm of that thread'],
    first_what: ['text', 'what it did'],
    second_seq: ['seq', 'the other operation'],
    second_ts: ['time', 'its time'],
    second_tid: ['thread', 'thread that did it'],
    second_task: ['text', 'comm of that thread'],
    second_what: ['text', 'what it did'],
    window_ns: ['ns', 'nanoseconds between the begins of both'],
    outcome: ['text', 'what happened, and what would have happened in the other order'],
    advice: ['text', 'how to avoid it'],
    reason: ['text', 'what is not known, when it is not decided'],
  },
  sql: 'FROM races_of(NULL) ORDER BY trace, second_seq, first_seq',
  example: 'SELECT device, class, first_task, second_task, window_ns FROM races',
};
