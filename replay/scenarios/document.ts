/** A scenario as its document has it; `schema.ts` describes each member. */

export interface FunctionDocument {
  readonly address: string;
  readonly vendor: string;
  readonly device: string;
  readonly subvendor?: string;
  readonly subdevice?: string;
  readonly class: string;
  readonly present?: boolean;
  readonly driver?: string;
  readonly override?: string;
  readonly sriov?: {
    readonly totalVfs: number;
    readonly offset: number;
    readonly stride: number;
    readonly vfDevice: string;
    readonly autoprobe?: boolean;
  };
}

export interface IdDocument {
  readonly vendor?: string;
  readonly device?: string;
  readonly subvendor?: string;
  readonly subdevice?: string;
  readonly class?: string;
  readonly classMask?: string;
}

/** 0 or 1, or the name of an errno. */
export type ResultDocument = number | string;

export interface DriverDocument {
  readonly name: string;
  readonly loaded?: boolean;
  readonly ids?: readonly IdDocument[];
  readonly probeType?: 'sync' | 'async';
  readonly sriov?: 'none' | 'simple' | 'own';
  readonly probe?: Readonly<Record<string, ResultDocument | readonly ResultDocument[]>>;
  readonly defersUntil?: string;
}

export type ConditionDocument =
  | { readonly exists: string }
  | { readonly gone: string }
  | { readonly driver: string | null; readonly of: string }
  | { readonly actor: string; readonly did: number };

interface Common {
  readonly when?: ConditionDocument;
  readonly onError?: 'continue' | 'stop';
}

export type OperationDocument = Common &
  (
    | { readonly write: string; readonly text: string }
    | { readonly load: string }
    | { readonly unload: string }
    | { readonly plug: string }
    | { readonly unplug: string }
  );

export interface OutcomeDocument {
  readonly drivers?: Readonly<Record<string, string | null>>;
  readonly gone?: readonly string[];
  readonly deadlock?: boolean;
  readonly faults?: readonly ('overrideUseAfterFree' | 'removedTwice')[];
}

export interface ScenarioDocument {
  readonly $schema?: string;
  readonly scenario: 1;
  readonly name: string;
  readonly title: string;
  readonly kernel: string;
  readonly machine: {
    readonly functions: readonly FunctionDocument[];
    readonly drivers: readonly DriverDocument[];
  };
  readonly actors: readonly {
    readonly name: string;
    readonly does: readonly OperationDocument[];
  }[];
  readonly outcomes: readonly OutcomeDocument[];
}
