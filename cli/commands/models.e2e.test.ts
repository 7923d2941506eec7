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
