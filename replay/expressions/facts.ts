/** What can be asked of a state, with the types of the arguments and of the answer. */
import { FAULT } from '../model/kernel-faults.js';

export type Type = 'boolean' | 'number' | 'driver' | 'error';
export type ArgumentType = 'function' | 'driver' | 'actor' | 'number' | 'fault';

export interface FactForm {
  readonly takes: readonly ArgumentType[];
  readonly gives: Type;
  /** What the answer says, for the documentation and for messages. */
  readonly means: string;
}

const form = (takes: readonly ArgumentType[], gives: Type, means: string): FactForm => ({
  takes,
  gives,
  means,
});

export const FACTS = {
  driver: form(['function'], 'driver', 'the driver that the function is bound to'),
  override: form(['function'], 'driver', 'its driver_override'),
  exists: form(['function'], 'boolean', 'the function is there'),
  numvfs: form(['function'], 'number', 'how many VFs the PF has'),
  autoprobe: form(['function'], 'boolean', 'sriov_drivers_autoprobe of the PF is on'),
  probing: form(
    ['function', 'driver'],
    'boolean',
    'the probe function of the driver is being called for the function',
  ),
  bound: form(['driver'], 'number', 'how many functions the driver is bound to'),
  done: form(['actor'], 'number', 'how many operations the actor has done'),
  failed: form(['actor'], 'number', 'how many of its operations have failed'),
  error: form(['actor', 'number'], 'error', 'the errno of its operation with a number, from 1'),
  deadlock: form([], 'boolean', 'threads wait for each other, and nothing else can happen'),
  fault: form(['fault'], 'boolean', 'a bug of the kernel was hit'),
} as const satisfies Readonly<Record<string, FactForm>>;

export type FactName = keyof typeof FACTS;

/** What `probed(F, D)` is short for. */
export const SHORT_FOR_PROBING = 'probed';

/** Bugs of the kernel, by the names that outcomes have for them. */
export const FAULTS: ReadonlySet<string> = new Set(Object.keys(FAULT));
