/** When two outcomes are the same for whoever wants the device, and how one is told. */
import type { Outcome, World } from './simulate.js';

/**
 * Whether another order makes no difference: the same drivers touch the device, however often, and
 * the same one has it at last, also when it is taken into account that drivers give devices up.
 */
export function isSame(recorded: Outcome, other: Outcome, world: World): boolean {
  const [before, after] = [touched(recorded), touched(other)];
  if (before.size !== after.size || [...before].some((driver) => !after.has(driver))) return false;
  return recorded.driver === other.driver || recorded.driver === laterOwner(other, world);
}

const touched = ({ probes }: Outcome): ReadonlySet<string> => new Set(probes.map(driverOf));

const driverOf = (probe: string): string => (probe.endsWith('!') ? probe.slice(0, -1) : probe);

/** Who has the device when the driver has done what it always did with such devices. */
function laterOwner({ driver }: Outcome, { habit }: World): string | null {
  if (driver === null) return null;
  const { lives, gaveUp } = habit(driver);
  return lives > 0 && gaveUp === lives ? null : driver;
}

/** What the recording shows. */
export const tellRecorded = (outcome: Outcome): string =>
  `${tellProbes(outcome)}${ownerText(outcome.driver)}`;

/** What another order leads to, with what the drivers were seen to do afterwards. */
export function tell(outcome: Outcome, world: World): string {
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

/** A probe that was seen to fail and to work may do either. */
function success(driver: string, { habit }: World): string {
  const { probes, worked } = habit(driver);
  if (probes === 0) return ` (this recording has no probe of ${driver} to tell by)`;
  if (worked === probes || worked === 0) return '';
  return ` (${worked} of ${probes} probes of ${driver} worked in this recording)`;
}

const ofLives = (count: number, lives: number): string =>
  `${count} of ${lives} ${lives === 1 ? 'life' : 'lives'} in this recording`;

const ownerText = (driver: string | null): string =>
  driver === null ? 'unbound at last' : `${driver} at last`;

const tellProbes = ({ probes }: Outcome): string =>
  probes.length === 0 ? 'no driver probed, ' : `${runs(probes).join(', ')}; `;

/** Equal probes in a row are told once, with their number. */
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
