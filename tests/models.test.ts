/**
 * Goal: every model states what it has and what is missing, docs/models.md says the same, and each
 * fact that a model has is proved by a test that names it.
 * Method: the page is printed from the rows of the models; the tests of the project are searched
 * for the id of each row.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MODELS } from '../replay/index.js';

/** Models that there must be. */
const NAMED = [
  'vfio-pci',
  'nvgrace_gpu_vfio_pci',
  'nvgpu-vfio-pci',
  'virtio_vfio_pci',
  'mlx5_vfio_pci',
  'hisi_acc_vfio_pci',
  'pds_vfio_pci',
  'xe-vfio-pci',
  'qat_vfio_pci',
  'nvidia-vgpu-vfio',
  'mdev',
  'mtty',
  'mdpy',
  'mbochs',
  'igd',
  'zdev',
  'nvlink2',
  'virqfd',
  'siov',
  'nova_core',
  'nouveau',
  'nvme',
  'igb',
  'igbvf',
  'ixgbe',
  'ixgbevf',
  'iavf',
  'ice',
  'mlx5_core',
  'e1000e',
  'xe',
];

const HEAD = `# Models

What vfr knows of each driver, fact by fact, and what it does not know. This page is printed from the rows of the
models in \`replay/model\`; \`vfr models --json\` prints the same. A fact without a reason in the last column is proved
by a test that names it. The judge ([replay](replay.md)) and the kernel that runs ([kernel](kernel.md)) use the same
models. The last column says why a fact has no model.

| model | kernels | facts | covered |
|---|---|---|---|
`;

const cell = (text: string): string => text.replaceAll('|', '\\|');

function page(): string {
  const summary = MODELS.map(({ name, kernels, rows }) => {
    const covered = rows.filter(({ missing }) => missing === undefined).length;
    return `| ${name} | ${kernels} | ${rows.length} | ${covered} |\n`;
  });
  const tables = MODELS.map(({ name, rows }) => {
    const lines = rows.map(
      ({ id, text, source, missing = '' }) =>
        `| ${id} | ${cell(text)} | ${cell(source)} | ${cell(missing)} |\n`,
    );
    return `\n## ${name}\n\n| row | fact | source | missing, because |\n|---|---|---|---|\n${lines.join('')}`;
  });
  return HEAD + summary.join('') + tables.join('');
}

const tests = ['traces', 'recorder', 'replay', 'analysis', 'cli', 'tests']
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.test\.tsx?$/.test(name))
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  )
  .join('\n');

const rows = MODELS.flatMap((model) => model.rows);

test('docs/models.md is printed from the models', async () => {
  await expect(page()).toMatchFileSnapshot('../docs/models.md');
});

test('every driver that the project names has a model', () => {
  const names = MODELS.map(({ name }) => name);
  expect(NAMED.filter((name) => !names.includes(name))).toEqual([]);
});

test('ids of rows are unique', () => {
  const ids = rows.map(({ id }) => id);
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
});

test('each row has a test that names it, or a reason why it is missing', () => {
  const isNamed = (id: string) => new RegExp(`\\b${id}(?![\\w-])`).test(tests);
  const unproved = rows.filter(({ id, missing }) => missing === undefined && !isNamed(id));
  expect(unproved.map(({ id }) => id)).toEqual([]);
  // A row that a test names is not missing.
  const proved = rows.filter(({ id, missing }) => missing !== undefined && isNamed(id));
  expect(proved.map(({ id }) => id)).toEqual([]);
});
