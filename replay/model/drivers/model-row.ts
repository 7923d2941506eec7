/** One fact that the source of a driver states. A test that names the id proves it. */
export interface ModelRow {
  /** Name of the model and of the fact, such as `nvgrace-gpu/resmem`. */
  readonly id: string;
  readonly text: string;
  /** Where it was read: file of the kernel and version, or a posting. */
  readonly source: string;
  /** Why no test proves it; left out for a fact that the model has. */
  readonly missing?: string;
}

/** Rows of one model and one source: name of the fact, text, and why it is missing. */
export const rows = (
  model: string,
  source: string,
  ...facts: readonly (readonly [name: string, text: string, missing?: string])[]
): readonly ModelRow[] =>
  facts.map(([name, text, missing]) => ({
    id: `${model}/${name}`,
    text,
    source,
    ...(missing === undefined ? {} : { missing }),
  }));
