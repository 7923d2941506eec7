import type { Kind, Path } from '../../../../traces/index.js';

/** What a trace event of QEMU becomes, in one of the forms that its arguments had over time. */
export interface EventForm {
  readonly names: readonly string[];
  readonly kind: Kind;
  /**
   * The arguments; see template.ts. Blanks between the name and the arguments are not part of it.
   */
  readonly template: string;
  readonly path?: Path;
  /** VFIO region or interrupt index, if the form implies it. */
  readonly region?: number;
  /** What the call returned, if the form implies it. */
  readonly ret?: number;
  /** Whether QEMU has fewer arguments than slots, so that the form is for text only. */
  readonly isTextOnly?: boolean;
  /** The role of the event in an operation that several events report; see dma-operations.ts. */
  readonly role?: Role;
}

/** See operations.ts. */
export type Role = 'announces' | 'reports';

export const form = (
  names: string,
  kind: Kind,
  template: string,
  more: Omit<EventForm, 'names' | 'kind' | 'template'> = {},
): EventForm => ({ names: names.split(' '), kind, template, ...more });
