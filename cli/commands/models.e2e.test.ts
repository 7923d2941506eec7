/**
 * Goal: `vfr models` says of each driver how much of it has a model.
 * Method: its output, as people and programs read it.
 */
import { expect, test } from 'vitest';
import { vfrInProcess } from '../../tests/vfr-in-process.js';

test('vfr models --json has the keys that programs rely on', async () => {
  const { code, stdout } = await vfrInProcess(['models', '--json']);
  expect(code).toBe(0);
  const { models } = JSON.parse(stdout);
  expect(models.length).toBeGreaterThanOrEqual(30);
  for (const { name, kernels, covered, total, missing } of models) {
    expect([name, kernels]).toEqual([expect.any(String), expect.any(String)]);
    expect(covered + missing.length).toBe(total);
    for (const row of missing) {
      expect(row).toEqual({
        id: expect.any(String),
        text: expect.any(String),
        source: expect.any(String),
        why: expect.any(String),
      });
    }
  }
});

test('vfr models lists a driver with the share of its facts', async () => {
  const { stdout } = await vfrInProcess(['models']);
  expect(stdout).toMatch(/^nvgrace_gpu_vfio_pci +\d+ of \d+ facts {2}6\.9 to 6\.19$/m);
});

test('vfr models NAME lists each fact with its source, and why one is missing', async () => {
  const { stdout } = await vfrInProcess(['models', 'mlx5-vfio-pci']);
  expect(stdout).toMatch(/^covered {2}mlx5\/ids /m);
  expect(stdout).toMatch(
    /^missing {2}mlx5\/record-tag .*\n +because: .*\n +source: drivers\/vfio\/pci\/mlx5/m,
  );
  const { stdout: text } = await vfrInProcess(['models', 'nvme', '--json']);
  const { name, total, rows } = JSON.parse(text);
  expect({ name, total }).toEqual({ name: 'nvme', total: rows.length });
  expect(rows[0]).toEqual({
    id: 'nvme/ids',
    text: expect.any(String),
    source: expect.any(String),
    why: null,
  });
});

test('vfr models of an unknown name says which one was meant', async () => {
  const { code, stderr } = await vfrInProcess(['models', 'mlx_vfio_pci']);
  expect(code).toBe(2);
  expect(stderr).toContain('did you mean mlx5_vfio_pci?');
});
