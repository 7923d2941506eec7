/**
 * One function's configuration space as a file: /sys/bus/pci/devices/BDF/config, copied, with the
 * PCI address in its name.
 */
import { BDF_PATTERN, parseBdf, VfrError } from '../../../traces/index.js';
import { emitSnapshot } from '../../snapshot/emit-snapshot.js';
import type { Importer } from '../importer.js';
import type { Input } from '../input-stream.js';

const SIZES: readonly number[] = [64, 256, 4096];
const NAME = new RegExp(String.raw`(${BDF_PATTERN})(?:\/config|[._-][\w.-]*)?$`, 'i');
const HEADER_TYPE_MAX = 2;
const HEADER_BYTES = 64;

/**
 * The sysfs attributes of a function that follow from its configuration space, as sysfs prints
 * them.
 */
export function configAttributes(config: Buffer): Record<string, string> {
  if (config.byteLength < HEADER_BYTES) return {};
  const word = (offset: number) => `0x${config.readUInt16LE(offset).toString(16).padStart(4, '0')}`;
  const hex = (value: number, digits: number) => `0x${value.toString(16).padStart(digits, '0')}`;
  const isEndpoint = (config[0x0e] & 0x7f) === 0;
  return {
    vendor: word(0),
    device: word(2),
    ...(isEndpoint && { subsystem_vendor: word(0x2c), subsystem_device: word(0x2e) }),
    class: hex(config.readUIntLE(9, 3), 6),
    revision: hex(config[8], 2),
  };
}

const bdfOf = (name: string) => parseBdf(NAME.exec(name)?.[1] ?? '');

export const configSpace: Importer = {
  format: 'pci-config',
  describe: "one function's raw configuration space, with its PCI address in the file's name",
  clock: '`none`',
  needs: 'stream',
  sample: 'lspci/0000:01:00.0.config.zst',

  detect(head, name) {
    if (bdfOf(name) === null || !SIZES.includes(head.byteLength)) return 0;
    const isPresent = head.readUInt16LE(0) !== 0xffff;
    return isPresent && (head[0x0e] & 0x7f) <= HEADER_TYPE_MAX ? 0.8 : 0.2;
  },

  meta: () => ({ clock: 'none' }),

  read(input, events) {
    const bdf = bdfOf(input.name);
    if (bdf === null) throw nameless(input);
    let config = Buffer.alloc(0);
    let length = 0;
    for (const chunk of input.chunks()) {
      length += chunk.byteLength;
      const room = Math.max(0, SIZES[2] - config.byteLength);
      config = Buffer.concat([config, chunk.subarray(0, room)]);
    }
    const attributes = configAttributes(config);
    const state = { bdf, driver: null, driverOverride: null, iommuGroup: null, physfn: null };
    const functions = [{ ...state, attributes, config }];
    emitSnapshot(events, 'sysfs', { timeNs: null, functions, drivers: [] }, 'start');
    const isWhole = SIZES.includes(length);
    const why = 'a configuration space has 64, 256 or 4096 bytes';
    return {
      records: { function: 1 },
      unparsed: 0,
      lost: 0,
      ...(!isWhole && { stopped: { offset: config.byteLength, why } }),
    };
  },
};

function nameless(input: Input): VfrError {
  const what = "the file's name does not say of which function it is";
  const next = 'Name the file like 0000:02:00.0.bin.';
  return new VfrError('CONFIG_NAMELESS', what, next, { file: input.name });
}
