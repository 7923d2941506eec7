/** Models by what they are of, each with the facts that its source states. */
import { DRIVERS } from './drivers/index.js';
import type { ModelRow } from './drivers/model-row.js';
import { MDEV_MODELS } from './mdev/mdev-rows.js';
import { OTHER_MODELS } from './other-models.js';

export interface Model {
  readonly name: string;
  /** Kernels that it is of, or the posting. */
  readonly kernels: string;
  readonly rows: readonly ModelRow[];
}

/** Drivers that state what they do, in the order of their list; then what is no driver. */
export const MODELS: readonly Model[] = [
  ...DRIVERS.filter(({ rows }) => rows.length > 0),
  ...MDEV_MODELS,
  ...OTHER_MODELS,
].map(({ name, kernels, rows }) => ({ name, kernels, rows }));
