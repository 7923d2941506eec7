/** A scenario as its document has it; `schema.ts` describes each member. */
import type { ReadAttribute } from '../kernel/index.js';
import type { ModuleParameters } from '../model/drivers/index.js';
import type { FAULT } from '../model/kernel-faults.js';
import type { PastBugName } from '../model/past-bugs.js';
import type { NodeDocument, UdevMatchDocument, UdevOperationDocument } from './udev-document.js';

export interface FunctionDocument {
  readonly address: string;
  readonly vendor: string;
  readonly device: string;
  readonly subvendor?: string;
  readonly subdevice?: string;
  readonly class: string;
  readonly present?: boolean;
  readonly group?: number;
  readonly driver?: string;
  readonly override?: string;
  readonly interface?: string;
  readonly sriov?: {
    readonly totalVfs: number;
    readonly offset: number;
    readonly stride: number;
    readonly vfDevice: string;
    readonly autoprobe?: boolean;
    readonly vfs?: readonly { readonly driver?: string; readonly override?: string }[];
  };
  readonly hardware?: {
    readonly bars?: readonly number[];
    readonly pin?: boolean;
    readonly msi?: number;
    readonly msix?: number;
    readonly express?: boolean;
    readonly reset?: ResultDocument;
    readonly d3cold?: boolean;
    readonly registers?: Readonly<Record<string, NumberDocument>>;
    readonly properties?: Readonly<Record<string, NumberDocument>>;
    readonly dvsec?: { readonly vendor: string; readonly id: number; readonly word: number };
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
  readonly removeWaits?: ConditionDocument;
  readonly loads?: string;
  readonly parameters?: ModuleParameters;
}

export type ConditionDocument =
  | { readonly exists: string }
  | { readonly gone: string }
  | { readonly driver: string | null; readonly of: string }
  | { readonly node: 'group' | 'cdev'; readonly of: string }
  | { readonly actor: string; readonly did: number }
  | { readonly signalled: string }
  | { readonly variable: string; readonly is: string | null };

interface Common {
  readonly when?: ConditionDocument;
  readonly if?: ConditionDocument;
  readonly unless?: ConditionDocument;
  readonly onError?: 'continue' | 'stop';
}

export type OperationDocument = Common &
  (
    | { readonly write: string; readonly text: string }
    | { readonly read: ReadAttribute; readonly of: string; readonly as?: string }
    | { readonly set: string; readonly to: string | null }
    | { readonly load: string }
    | { readonly unload: string }
    | { readonly plug: string }
    | { readonly unplug: string }
    | UserDocument
    | UdevOperationDocument
  );

/** A number, or its text in hexadecimal. */
export type NumberDocument = number | string;

/** What a user of VFIO does. */
export type UserDocument =
  | {
      readonly open: 'container' | 'group' | 'cdev' | 'iommufd' | 'eventfd';
      readonly of?: string;
      readonly as?: string;
    }
  | { readonly close: string }
  | {
      readonly ioctl: string;
      readonly on: string;
      /** The third argument when it is a number, or the members of the struct. */
      readonly with?: NumberDocument | Readonly<Record<string, NumberDocument>> | null;
      readonly files?: readonly (string | null)[];
      readonly device?: string;
      readonly token?: string;
      readonly as?: string;
    }
  | {
      readonly pread: string;
      readonly region: number;
      readonly offset: NumberDocument;
      readonly count: number;
    }
  | {
      readonly pwrite: string;
      readonly region: number;
      readonly offset: NumberDocument;
      readonly count: number;
      readonly value: NumberDocument;
    }
  | {
      readonly mmap: string;
      readonly region: number;
      readonly offset?: NumberDocument;
      readonly length: NumberDocument;
      readonly as: string;
    }
  | {
      readonly transfer: string;
      readonly count: number;
      readonly writes: boolean;
      readonly positioned?: boolean;
    }
  | { readonly munmap: string }
  | { readonly signal: string }
  | { readonly touch: string; readonly offset?: NumberDocument }
  | { readonly exit: true }
  | { readonly interrupt: string; readonly index: number; readonly vector?: number }
  | { readonly dma: string; readonly iova: NumberDocument; readonly writes: boolean };

/** Loads the modules whose drivers claim the device of the uevent. */
export type KmodDocument = Common & { readonly kmod: 'load' };

export interface UdevRuleDocument extends NodeDocument {
  readonly match: UdevMatchDocument;
  readonly runs?: readonly (OperationDocument | KmodDocument)[];
}

export interface OutcomeDocument {
  readonly drivers?: Readonly<Record<string, string | null>>;
  readonly gone?: readonly string[];
  readonly errors?: Readonly<Record<string, readonly string[]>>;
  readonly deadlock?: boolean;
  readonly faults?: readonly (keyof typeof FAULT)[];
  readonly variables?: Readonly<Record<string, string | null>>;
}

export interface ScenarioDocument {
  readonly $schema?: string;
  readonly scenario: 1;
  readonly name: string;
  readonly title: string;
  readonly kernel: string;
  readonly bugs?: readonly PastBugName[];
  readonly machine: {
    readonly requests?: number;
    readonly runtimePm?: boolean;
    readonly functions: readonly FunctionDocument[];
    readonly drivers: readonly DriverDocument[];
    readonly udev?: { readonly rules: readonly UdevRuleDocument[] };
  };
  readonly actors: readonly {
    readonly name: string;
    readonly process?: string;
    readonly uid?: number;
    readonly gids?: readonly number[];
    readonly does: readonly OperationDocument[];
  }[];
  readonly outcomes: readonly OutcomeDocument[];
  /** Expressions that no end may fulfil. */
  readonly never?: readonly string[];
}
