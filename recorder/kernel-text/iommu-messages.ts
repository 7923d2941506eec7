/**
 * Faults that the IOMMUs of x86 report: kernel drivers/iommu/intel/dmar.c (dmar_fault_do_one) and
 * drivers/iommu/amd/iommu.c (iommu_print_event). The words changed over the years: the forms are
 * those of logs that people published, and not of each release.
 */
import { BDF, decimal, hex, type KernelFact, type MessageRule, requester } from './kernel-fact.js';

/** `[02:00.0]`; in logs of some releases `[0x3b:0x00.2]`, and `[[02:00.0]` for interrupts. */
const DMAR_DEVICE =
  String.raw`\[+(?<bus>(?:[0-9a-f]{4,8}:)?(?:0x)?[0-9a-f]{2}):(?:0x)?` +
  String.raw`(?<slot>[01][0-9a-f]\.[0-7])\]`;

const dmarReason = (reason: string | undefined) =>
  reason?.startsWith('0x') === true ? hex(reason) : decimal(reason);

/**
 * Events of AMD's IOMMU whose number is not an address of the device: of a command in the command
 * buffer, or of its own tables in memory (AMD I/O Virtualization Technology specification 48882,
 * 2.5.4 to 2.5.8).
 */
const COMMANDS = new Set(['ILLEGAL_COMMAND_ERROR', 'COMMAND_HARDWARE_ERROR', 'IOTLB_INV_TIMEOUT']);
const TABLES = new Set(['DEV_TAB_HARDWARE_ERROR', 'PAGE_TAB_HARDWARE_ERROR']);

function amdEvent(type: string, body: string, device: string | undefined): KernelFact {
  const field = (name: string) => hex(new RegExp(`\\b${name}=(0x[0-9a-f]+)`).exec(body)?.[1]);
  const named = { name: `AMD-Vi ${type}`, device, value: field('flags') };
  // The IOMMU could not do what the driver asked of it: no device made an access.
  if (COMMANDS.has(type)) return { ...named, kind: 'log' };
  if (TABLES.has(type)) return { ...named, kind: 'fault.dma' };
  return { ...named, kind: 'fault.dma', offset: field('address') ?? field('gpa') };
}

export const IOMMU: readonly MessageRule[] = [
  {
    hint: 'Request device \\[',
    pattern: new RegExp(
      String.raw`(?:\[(?<type>DMA \w+|INTR-REMAP)[^\]]*\]|(?<irq>INTR-REMAP):) ?Request device` +
        String.raw` ${DMAR_DEVICE}` +
        String.raw`(?: PASID \S+)? fault (?<what>addr|index) (?<addr>(?:0x)?[0-9a-f]+)\s*` +
        String.raw`(?:(?:DMAR:|INTR-REMAP:)?\s*\[fault reason (?<reason>\w+)\])?`,
      'i',
    ),
    fact: ({ type, irq, bus, slot, what, addr, reason }) => ({
      kind: 'fault.dma',
      name: `DMAR ${type ?? irq}`,
      device: `${bus?.replace('0x', '')}:${slot}`,
      // An interrupt request has an index into the interrupt remapping table instead.
      offset: what === 'addr' ? hex(addr) : undefined,
      value: dmarReason(reason),
    }),
  },
  {
    hint: 'VT-d detected',
    pattern:
      /VT-d detected (?<what>Inv[\w -]*?Error)(?:: (?<field>SID|Reason) (?<number>[0-9a-f]+))?/,
    fact: ({ what, field, number }) => ({
      kind: 'log',
      name: `DMAR ${what}`,
      // All ones is what a register that cannot be read has.
      device: field === 'SID' && number !== 'ffff' ? requester(number, undefined) : undefined,
      value: field === 'Reason' ? hex(number) : undefined,
    }),
  },
  {
    // In one message, or after it in a second one that has lost its beginning.
    hint: '[A-Z]_[A-Z]+ (?:device=|address=|domain=|vmg_tag=)',
    pattern: new RegExp(
      String.raw`(?:^|\[|\s)(?<type>[A-Z]+(?:_[A-Z]+)+) (?:device=${BDF} )?` +
        `(?=.*(?:address|gpa)=0x)`,
    ),
    fact: ({ type, device }, { body }) => amdEvent(type ?? '', body, device),
  },
  {
    hint: 'Completion-Wait',
    pattern: /AMD-Vi: Completion-Wait loop timed out/,
    fact: () => ({ kind: 'log', name: 'AMD-Vi Completion-Wait timeout' }),
  },
  {
    // virtio-iommu.c viommu_fault_handler(), 5.3 on.
    hint: 'fault from EP',
    pattern: /(?<reason>\w+) fault from EP \d+(?: at (?<addr>0x[0-9a-f]+))?/,
    fact: ({ reason, addr }) => ({
      kind: 'fault.dma',
      name: `virtio-iommu ${reason}`,
      offset: hex(addr),
    }),
  },
];
