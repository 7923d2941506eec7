/**
 * Property tests are repeatable: the same commit gives the same verdict. `VFR_SEED=random` lets them
 * look at new cases, any number at those of that seed.
 */
import fc from 'fast-check';
import { afterAll } from 'vitest';
import { removeScratch } from './scratch.js';

const DEFAULT_SEED = 20_260;
const { VFR_SEED: asked } = process.env;

if (asked !== 'random') fc.configureGlobal({ seed: Number(asked ?? DEFAULT_SEED) });

// A worker is ended without an exit event: what it wrote is removed after each test file.
afterAll(removeScratch);
