/** Makes rules of udev, and operations on files in /dev, from a scenario's document. */
import type { Action, NodeChange, UdevMatch, UdevRule } from '../kernel/index.js';
import type { KmodDocument, UdevRuleDocument } from './document.js';
import type { NodeDocument, UdevMatchDocument, UdevOperationDocument } from './udev-document.js';

const OCTAL = 8;
const HEX = 16;

/** What a document changes of a file: members that are left out stay. */
function nodeOf({ owner, group, mode }: NodeDocument): NodeChange {
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, OCTAL) }),
  };
}

function matchOf({ vendor, device, class: code, ...match }: UdevMatchDocument): UdevMatch {
  return {
    ...match,
    ...(vendor === undefined ? {} : { vendor: Number.parseInt(vendor, HEX) }),
    ...(device === undefined ? {} : { device: Number.parseInt(device, HEX) }),
    ...(code === undefined ? {} : { class: Number.parseInt(code, HEX) }),
  };
}

export function ruleOf(rule: UdevRuleDocument): Omit<UdevRule, 'runs'> {
  return { match: matchOf(rule.match), node: nodeOf(rule) };
}

export function udevActionOf(operation: UdevOperationDocument | KmodDocument): Action {
  if ('settle' in operation) return { type: 'settle' };
  if ('kmod' in operation) return { type: 'kmod_load', address: '$kernel' };
  const { chown: file, of: address } = operation;
  return { type: 'chown', file, address, node: nodeOf(operation) };
}
