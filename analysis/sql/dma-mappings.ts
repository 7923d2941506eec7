import { SPANS_LOSS, spansLoss, type ViewDefinition } from './definition.js';
import { DOMAIN_DOC, domainOf, MAPPING_CALLS } from './dma-domain.js';

const DOMAIN = domainOf('name', 'h', 'coalesce(pid, tid)', 'device');

export const dmaMappings: ViewDefinition = {
  type: 'view',
  name: 'dma_mappings',
  doc:
    'IOVA ranges that were mapped, from when to when. The event of the kernel has no domain; it ' +
    'is that of the call in which the event came. Without such a call only time distinguishes ' +
    'ranges of different domains with one address. What failed is no mapping.',
  columns: {
    iova: ['address', 'first I/O virtual address'],
    length: ['bytes', 'bytes'],
    paddr: ['address', 'physical address it led to'],
    mapped_seq: ['seq', 'event that mapped it'],
    mapped_ts: ['time', 'its time, nanoseconds of the trace clock'],
    mapped_tid: ['thread', 'thread that mapped it'],
    mapped_task: ['text', 'comm of that thread'],
    domain: ['text', `${DOMAIN_DOC}; null if no such call is recorded`],
    unmapped_seq: ['seq', 'event that unmapped it; null when it was still mapped at the end'],
    unmapped_ts: ['time', 'its time, nanoseconds of the trace clock'],
    unmapped_tid: ['thread', 'thread that unmapped it'],
    unmapped_task: ['text', 'comm of that thread'],
    duration: ['ns', 'nanoseconds that the mapping lived'],
    spans_loss: SPANS_LOSS,
  },
  // QEMU's backend reports the result of each call; without it only the failure of the call is
  // known. An unmap usually has the address of its map, and the next map of that address bounds it.
  // A map without such an unmap was unmapped as part of a larger range. Such ranges are found by
  // blocks of a size that divides a range into a few hundred of them.
  sql: `
WITH calls AS (
  SELECT trace, tid, seq, end_seq,${DOMAIN} AS domain
  FROM (SELECT *, to_hex(data) AS h FROM spans_of(['ioctl']) WHERE name IN (${MAPPING_CALLS}))
), done AS (
  SELECT * FROM events_of(['dma.map', 'dma.unmap']) WHERE phase <> 'begin'
    AND CASE WHEN ret IS NOT NULL THEN ret >= 0
      ELSE NOT (source = 'qemu' AND starts_with(coalesce(name, ''), 'iommufd_')) END
), maps AS (
  SELECT trace, seq, ts, tid, task, "offset" AS iova, length, value AS paddr, lost_after,
    lead(seq) OVER (PARTITION BY trace, "offset" ORDER BY seq) AS next_seq
  FROM done WHERE kind = 'dma.map'
), unmaps AS (
  SELECT trace, seq, "offset" AS first,
    least("offset"::HUGEINT + greatest(coalesce(value, length), 1) - 1, 18446744073709551615)
      ::UBIGINT AS last
  FROM done WHERE kind = 'dma.unmap'
), exact AS (
  SELECT m.*, CASE WHEN u.seq < m.next_seq OR m.next_seq IS NULL THEN u.seq END AS exact_seq
  FROM maps m ASOF LEFT JOIN unmaps u
    ON u.trace = m.trace AND u.first = m.iova AND u.seq > m.seq
), sized AS (
  SELECT *, CASE WHEN (last - first) >> 29 = 0 THEN 21 WHEN (last - first) >> 37 = 0 THEN 29
    WHEN (last - first) >> 45 = 0 THEN 37 WHEN (last - first) >> 53 = 0 THEN 45 ELSE 53 END AS shift
  FROM unmaps
), blocks AS (
  SELECT *, unnest(range((first >> shift)::BIGINT, (last >> shift)::BIGINT + 1)) AS block FROM sized
), covering AS (
  SELECT m.trace, m.seq, min(u.seq) AS cover_seq
  FROM exact m, (SELECT DISTINCT shift FROM sized) s, blocks u
  WHERE u.trace = m.trace AND u.shift = s.shift AND u.block = (m.iova >> s.shift)::BIGINT
    AND u.seq > m.seq AND u.first <= m.iova AND u.last >= m.iova
    AND (m.next_seq IS NULL OR u.seq < m.next_seq) AND m.exact_seq IS NULL
  GROUP BY ALL
)
SELECT m.trace, m.iova, m.length, m.paddr, m.seq AS mapped_seq, m.ts AS mapped_ts,
  m.tid AS mapped_tid, m.task AS mapped_task,
  CASE WHEN d.end_seq IS NULL OR d.end_seq > m.seq THEN d.domain END AS domain,
  u.seq AS unmapped_seq, u.ts AS unmapped_ts,
  u.tid AS unmapped_tid, u.task AS unmapped_task, u.ts::BIGINT - m.ts::BIGINT AS duration,
  ${spansLoss('m', 'u')}
FROM exact m
ASOF LEFT JOIN calls d ON d.trace = m.trace AND d.tid = m.tid AND d.seq < m.seq
LEFT JOIN covering c ON c.trace = m.trace AND c.seq = m.seq
LEFT JOIN events_of(['dma.unmap']) u
  ON u.trace = m.trace AND u.seq = coalesce(m.exact_seq, c.cover_seq)
ORDER BY m.trace, m.seq`,
  example: 'SELECT iova, length, mapped_task FROM dma_mappings WHERE unmapped_seq IS NULL',
};
