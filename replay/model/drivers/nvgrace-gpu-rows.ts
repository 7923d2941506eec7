/** What nvgrace-gpu does, fact by fact. */
import { type ModelRow, rows } from './model-row.js';

const MAIN = 'drivers/vfio/pci/nvgrace-gpu/main.c 6.19';

export const NVGRACE_ROWS: readonly ModelRow[] = rows(
  'nvgrace-gpu',
  MAIN,
  ['ids', '10de:2342, 2345, 2348, 2941, 31c2 match by override only'],
  [
    'split',
    'with the bug of the hardware the last GiB, and what is left of the last 512 MiB, is resmem',
  ],
  ['bar-size', 'the BAR of usemem has the next power of two of the size before it is rounded'],
  ['no-bug', 'without the bug all memory is usemem, and there is no resmem'],
  ['bug-bit', 'bit 0 of the word at 0xA of the DVSEC 3 of NVIDIA shows that the bug is fixed'],
  [
    'too-small',
    'less than 1 GiB with the bug: probe is -EOVERFLOW; less than 512 MiB usable: -EINVAL',
  ],
  ['no-memory', 'without the properties of firmware, or with size 0, the core serves everything'],
  [
    'config-read',
    'a read that touches a register of a fake BAR shows its address bits and flags 0xC',
  ],
  [
    'config-first',
    'an access to both registers is about that of resmem alone; without resmem about none',
  ],
  [
    'config-write',
    'a write stores the bytes of the register, returns their number, and reaches no hardware',
  ],
  ['sizing', 'a BAR of 128 GiB that all ones were written into reads 0x0000000C and 0xFFFFFFE0'],
  [
    'region-info',
    'the size of a region is that of the BAR, the area that can be mapped that of the memory',
  ],
  ['ioeventfd', 'IOEVENTFD is -ENOTTY'],
  ['reset', 'VFIO_DEVICE_RESET clears the registers of the fake BARs, also when it then fails'],
  ['open', 'opening the device clears them, too'],
  [
    'past-memory',
    'reads past the memory are all ones, writes there are dropped, both count as done',
  ],
  ['past-bar', 'an access past the BAR is -EINVAL; one that crosses its end is cut'],
  ['memory-off', 'the memory can be accessed while COMMAND has it turned off'],
  ['mmap', 'memory that there is can be mapped; past it -EINVAL'],
  ['mmap-at-once', 'a mapping has its pages at once: no fault, and nothing removes them'],
  ['ready', 'from 6.14 on the probe waits for the device; that it waits in vain is not an error'],
  ['ready-claimed', 'a BAR 0 that another driver has claimed: probe is -EBUSY'],
  [
    'lazy-map',
    'the first access maps the memory: -ENOMEM if that fails',
    'results of memory allocation are not modelled',
  ],
  [
    'fault-handlers',
    'from 7.0 on faults map single pages, SIGBUS while the device is not ready',
    'page faults of a variant have no hook: its pages are there with the mapping',
  ],
  [
    'dmabuf',
    'from 7.0 on the memory can be exported as a DMA buffer',
    'DMA buffers are not modelled, and no probe of the recorder sees them',
  ],
  ['egm', 'extended GPU memory is a character device of its own', 'only in side trees, not merged'],
);
