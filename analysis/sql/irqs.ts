import type { ViewDefinition } from './definition.js';

/** A PCI address within the name of an interrupt. */
const BDF = '[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}[.][0-7]';

export const irqs: ViewDefinition = {
  type: 'view',
  name: 'irqs',
  doc:
    'Interrupts by number: how many, at which rate, and how long their handlers ran. Where the ' +
    'signal of an eventfd in the same thread follows a handler’s begin, also how long that took.',
  columns: {
    irq: ['number', 'Linux interrupt number: one vector'],
    name: ['text', 'what requested it, such as `vfio-msix[0](0000:01:00.1)`; or the handler'],
    device: ['device', 'PCI address, where its name or the event says it'],
    fires: ['count', 'how many handlers began'],
    first_ts: ['time', 'the first'],
    last_ts: ['time', 'the last'],
    per_second: ['number', 'interrupts per second between these; null for a single one'],
    p50: ['ns', 'median time of its handler'],
    p95: ['ns', '95th percentile'],
    p99: ['ns', '99th percentile'],
    max: ['ns', 'longest'],
    signals: ['count', 'eventfds that its handlers signalled'],
    signal_p50: ['ns', 'median time from the begin of the handler to the signal'],
    signal_max: ['ns', 'longest such time'],
  },
  sql: `
WITH fires AS (
  SELECT trace, seq, ts, tid, cpu, value AS irq, coalesce(text, name) AS name,
    device, end_seq, end_ts::BIGINT - ts::BIGINT AS duration
  FROM spans_of(['irq.fire'])
), signals AS (
  SELECT f.trace, f.irq, f.name, s.ts::BIGINT - f.ts::BIGINT AS after
  FROM (FROM events_of(['eventfd']) WHERE phase <> 'end' AND cpu IS NOT NULL) s
  ASOF JOIN fires f ON f.trace = s.trace AND f.cpu = s.cpu AND f.seq < s.seq
  WHERE f.tid = s.tid AND (f.end_seq > s.seq OR f.end_seq IS NULL)
), signalled AS (
  SELECT trace, irq, name, count(*) AS signals, quantile_disc(after, 0.5) AS p50, max(after) AS max
  FROM signals GROUP BY trace, irq, name
), sums AS (
  SELECT trace, irq, name,
    coalesce(any_value(device), nullif(regexp_extract(name, '${BDF}'), '')) AS device,
    count(*) AS fires, min(ts) AS first_ts, max(ts) AS last_ts,
    quantile_disc(duration, 0.5) AS p50, quantile_disc(duration, 0.95) AS p95,
    quantile_disc(duration, 0.99) AS p99, max(duration) AS max
  FROM fires GROUP BY trace, irq, name
)
SELECT s.trace, s.irq, s.name, s.device, s.fires, s.first_ts, s.last_ts,
  CASE WHEN s.last_ts > s.first_ts
    THEN round((s.fires - 1) / ((s.last_ts - s.first_ts) / 1e9), 3) END AS per_second,
  s.p50, s.p95, s.p99, s.max, coalesce(g.signals, 0) AS signals,
  g.p50 AS signal_p50, g.max AS signal_max
FROM sums s LEFT JOIN signalled g
  ON g.trace = s.trace AND g.irq = s.irq AND g.name = s.name
ORDER BY s.trace, s.fires DESC, s.irq`,
  example: 'SELECT irq, name, fires, per_second, p99 FROM irqs LIMIT 5',
};
