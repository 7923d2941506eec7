/**
 * Address of a VF: the PF's routing id plus the offset plus the VF's index times the stride (PCI
 * Express Base Specification, SR-IOV capability; kernel drivers/pci/iov.c 6.1).
 */
export function vfAddressOf(pf: string, offset: number, stride: number, index: number): string {
  const [domain, bus, slot, fn] = pf.split(/[:.]/).map((part) => Number.parseInt(part, 16));
  const routing = (bus << 8) + (slot << 3) + fn + offset + index * stride;
  const hex = (n: number, width: number) => n.toString(16).padStart(width, '0');
  const [vfBus, devfn] = [(routing >> 8) & 0xff, routing & 0xff];
  return `${hex(domain, 4)}:${hex(vfBus, 2)}:${hex(devfn >> 3, 2)}.${devfn & 7}`;
}
