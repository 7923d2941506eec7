import type { ViewDefinition } from './definition.js';

export const faults: ViewDefinition = {
  type: 'view',
  name: 'faults',
  doc: 'Page, bus, DMA and AER faults; a DMA fault with what the mappings say of its address.',
  columns: {
    seq: 'position in the trace',
    ts: 'time, nanoseconds of the trace clock',
    kind: 'fault.page, fault.bus, fault.dma or fault.aer',
    device: 'PCI address',
    tid: 'thread that ran',
    task: 'comm of that thread',
    name: 'what reported it',
    region: 'VFIO region index, when known',
    address: 'IOVA of a DMA fault, user address of a page fault',
    ret: 'result of the fault handler',
    text: 'what the kernel said',
    cause:
      'DMA fault: never mapped, unmapped before (by whom, how long), or mapped at the ' +
      'time; page fault in a VFIO mapping: whether the page was given or refused',
  },
  // VM_FAULT_SIGBUS is bit 1 (kernel include/linux/mm_types.h 6.1); vfio-pci returns it while
  // memory decoding is off or the device sleeps (kernel drivers/vfio/pci/vfio_pci_core.c 6.1).
  sql: `
WITH f AS (
  FROM events_of(['fault.page', 'fault.bus', 'fault.dma', 'fault.aer']) WHERE phase <> 'begin'
), last AS (
  SELECT f.trace, f.seq, arg_max(m, m.mapped_seq) AS m
  FROM f JOIN lib.dma_mappings m ON m.trace = f.trace AND m.mapped_seq < f.seq
    AND f."offset" >= m.iova AND f."offset" - m.iova < m.length
  WHERE f.kind = 'fault.dma' GROUP BY ALL
)
SELECT f.trace, f.seq, f.ts, f.kind, f.device, f.tid, f.task, f.name, f.region,
  f."offset" AS address, f.ret, f.text,
  CASE WHEN f.kind = 'fault.page' AND f.name LIKE 'vfio_pci_mmap%'
      THEN if(f.ret & 2 = 2, 'refused: memory disabled or device asleep', 'page given')
    WHEN f.kind <> 'fault.dma' OR f."offset" IS NULL THEN NULL
    WHEN f.trace NOT IN (SELECT trace FROM events_of(['dma.map'])) THEN 'no mappings recorded'
    WHEN last.m IS NULL THEN 'never mapped'
    WHEN last.m.unmapped_seq IS NULL OR last.m.unmapped_seq > f.seq THEN 'mapped at the time'
    ELSE printf('unmapped %d ns before by %s-%d', f.ts::BIGINT - last.m.unmapped_ts::BIGINT,
      coalesce(last.m.unmapped_task, '?'), coalesce(last.m.unmapped_tid, 0)) END AS cause
FROM f LEFT JOIN last ON last.trace = f.trace AND last.seq = f.seq
ORDER BY f.trace, f.seq`,
  example: "SELECT device, address, cause FROM faults WHERE kind = 'fault.dma'",
};
