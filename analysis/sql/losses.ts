import type { ViewDefinition } from './definition.js';

export const losses: ViewDefinition = {
  type: 'view',
  name: 'losses',
  doc:
    'Where events are missing: what sources reported as lost, what cannot be read, the cut end ' +
    'of a trace; and how many answers of other views each touches. Their rows have `spans_loss`.',
  columns: {
    seq: ['seq', 'position in the trace: of the report, or of the first missing event'],
    ts: ['time', 'time of the report; null for a gap in the file'],
    source: ['text', 'what lost them; null for a gap in the file'],
    cpu: ['number', 'CPU whose buffer lost them, if known'],
    name: ['text', 'whose messages were lost, when it was a log; `unreadable` or `truncated`'],
    events: ['count', 'how many; null when nobody knows'],
    text: ['text', 'what the source said'],
    calls: ['count', 'rows of `spans` around it: their results may belong to other calls'],
    bindings: ['count', 'rows of `bindings` around it: releases in it are unknown'],
    holders: ['count', 'rows of `holders` around it'],
    mappings: ['count', 'rows of `dma_mappings` around it'],
  },
  sql: `
WITH l AS (
  SELECT trace, seq, ts, source, cpu, name, value AS events, text FROM events_of(['lost'])
  UNION ALL
  SELECT trace, seq, NULL, NULL, NULL, what, events, NULL FROM gaps_of(NULL)
)
SELECT l.*,
  (SELECT count(*) FROM lib.spans s WHERE s.spans_loss AND s.trace = l.trace AND s.seq < l.seq
    AND (s.end_seq IS NULL OR s.end_seq > l.seq)) AS calls,
  (SELECT count(*) FROM lib.bindings b WHERE b.spans_loss AND b.trace = l.trace
    AND coalesce(b.bound_seq, 0) < l.seq
    AND (b.released_seq IS NULL OR b.released_seq > l.seq)) AS bindings,
  (SELECT count(*) FROM lib.holders h WHERE h.spans_loss AND h.trace = l.trace
    AND h.opened_seq < l.seq AND (h.closed_seq IS NULL OR h.closed_seq > l.seq)) AS holders,
  (SELECT count(*) FROM lib.dma_mappings m WHERE m.spans_loss AND m.trace = l.trace
    AND m.mapped_seq < l.seq AND (m.unmapped_seq IS NULL OR m.unmapped_seq > l.seq)) AS mappings
FROM l
ORDER BY l.trace, l.seq`,
  example: 'SELECT seq, source, cpu, events, calls, bindings FROM losses',
};
