/**
 * Reports that the kernel prints as several consecutive messages: they are one event. Sources:
 * kernel drivers/pci/pcie/{aer,dpc}.c, drivers/iommu/intel/dmar.c, drivers/iommu/amd/iommu.c of
 * older kernels, drivers/iommu/arm/*, as published logs show them.
 */

import { kernelText } from './kernel-text.js';
import { messageOf } from './message-device.js';

const AER_DETAIL = new RegExp(
  String.raw`^(?:AER: )?\s*(?:device \[\w{4}:\w{4}\] error\b|\[ ?\d{1,2}\] |TLP (?:Header` +
    String.raw`|Prefix)|Error of this Agent|aer_(?:layer|uncor_sev))`,
);
const DPC_DETAIL = /^(?:DPC: )?(?:[\w ]+ detected$|rp_pio_|RP PIO )/;
const SMMU_DETAIL = /^\s*(?:0x[0-9a-f]{16}$|event: [A-Z_]+ client: |(?:un)?priv (?:inst|data) )/;
const SMMU2_DETAIL = /^(?:FSR|FSYNR0) += |^\s*GFSR /;
const BUS_ERROR = /^(?:AER: )?(?:PCIe|CXL) Bus Error: /;

/** Whether `message` is a further part of what `before` (all parts so far) reports. */
export function goesOn(before: string, message: string): boolean {
  const part = messageOf(message);
  if (before.endsWith('Event logged [')) return /^[A-Z]+_[A-Z_]+ (?:device|address)=/.test(message);
  if (/fault (?:addr|index) \S+\s*$/.test(before)) return /^\S*\s*\[fault reason /.test(message);
  const last = messageOf(before.slice(before.lastIndexOf('\n') + 1));
  const isSame = part.device === last.device && prefixOf(part) === prefixOf(last);
  if (isSame && SMMU_DETAIL.test(part.body)) return /event(?: 0x\w+ received|: )/.test(before);
  if (isSame && SMMU2_DETAIL.test(part.body)) return / fault/.test(before);
  if (BUS_ERROR.test(part.body))
    return !/ Bus Error: /.test(before) && isAgent(before, part.device);
  if (!isSame) return false;
  if (AER_DETAIL.test(part.body))
    return /(?:PCIe|CXL) Bus Error|aer_\w*status|containment/.test(before);
  return DPC_DETAIL.test(part.body) && before.includes('containment event');
}

/** The prefix of the body, for devices of any bus. */
const prefixOf = ({ text, body }: { text: string; body: string }) =>
  text.slice(0, text.length - body.length);

/** Whether an error of `device` is the one that was reported received, or that made DPC contain. */
const isAgent = (before: string, device: string | undefined) => {
  const fact = kernelText(before);
  return fact.kind === 'fault.aer' && fact.device === device;
};
