/**
 * `npm run check-uapi -- [FOLDER...]`: looks in each folder (`/usr` when none is named) for
 * `linux/vfio.h`, `linux/iommufd.h`, `linux/pci_regs.h` and QEMU's `trace-events-all`, and names what
 * they have and vfr lacks. Exit code 1 when that is anything, 2 when there was nothing to compare.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lackingOfIommufd, lackingOfPci, lackingOfQemu, lackingOfVfio } from './compare.js';

const COMPARED: readonly [string, (text: string) => readonly string[]][] = [
  ['include/linux/vfio.h', lackingOfVfio],
  ['include/linux/iommufd.h', lackingOfIommufd],
  ['include/linux/pci_regs.h', lackingOfPci],
  ['share/qemu/trace-events-all', lackingOfQemu],
];

function compare(folder: string): number {
  let files = 0;
  for (const [path, lackingOf] of COMPARED) {
    const file = join(folder, path);
    if (!existsSync(file)) {
      console.log(`${file}: not there, not compared`);
      continue;
    }
    files++;
    const lacking = lackingOf(readFileSync(file, 'utf8'));
    console.log(`${file}: ${lacking.length === 0 ? 'all known' : `${lacking.length} not known`}`);
    for (const name of lacking) console.log(`  ${name}`);
    if (lacking.length > 0) process.exitCode = 1;
  }
  return files;
}

const folders = process.argv.slice(2);
const files = (folders.length > 0 ? folders : ['/usr']).map(compare);
if (files.every((n) => n === 0)) {
  console.log('nothing to compare: name a folder that has include/linux or share/qemu');
  process.exitCode = 2;
}
