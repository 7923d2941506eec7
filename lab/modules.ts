import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { addPackages, inRoot } from './guest-root.js';
import { run, say } from './host.js';
import type { Kernel } from './kernel.js';

const TOOLS = ['gcc', 'make'];
/** What a program of the headers is linked with. */
const LIBRARY = 'libelf1';

/**
 * Packages with what a module of a kernel is built against; unpacked, since they require its image.
 * @returns the folder to build in, as the root sees it
 */
export function addHeaders(root: string, release: string): string {
  const tree = `/usr/src/linux-headers-${release}`;
  if (existsSync(join(root, tree))) return tree;
  inRoot(root, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', LIBRARY);
  const headers = `linux-headers-${release}`;
  const needs = inRoot(root, 'apt-cache', 'depends', '--important', headers)
    .split('\n')
    .flatMap((line) => /Depends: (linux-(?:headers|kbuild)-\S+)/.exec(line)?.[1] ?? []);
  const folder = join(root, 'tmp/headers');
  for (const name of [headers, ...needs]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    inRoot(root, 'sh', '-c', `cd /tmp/headers && apt-get download ${name}`);
    // Unpacked by dpkg-deb, a folder /lib of the package would replace the link to /usr/lib.
    const unpack =
      'dpkg-deb --fsys-tarfile /tmp/headers/*.deb | tar -x --keep-directory-symlink -C /';
    inRoot(root, 'sh', '-c', unpack);
  }
  rmSync(folder, { recursive: true, force: true });
  return tree;
}

/**
 * Builds the native drivers of the lab for a kernel, in the guest's root, and leaves them there in
 * /opt/lab-modules/RELEASE. All have one source and differ in their names.
 */
export function labModules(
  { root, project, kernel }: { root: string; project: string; kernel: Kernel },
  names: readonly string[],
): void {
  const source = readFileSync(join(project, 'lab/guest/modules/lab_driver.h'), 'utf8');
  const target = join(root, 'opt/lab-modules', kernel.release);
  const made = join(target, 'lab_driver.h');
  const isMade = existsSync(made) && readFileSync(made, 'utf8') === source;
  if (isMade && names.every((name) => existsSync(join(target, `${name}.ko`)))) return;
  say(`building ${names.join(', ')} for ${kernel.release}`);
  addPackages(root, TOOLS);
  const headers = addHeaders(root, kernel.release);
  const building = join(root, 'tmp/lab-modules');
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  writeFileSync(join(building, 'lab_driver.h'), source);
  writeFileSync(join(building, 'Makefile'), `obj-m := ${names.map((n) => `${n}.o`).join(' ')}\n`);
  for (const name of names) writeFileSync(join(building, `${name}.c`), '#include "lab_driver.h"\n');
  // Without types (BTF), which would need pahole, and which nothing reads of these modules.
  const plain = 'CONFIG_DEBUG_INFO_BTF_MODULES=';
  inRoot(root, 'make', '-s', '-C', headers, 'M=/tmp/lab-modules', plain, 'modules');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const name of names) cpSync(join(building, `${name}.ko`), join(target, `${name}.ko`));
  renameSync(join(building, 'lab_driver.h'), made);
  run('rm', ['-rf', building]);
}
