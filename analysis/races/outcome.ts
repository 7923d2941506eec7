/**
 * When two outcomes count as the same for the user of the device, and how an outcome is described.
 */
import type { World } from './life-machine.js';
import type { Outcome } from './trial.js';

/**
 * Whether another order makes no difference: the same drivers touch the device, however often, and
 * the same one is finally bound, also after drivers have given devices up.
 */
export function isSame(recorded: Outcome, other: Outcome, world: World): boolean {
  const [before, after] = [touched(recorded), touched(other)];
  if (before.size !== after.size || [...before].some((driver) => !after.has(driver))) return false;
  return recorded.driver === other.driver || recorded.driver === laterOwner(other, world);
}

/** Drivers whose probe was entered, each once. */
export const touchedBy = ({ probes }: Outcome): string[] => [...new Set(probes.map(driverOf))];

const touched = (outcome: Outcome): ReadonlySet<string> => new Set(touchedBy(outcome));

const driverOf = (probe: string): string => (probe.endsWith('!') ? probe.slice(0, -1) : probe);

/**
 * The driver that finally has the device, if the driver does what it always did with such devices.
 */
export function laterOwner({ driver }: Outcome, { habit }: World): string | null {
  if (driver === null) return null;
  const { lives, gaveUp } = habit(driver);
  return lives > 0 && gaveUp === lives ? null : driver;
}

/** What the recording shows. */
export const describeRecorded = (outcome: Outcome): string =>
  `${tellProbes(outcome)}${ownerText(outcome.driver)}`;

/** Describes what another order leads to, with what the drivers did afterwards. */
export function describeOutcome(outcome: Outcome, world: World): string {
  const { driver, probes } = outcome;
  const owner = laterOwner(outcome, world);
  const habits = driver === null ? '' : afterwards(driver, world);
  const doubts = [...new Set(probes.map(driverOf))].map((name) => success(name, world)).join('');
  return `${tellProbes(outcome)}${ownerText(owner)}${habits}${doubts}`;
}

function afterwards(driver: string, { habit }: World): string {
  const { lives, gaveUp } = habit(driver);
  if (gaveUp === 0) return '';
  return ` (${driver} gave the device up by itself in ${ofLives(gaveUp, lives)})`;
}

/** A probe that was seen to fail and to succeed may do either. */
function success(driver: string, { habit }: World): string {
  const { probes, worked } = habit(driver);
  if (probes === 0) return ` (this recording has no probe of ${driver} to judge by)`;
  if (worked === probes || worked === 0) return '';
  return ` (${worked} of ${probes} probes of ${driver} worked in this recording)`;
}

const ofLives = (count: number, lives: number): string =>
  `${count} of ${lives} ${lives === 1 ? 'life' : 'lives'} in this recording`;

const ownerText = (driver: string | null): string =>
  driver === null ? 'finally unbound' : `finally ${driver}`;

const tellProbes = ({ probes }: Outcome): string =>
  probes.length === 0 ? 'no driver probed, ' : `${runs(probes).join(', ')}; `;

/** Equal consecutive probes are described once, with their number. */
function runs(probes: readonly string[]): string[] {
  const out: string[] = [];
  for (let at = 0, next = 0; at < probes.length; at = next) {
    while (next < probes.length && probes[next] === probes[at]) next++;
    const driver = driverOf(probes[at]);
    const did = driver === probes[at] ? 'probed' : 'failed to probe';
    const times = next - at === 1 ? '' : ` ${next - at} times`;
    out.push(`${driver} ${did}${times}`);
  }
  return out;
}
