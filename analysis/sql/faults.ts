import { kindsWhere } from '../../traces/index.js';
import type { ViewDefinition } from './definition.js';
import { structWord } from './struct-word.js';

const FAULTS = kindsWhere(({ family }) => family === 'fault')
  .map((kind) => `'${kind}'`)
  .join(', ');

/**
 * Results of a fault handler that refuse the access: OOM, SIGBUS, HWPOISON, HWPOISON_LARGE and
 * SIGSEGV (kernel include/linux/mm_types.h 6.1). FALLBACK only requests a smaller page.
 */
const VM_FAULT_ERROR = 0x01 | 0x02 | 0x10 | 0x20 | 0x40;

/**
 * A message has the severity in its name; a record of the tracepoint aer_event has it in its text
 * (kernel include/ras/ras_event.h 6.12). A report of firmware says none.
 */
const SEVERITY = `coalesce(
    nullif(regexp_extract(f.name, '^AER ((?:Unc|C)orrect\\w+(?: \\([\\w-]+\\))?)', 1), ''),
    CASE WHEN f.kind = 'fault.aer' THEN nullif(regexp_extract(f.text,
      'severity=(Corrected|Uncorrected, non-fatal|Fatal)', 1), '') END)`;

export const faults: ViewDefinition = {
  type: 'view',
  name: 'faults',
  doc:
    'Page faults that were refused, bus, DMA and AER faults; a DMA fault with what the mappings ' +
    'say of its address. A page fault that the kernel served is no fault.',
  columns: {
    seq: ['seq', 'position in the trace'],
    ts: ['time', 'time, nanoseconds of the trace clock'],
    kind: ['text', 'fault.page, fault.bus, fault.dma or fault.aer'],
    device: ['device', 'PCI address'],
    tid: ['thread', 'thread that ran'],
    task: ['text', 'comm of that thread'],
    name: ['text', 'what reported it, with the reason where the kernel gave one'],
    severity: [
      'text',
      'AER: as the kernel calls it: Corrected or Correctable; Uncorrected or Uncorrectable, with ' +
        '(Fatal) or (Non-Fatal); from the tracepoint `Corrected`, `Uncorrected, non-fatal`, ' +
        '`Fatal`',
    ],
    agent: [
      'text',
      'AER: the part that the device had in the transaction, as the kernel names it: Receiver, ' +
        'Requester, Completer, Transmitter or Component; Unregistered if it did not answer. From ' +
        'the tracepoint as the recorded kernel computes it: with commas where it names one for ' +
        'each bit, with `or` where its release does not determine it; null without a bit',
    ],
    status: ['number', 'DMA and AER faults: fault reason or error status as a number, if reported'],
    region: ['number', 'VFIO region index, when known'],
    address: ['address', 'IOVA of a DMA fault, user address of a page fault'],
    ret: ['errno', 'result of the fault handler'],
    text: ['text', 'what the kernel said'],
    cause: [
      'text',
      'why, in one of these words: DMA fault: `no mappings recorded`, `never mapped`, ' +
        '`unmapped before`, `mapped read-only` (it was no read), `mapped write-only` (it was no ' +
        'write), `mapped at the time`; page fault in a VFIO mapping: `refused: ' +
        'memory disabled or device asleep`; else null',
    ],
    mapped_seq: ['seq', 'event that last mapped the address of a DMA fault'],
    unmapped_seq: ['seq', 'event that had unmapped it'],
    unmapped_tid: ['thread', 'thread that had'],
    unmapped_task: ['text', 'comm of that thread'],
    unmapped_ago: ['ns', 'nanoseconds between the two'],
  },
  // vfio-pci returns VM_FAULT_SIGBUS, bit 1, while
  // memory decoding is off or the device sleeps (kernel drivers/vfio/pci/vfio_pci_core.c 6.1).
  // struct vfio_iommu_type1_dma_map is argsz, flags (bit 0 read, bit 1 write; 4 bytes each), vaddr,
  // iova, size (8 bytes each; kernel include/uapi/linux/vfio.h 6.1). AMD's flag of a write is
  // 0x20 (AMD I/O Virtualization Technology Specification, IO_PAGE_FAULT, RW).
  sql: `
WITH f AS (
  SELECT *, regexp_matches(text, '(?i)\\bread\\b|flags=0x[0-9a-f]*[014589cd][0-9a-f]\\b') AS reads,
    regexp_matches(text, '(?i)\\bwrite\\b|flags=0x[0-9a-f]*[2367abef][0-9a-f]\\b') AS writes
  FROM events_of([${FAULTS}]) WHERE phase <> 'begin'
    AND (kind <> 'fault.page' OR ret & ${VM_FAULT_ERROR} <> 0)
), last AS (
  SELECT f.trace, f.seq, arg_max(m, m.mapped_seq) AS m
  FROM f JOIN lib.dma_mappings m ON m.trace = f.trace AND m.mapped_seq < f.seq
    AND f."offset" >= m.iova AND f."offset" - m.iova < m.length
  WHERE f.kind = 'fault.dma' GROUP BY ALL
), calls AS (
  SELECT trace, seq, ${structWord('h', 4, 4)} AS flags, ${structWord('h', 16, 8)} AS iova,
    ${structWord('h', 24, 8)} AS size
  FROM (SELECT *, to_hex(data) AS h FROM events_of(['ioctl']))
  WHERE name = 'VFIO_IOMMU_MAP_DMA' AND phase <> 'end' AND length(h) >= 64
), allowed AS (
  SELECT f.trace, f.seq, arg_max(c.flags & 3, c.seq) AS flags
  FROM f JOIN last ON last.trace = f.trace AND last.seq = f.seq JOIN calls c ON c.trace = f.trace
    AND c.seq < last.m.mapped_seq AND f."offset" >= c.iova AND f."offset" - c.iova < c.size
  GROUP BY ALL
)
SELECT f.trace, f.seq, f.ts, f.kind, f.device, f.tid, f.task, f.name,
  ${SEVERITY} AS severity, agents.agent,
  CASE WHEN f.kind IN ('fault.dma', 'fault.aer') AND f.name <> 'dmar_fault' THEN f.value END
    AS status, f.region, f."offset" AS address, f.ret, f.text,
  CASE WHEN f.kind = 'fault.page' AND f.name LIKE 'vfio_pci_mmap%'
      THEN 'refused: memory disabled or device asleep'
    WHEN f.kind <> 'fault.dma' OR f."offset" IS NULL THEN NULL
    WHEN f.trace NOT IN (SELECT trace FROM events_of(['dma.map'])) THEN 'no mappings recorded'
    WHEN last.m IS NULL THEN 'never mapped'
    WHEN last.m.unmapped_seq < f.seq THEN 'unmapped before'
    WHEN allowed.flags = 1 AND (f.writes OR NOT coalesce(f.reads, false)) THEN 'mapped read-only'
    WHEN allowed.flags = 2 AND (f.reads OR NOT coalesce(f.writes, false)) THEN 'mapped write-only'
    ELSE 'mapped at the time' END AS cause,
  last.m.mapped_seq AS mapped_seq,
  if(gone, last.m.unmapped_seq, NULL) AS unmapped_seq,
  if(gone, last.m.unmapped_tid, NULL) AS unmapped_tid,
  if(gone, last.m.unmapped_task, NULL) AS unmapped_task,
  if(gone, f.ts::BIGINT - last.m.unmapped_ts::BIGINT, NULL) AS unmapped_ago
FROM f LEFT JOIN (SELECT last.*, m.unmapped_seq < seq AS gone FROM last) last
  ON last.trace = f.trace AND last.seq = f.seq
LEFT JOIN allowed ON allowed.trace = f.trace AND allowed.seq = f.seq
LEFT JOIN aer_agents_of(NULL) agents ON agents.trace = f.trace AND agents.seq = f.seq
ORDER BY f.trace, f.seq`,
  example: "SELECT device, address, cause FROM faults WHERE kind = 'fault.dma'",
};
