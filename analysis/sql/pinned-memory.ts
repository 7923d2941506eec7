import type { ViewDefinition } from './definition.js';
import { DOMAIN_DOC, domainOf } from './dma-domain.js';
import { structWord } from './struct-word.js';

const DOMAIN = domainOf('name', 'to_hex(data)', 'coalesce(pid, tid)');

export const pinnedMemory: ViewDefinition = {
  type: 'view',
  name: 'pinned_memory',
  doc:
    'Memory that processes pinned for DMA by VFIO_IOMMU_MAP_DMA and IOMMU_IOAS_MAP, over time: a ' +
    'row for each mapping and each removal of one that succeeded, with the sum after it. Memory ' +
    'that is unmapped by closing the container stays in the sum: `unmapped_seq` is null.',
  columns: {
    seq: ['seq', 'the call that mapped or unmapped it'],
    ts: ['time', 'its time'],
    pid: ['thread', 'process; its thread where the process was not recorded'],
    task: ['text', 'comm of the thread'],
    domain: ['text', DOMAIN_DOC],
    iova: ['address', 'first I/O virtual address of the mapping'],
    change: ['bytes', 'bytes pinned; negative when they were unmapped'],
    pinned: ['bytes', 'bytes that the process has pinned after it'],
    peak: ['bytes', 'the most that the process had pinned up to here'],
    unmapped_seq: [
      'seq',
      'of a mapping, the call that unmapped it; null when no call did: it leaked, or was left to ' +
        'the end of the container',
    ],
  },
  // struct vfio_iommu_type1_dma_map: argsz, flags, vaddr, iova at 16, size at 24. struct
  // vfio_iommu_type1_dma_unmap: argsz, flags (bit 1 all) at 4, iova at 8, size at 16 (kernel
  // include/uapi/linux/vfio.h 6.1). struct iommu_ioas_map: length at 24, iova at 32;
  // iommu_ioas_unmap: iova at 8, length at 16 (kernel include/uapi/linux/iommufd.h 6.12). An
  // unmap of a larger range ends each mapping in it.
  sql: `
WITH calls AS (
  SELECT trace, seq, ts, coalesce(pid, tid) AS pid, task, name, to_hex(data) AS h,
    path = 'kernel' AS inner_call,${DOMAIN} AS domain,
    bool_or(path = 'kernel') OVER (PARTITION BY trace) AS has_inner
  FROM spans_of(['ioctl'])
  WHERE octet_length(data) >= 24 AND coalesce(end_ret, ret) >= 0 AND name IN
    ('VFIO_IOMMU_MAP_DMA', 'VFIO_IOMMU_UNMAP_DMA', 'IOMMU_IOAS_MAP', 'IOMMU_IOAS_UNMAP')
), once AS (
  SELECT * FROM calls WHERE inner_call IS NOT DISTINCT FROM has_inner
), maps AS (
  SELECT trace, seq, ts, pid, task, domain,
    CASE name WHEN 'IOMMU_IOAS_MAP' THEN ${structWord('h', 32, 8)}
      ELSE ${structWord('h', 16, 8)} END AS iova, ${structWord('h', 24, 8)} AS bytes
  FROM once WHERE name IN ('VFIO_IOMMU_MAP_DMA', 'IOMMU_IOAS_MAP')
    AND length(h) >= CASE name WHEN 'IOMMU_IOAS_MAP' THEN 80 ELSE 64 END
), unmaps AS (
  SELECT trace, seq, ts, pid, task, domain, ${structWord('h', 8, 8)} AS iova,
    ${structWord('h', 16, 8)} AS bytes,
    name = 'VFIO_IOMMU_UNMAP_DMA' AND ${structWord('h', 4, 4)} & 2 = 2 AS all_of_them
  FROM once WHERE name IN ('VFIO_IOMMU_UNMAP_DMA', 'IOMMU_IOAS_UNMAP')
), exact AS (
  SELECT m.*, CASE WHEN u.bytes >= m.bytes THEN u.seq END AS exact_seq
  FROM maps m ASOF LEFT JOIN unmaps u
    ON u.trace = m.trace AND u.pid = m.pid AND u.domain = m.domain AND u.iova = m.iova
      AND u.seq > m.seq
), wider AS (
  SELECT m.trace, m.seq, min(u.seq) AS unmapped_seq
  FROM exact m JOIN (SELECT u.* FROM unmaps u ANTI JOIN exact m
      ON m.trace = u.trace AND m.exact_seq = u.seq AND m.bytes = u.bytes) u
    ON u.trace = m.trace AND u.pid = m.pid AND u.domain = m.domain AND u.seq > m.seq
  WHERE u.all_of_them OR (u.iova <= m.iova AND
    u.iova::HUGEINT + u.bytes >= m.iova::HUGEINT + m.bytes)
  GROUP BY m.trace, m.seq
), pinned AS (
  SELECT m.trace, m.seq, m.ts, m.pid, m.task, m.domain, m.iova, m.bytes,
    least(m.exact_seq, w.unmapped_seq) AS unmapped_seq
  FROM exact m LEFT JOIN wider w ON w.trace = m.trace AND w.seq = m.seq
), changes AS (
  SELECT trace, seq, ts, pid, task, domain, iova, bytes::BIGINT AS change, unmapped_seq
  FROM pinned
  UNION ALL
  SELECT u.trace, u.seq, u.ts, u.pid, u.task, u.domain, min(p.iova), -sum(p.bytes)::BIGINT, NULL
  FROM pinned p JOIN unmaps u ON u.trace = p.trace AND u.seq = p.unmapped_seq
  GROUP BY u.trace, u.seq, u.ts, u.pid, u.task, u.domain
), sums AS (
  SELECT *, sum(change) OVER (PARTITION BY trace, pid ORDER BY seq)::BIGINT AS pinned FROM changes
)
SELECT trace, seq, ts, pid, task, domain, iova, change, pinned,
  max(pinned) OVER (PARTITION BY trace, pid ORDER BY seq) AS peak, unmapped_seq
FROM sums ORDER BY trace, seq`,
  example: 'SELECT task, pid, max(pinned) AS peak FROM pinned_memory GROUP BY ALL',
};
