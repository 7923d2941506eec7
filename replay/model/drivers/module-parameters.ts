/**
 * Parameters that modules of drivers take as they are loaded (kernel kernel/params.c,
 * drivers/vfio/pci/vfio_pci.c 6.12).
 */
import { type IdMatch, parseId } from '../binding/pci-ids.js';

/** `bool` is on or off. `ids` is a text: dynamic ids that the driver has from its loading on. */
export type ParameterType = 'bool' | 'ids';

/** Values by the names of the parameters; one that is left out is off, or empty. */
export type ModuleParameters = Readonly<Record<string, boolean | string>>;

/** Bytes of the buffer for `ids`, with the zero that ends the text. */
const IDS_BYTES = 1024;

/**
 * Whether the text of `ids` is too long: the kernel refuses the module with -ENOSPC then
 * (param_set_copystring).
 */
export const idsAreTooLong = ({ ids = '' }: ModuleParameters): boolean =>
  typeof ids === 'string' && Buffer.byteLength(ids) >= IDS_BYTES;

/**
 * The dynamic ids of the parameter `ids`, in the order in which the kernel adds them: entries that
 * commas separate, each `vendor:device[:subvendor[:subdevice[:class[:class_mask]]]]`. An entry with
 * fewer than two numbers is left out, and the kernel's log says so (vfio_pci_fill_ids).
 */
export const idsOf = ({ ids = '' }: ModuleParameters): readonly IdMatch[] =>
  typeof ids === 'string' ? ids.split(',').flatMap((entry) => parseId(entry) ?? []) : [];
