import type { ViewDefinition } from './definition.js';

/** A release that a user of the device delays by more than this is a finding. */
const BLOCKED_NS = 1_000_000_000;

/** Interrupts that announce DMA faults, and that are closer together than this, are one finding. */
const BOUT_NS = 1_000_000_000;

export const findings: ViewDefinition = {
  type: 'view',
  name: 'findings',
  doc:
    'What is worth a look in a trace, in one shape: races, responses that replay did not ' +
    'predict, faults (interrupts that announce DMA faults only where no record of a fault ' +
    'follows, those less than a second apart as one), releases that waited for a user for more ' +
    'than a second, devices that passed from one owner to the next without a reset, lost events.',
  columns: {
    finding: ['text', '`race`, `divergence`, `fault`, `blocked`, `not reset` or `loss`'],
    severity: ['text', '`error` for what went wrong, `warning` for what may, `note` for others'],
    seq: ['seq', 'event to look at'],
    ts: ['time', 'its time; null for a gap in the file'],
    device: ['device', 'PCI address'],
    tid: ['thread', 'thread'],
    task: ['text', 'comm of the thread'],
    text: ['text', 'one sentence'],
    evidence: ['text', 'seqs of further events that show it'],
  },
  // An interrupt has neither device nor address: those are in the record that its handler logs.
  sql: `
WITH dma AS (
  SELECT trace, seq, ts::BIGINT AS ts, tid, task, name, device IS NULL AND address IS NULL
    AS announces FROM lib.faults WHERE kind = 'fault.dma'
), unfollowed AS (
  SELECT *, ts - lag(ts) OVER (PARTITION BY trace ORDER BY seq) AS gap FROM (
    SELECT *, lead(announces, 1, true) OVER (PARTITION BY trace ORDER BY seq) AS alone FROM dma)
  WHERE announces AND alone
), bouts AS (
  SELECT *, count(CASE WHEN gap IS NULL OR gap >= ${BOUT_NS} THEN 1 END)
    OVER (PARTITION BY trace ORDER BY seq) AS bout FROM unfollowed
), interrupts AS (
  SELECT trace, min(seq) AS seq, arg_min(ts, seq)::UBIGINT AS ts, arg_min(tid, seq) AS tid,
    arg_min(task, seq) AS task, arg_min(name, seq) AS name, count(*) AS n,
    string_agg(seq::VARCHAR, ' ' ORDER BY seq) AS seqs
  FROM bouts GROUP BY trace, bout
)
SELECT trace, 'race' AS finding, 'warning' AS severity, second_seq AS seq, second_ts AS ts, device,
  second_tid AS tid, second_task AS task,
  class || ': ' || first_task || ' and ' || second_task || ' raced; ' || outcome AS text,
  first_seq::VARCHAR AS evidence
FROM lib.races WHERE decided
UNION ALL
SELECT trace, 'divergence', 'error', seq, ts, device, tid, task,
  name || ' ' || phase || ': expected ' || expected || ', actual ' || actual, touched
FROM lib.divergences
UNION ALL
SELECT trace, 'fault', CASE WHEN starts_with(severity, 'Correct') THEN 'note' ELSE 'error' END, seq,
  ts, device, tid, task, concat_ws(', ', name, CASE WHEN address IS NOT NULL THEN hex(address) END,
    cause), concat_ws(' ', mapped_seq, unmapped_seq)
FROM lib.faults WHERE kind <> 'fault.dma' OR device IS NOT NULL OR address IS NOT NULL
UNION ALL
SELECT trace, 'fault', 'error', seq, ts, NULL, tid, task, name || ': '
    || CASE WHEN n = 1 THEN 'an interrupt announces' ELSE n || ' interrupts announce' END
    || ' DMA faults, but no record of them follows', seqs
FROM interrupts
UNION ALL
SELECT trace, 'blocked', 'error', seq, ts, device, tid, task,
  operation || ' waited ' || round(duration / 1e9, 3) || ' s for ' || holder_task || '-'
    || holder_tid || CASE WHEN ended THEN '' ELSE ', and still did at the end' END,
  concat_ws(' ', holder_seq, end_seq)
FROM lib.waits WHERE waits_for = 'VFIO user' AND duration >= ${BLOCKED_NS}
UNION ALL
SELECT o.trace, 'not reset', 'warning', o.from_seq, e.ts, o.device, e.tid, e.task,
  'went from ' || o.previous || ' to ' || o.owner || ' without a reset', NULL
FROM lib.owners o LEFT JOIN events_of(['device.open', 'bind']) e
  ON e.trace = o.trace AND e.seq = o.from_seq
WHERE NOT o.was_reset AND o.is_user
UNION ALL
SELECT trace, 'loss', 'warning', seq, ts, NULL, NULL, NULL,
  coalesce(source, name) || ' lost ' || coalesce(events::VARCHAR, 'an unknown number of')
    || ' events: ' || calls || ' calls and ' || bindings || ' bindings are around it', NULL
FROM lib.losses
ORDER BY 1, 4`,
  example: 'SELECT finding, severity, seq, device, text FROM findings',
};
