/** What people can look up of the tables of a session: names, columns, units and meanings. */
import { COLUMNS } from '../../traces/index.js';
import { LIBRARY } from './library.js';

export interface TableFacts {
  readonly name: string;
  readonly doc: string;
  readonly columns: readonly {
    readonly name: string;
    readonly unit: string;
    readonly meaning: string;
  }[];
}

/** Every table that a session offers. */
export function describeTables(): readonly TableFacts[] {
  const views = LIBRARY.flatMap((d): TableFacts[] => {
    if (d.type !== 'view') return [];
    const columns = Object.entries(d.columns).map(([name, [unit, meaning]]) => ({
      name,
      unit,
      meaning,
    }));
    return [{ name: d.name, doc: d.doc, columns }];
  });
  const columns = COLUMNS.map(({ name, type, doc }) => ({ name, unit: type, meaning: doc }));
  return [{ name: 'events', doc: 'Every event of the trace.', columns }, ...views];
}

/** Columns whose numbers are addresses or offsets, which people read in hexadecimal. */
export const ADDRESS_COLUMNS: ReadonlySet<string> = new Set([
  'offset',
  ...LIBRARY.flatMap((d) =>
    d.type === 'view'
      ? Object.entries(d.columns).flatMap(([name, [unit]]) => (unit === 'address' ? [name] : []))
      : [],
  ),
]);
