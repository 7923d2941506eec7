import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts', '**/*.test.tsx'],
    exclude: ['**/node_modules/**', 'dist/**', '.lab/**'],
    globalSetup: ['tests/build.ts'],
    setupFiles: ['tests/seed.ts'],
    // End-to-end tests start the built program; on a busy two-core machine a start can be slow.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
  },
});
