import { defineConfig } from 'vitest/config';

const OUTSIDE = ['**/node_modules/**', 'dist/**', '.lab/**'];
const E2E = '**/*.e2e.test.{ts,tsx}';
const PROP = '**/*.prop.test.ts';

export default defineConfig({
  test: {
    // All tests, and the programs that they start, have a temporary folder of their own.
    globalSetup: ['tests/temporary-folder.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['**/*.test.{ts,tsx}'], exclude: [...OUTSIDE, E2E, PROP] },
      },
      { extends: true, test: { name: 'prop', include: [PROP], exclude: OUTSIDE } },
      {
        extends: true,
        // Only these start the built program, so only these wait for the build.
        test: { name: 'e2e', include: [E2E], exclude: OUTSIDE, globalSetup: ['tests/build.ts'] },
      },
    ],
    setupFiles: ['tests/seed.ts'],
    // Tests that start the built program can be slow on a busy two-core machine.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
  },
});
