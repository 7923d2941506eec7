/** What users of VFIO do, as JSON Schema. */
import { IOCTLS } from '../model/vfio/ioctl-numbers.js';
import {
  address,
  count,
  device,
  flag,
  name,
  nullable,
  record,
  type Schema,
  token,
} from './schema-forms.js';

export const number: Schema = {
  description: 'a number, or its text in hexadecimal',
  anyOf: [
    { type: 'integer', minimum: 0 },
    { type: 'string', pattern: '^0x[0-9a-f]{1,16}$' },
  ],
};

const region = count('BAR 0 to 5, 6 the ROM, 7 configuration space, 8 VGA', 64);
const bytes = count('bytes', 0x10_0000);

/** @param common members that every operation has */
export const userForms = (common: Readonly<Record<string, Schema>>): readonly Schema[] => [
  record(
    'opens /dev/vfio/vfio, a group, the character device of a function, /dev/iommu, or an eventfd',
    {
      open: {
        enum: ['container', 'group', 'cdev', 'iommufd', 'eventfd'],
        description: 'what is opened',
      },
      of: { ...device, description: 'any device of the group, or the one of the device' },
      as: { ...name, description: 'name of the file; what is opened when left out' },
      ...common,
    },
    ['open'],
  ),
  record('writes to an eventfd', { signal: name, ...common }, ['signal']),
  record('closes a file', { close: name, ...common }, ['close']),
  record(
    'makes an ioctl on a file',
    {
      ioctl: { enum: Object.keys(IOCTLS), description: 'name of the ioctl' },
      on: name,
      with: {
        description:
          'the third argument: a number, or the members of its struct (by default, argsz or ' +
          'size is the size of the struct and others are 0); null for a null pointer',
        anyOf: [
          number,
          { type: 'object', propertyNames: { type: 'string' }, additionalProperties: number },
          { type: 'null' },
        ],
      },
      files: {
        description:
          'files whose descriptors are in the argument; null for -1, "nothing" for one that is ' +
          'not open',
        type: 'array',
        items: nullable(name),
      },
      device: { ...device, description: 'the device that GET_DEVICE_FD names' },
      token: {
        ...token,
        description:
          'the VF token: after the name of GET_DEVICE_FD, that FEATURE sets, or BIND points to',
      },
      as: {
        ...name,
        description:
          'name of the file that the call makes: of GET_DEVICE_FD, device if left out; ' +
          'of FEATURE, that of migration data',
      },
      ...common,
    },
    ['ioctl', 'on'],
  ),
  record(
    'reads a region of a device',
    { pread: name, region, offset: number, count: bytes, ...common },
    ['pread', 'region', 'offset', 'count'],
  ),
  record(
    'writes a region of a device',
    {
      pwrite: name,
      region,
      offset: number,
      count: count('bytes; the first four are in value', 0x10_0000),
      value: number,
      ...common,
    },
    ['pwrite', 'region', 'offset', 'count', 'value'],
  ),
  record(
    'maps a BAR',
    { mmap: name, region, offset: number, length: number, as: name, ...common },
    ['mmap', 'region', 'length', 'as'],
  ),
  record(
    'reads migration data that was saved, or writes data to load',
    {
      transfer: name,
      count: bytes,
      writes: flag('it writes'),
      positioned: flag('pread or pwrite, which such a file does not have'),
      ...common,
    },
    ['transfer', 'count', 'writes'],
  ),
  record('takes a mapping away', { munmap: name, ...common }, ['munmap']),
  record('touches a mapping; a bus error is EFAULT', { touch: name, offset: number, ...common }, [
    'touch',
  ]),
  record(
    'ends the process: the kernel closes its files',
    { exit: { const: true, description: 'always true' }, ...common },
    ['exit'],
  ),
  record(
    'a function raises an interrupt',
    {
      interrupt: device,
      index: count('0 INTx, 1 MSI, 2 MSI-X', 2),
      vector: count('number of the vector', 2047),
      ...common,
    },
    ['interrupt', 'index'],
  ),
  record(
    'a function reads or writes memory',
    { dma: address, iova: number, writes: flag('it writes'), ...common },
    ['dma', 'iova', 'writes'],
  ),
];
