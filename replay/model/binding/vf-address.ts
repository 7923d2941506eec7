import { type Bdf, formatBdf } from '../../../traces/index.js';

/** Bus, device and function of an address as one number of 16 bits, which requests carry. */
export function routingId(address: string): number {
  const [, bus, slot, fn] = numbersOf(address);
  return (bus << 8) + (slot << 3) + fn;
}

/**
 * Address of a VF: the PF's routing id plus the offset plus the VF's index times the stride (PCI
 * Express Base Specification, SR-IOV capability; kernel drivers/pci/iov.c 6.1).
 */
export function vfAddressOf(pf: string, offset: number, stride: number, index: number): Bdf {
  const [domain] = numbersOf(pf);
  const routing = routingId(pf) + offset + index * stride;
  return formatBdf(domain, (routing >> 8) & 0xff, routing & 0xff);
}

const numbersOf = (address: string): number[] =>
  address.split(/[:.]/).map((part) => Number.parseInt(part, 16));
