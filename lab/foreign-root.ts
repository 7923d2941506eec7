import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Architecture, crossCompilers } from './architecture.js';
import { buildRoot, PACKAGES, SUITE } from './guest-root.js';
import { buildFolder, requireTools, run, say } from './host.js';

/** The release of Node that a guest of another architecture than the host's has. */
const NODE = '20.20.2';

/**
 * The root file system of a guest whose programs do not run on this host. Packages are only
 * unpacked: what their scripts would do is done here, as far as the guest needs it.
 */
export function foreignRoot(cache: string, architecture: Architecture): string {
  const root = join(cache, 'root');
  if (existsSync(join(root, 'usr/bin/node'))) return root;
  requireTools(['dpkg-deb', 'npm', 'tar']);
  const { debian } = architecture;
  const what = `building the guest root (Debian ${SUITE}, ${debian})`;
  const options = ['--foreign', `--arch=${debian}`];
  buildRoot(root, { what, suite: SUITE, packages: PACKAGES, options }, (building) => {
    unpackRest(building);
    for (const file of ['passwd', 'group']) {
      const master = join(building, `usr/share/base-passwd/${file}.master`);
      copyFileSync(master, join(building, 'etc', file));
    }
    // Where it cannot mount, debootstrap makes a link to the host's.
    rmSync(join(building, 'proc'), { recursive: true, force: true });
    mkdirSync(join(building, 'proc'));
    addNode(building, architecture);
  });
  return root;
}

/** Unpacks the packages that debootstrap leaves to its second stage, which would run in the root. */
function unpackRest(root: string): void {
  const names = readFileSync(join(root, 'debootstrap/base'), 'utf8').split(/\s+/);
  const archives = join(root, 'var/cache/apt/archives');
  for (const file of readdirSync(archives)) {
    if (!names.includes(file.split('_')[0]!)) continue;
    // Unpacked by dpkg-deb, a folder /lib of a package would replace the link to /usr/lib.
    const unpack = 'dpkg-deb --fsys-tarfile "$0" | tar -x --keep-directory-symlink -C "$1"';
    run('sh', ['-c', unpack, join(archives, file), root]);
  }
  for (const folder of [archives, join(root, 'debootstrap')]) {
    rmSync(folder, { recursive: true, force: true });
  }
}

function addNode(root: string, { node }: Architecture): void {
  const folder = join(root, 'tmp/node');
  mkdirSync(folder);
  run('npm', ['pack', '--silent', `--pack-destination=${folder}`, `node-linux-${node}@${NODE}`]);
  const [archive] = readdirSync(folder);
  const place = ['-C', join(root, 'usr/bin'), '--strip-components=2', 'package/bin/node'];
  run('tar', ['-xzf', join(folder, archive!), ...place]);
  rmSync(folder, { recursive: true });
}

/**
 * Installs what vfr depends on for another architecture, as the lock file says, in the guest's root
 * as /opt/vfr/node_modules, which guest/boot.sh puts in the place of the host's.
 */
export function foreignModules(root: string, project: string, architecture: Architecture): void {
  const lock = readFileSync(join(project, 'package-lock.json'), 'utf8');
  const folder = join(root, 'opt/vfr');
  const made = join(folder, 'package-lock.json');
  if (existsSync(made) && readFileSync(made, 'utf8') === lock) return;
  const { c, cxx } = crossCompilers(architecture);
  requireTools(['npm', 'make', cxx]);
  const { node } = architecture;
  say(`installing the packages of vfr for ${node}`);
  buildFolder(folder, (building) => {
    for (const file of ['package.json', '.prebuild-installrc']) {
      copyFileSync(join(project, file), join(building, file));
    }
    writeFileSync(join(building, 'package-lock.json'), lock);
    const npm = (...args: string[]): void => {
      const environment = { CC: c, CXX: cxx, npm_config_arch: node };
      run('npm', ['--prefix', building, ...args], environment);
    };
    // Without scripts: that of vfr itself would build the project here.
    const platform = [`--cpu=${node}`, '--os=linux', '--libc=glibc'];
    npm('ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', ...platform);
    npm('rebuild', 'zstd-napi');
  });
}
