/**
 * Goal: the tables of ioctls, features, capabilities and trace events have what the kernel's headers
 * and QEMU have, and the comparison sees what is missing.
 * Method: the headers that are installed here, when they are; and made-up ones with one more name.
 */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { lackingOfIommufd, lackingOfPci, lackingOfQemu, lackingOfVfio } from './compare.js';

const FOLDER = '/usr/include/linux';

test.each([
  ['vfio.h', lackingOfVfio],
  ['iommufd.h', lackingOfIommufd],
  ['pci_regs.h', lackingOfPci],
])('%s of this machine has no name that vfr lacks', (name, lackingOf) => {
  const file = `${FOLDER}/${name}`;
  if (!existsSync(file)) return;
  expect(lackingOf(readFileSync(file, 'utf8'))).toEqual([]);
});

test('a name that is not known is told', () => {
  const vfio = [
    '#define VFIO_DEVICE_RESET\t\t_IO(VFIO_TYPE, VFIO_BASE + 11)',
    '#define VFIO_MADE_UP\t\t_IO(VFIO_TYPE, VFIO_BASE + 40)',
    '#define VFIO_DEVICE_FEATURE_DMA_BUF 11',
    '#define VFIO_DEVICE_FEATURE_MADE_UP (99)',
    '#define VFIO_DEVICE_FEATURE_GET\t\t(1 << 16) /* Get feature into data[] */',
    '\tVFIO_DEVICE_STATE_MADE_UP = 77,',
    '#define VFIO_MIGRATION_MADE_UP\t(1 << 9)',
  ];
  expect(lackingOfVfio(vfio.join('\n'))).toEqual([
    'VFIO_MADE_UP 15244',
    'VFIO_DEVICE_FEATURE_MADE_UP 99',
    'VFIO_DEVICE_STATE_MADE_UP 77',
    'VFIO_MIGRATION_MADE_UP 512',
  ]);
  const calls = '\tIOMMUFD_CMD_IOAS_MAP = 0x85,\n\tIOMMUFD_CMD_MADE_UP = 0xf0,\n';
  expect(lackingOfIommufd(calls)).toEqual(['IOMMU_MADE_UP 15344']);
  const ids = '#define  PCI_CAP_ID_PM 0x01 /* … */\n#define PCI_EXT_CAP_ID_MADE_UP 0xF1\n';
  expect(lackingOfPci(ids)).toEqual(['PCI_EXT_CAP_ID_MADE_UP 241']);
});

test('an event of QEMU that has no form here, or another one, is told', () => {
  const events = [
    'vfio_msi_setup(const char *name, int pos) "%s PCI MSI CAP @0x%x"',
    'vfio_region_read(char *name, int index, uint64_t addr, unsigned size, uint64_t data) ' +
      '" (%s:region%d+0x%"PRIx64", %d) = 0x%"PRIx64',
    'vfio_made_up(const char *name, uint64_t addr) "%s at 0x%"PRIx64',
    'vfio_put_group(int fd) "closes fd %d"',
    'nbd_send_request(uint64_t from) "from %" PRIu64',
  ];
  expect(lackingOfQemu(events.join('\n'))).toEqual([
    'vfio_made_up 0000:03:00.0 at 0x10',
    'vfio_put_group closes fd 10',
  ]);
});
