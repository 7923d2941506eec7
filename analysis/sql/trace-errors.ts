import type { ViewDefinition } from './definition.js';

export const traceErrors: ViewDefinition = {
  type: 'view',
  name: 'errors',
  doc:
    'Traces that cannot be read, or only in part. Of several traces one that cannot be read is ' +
    'left out of all other tables; of one that is cut or damaged they have the readable part.',
  columns: {
    code: ['text', 'code of the error; `TRACE_INCOMPLETE` if a part is missing'],
    message: ['text', 'what is wrong'],
    next: ['text', 'what can be done'],
  },
  sql: `
SELECT trace, code, message, next FROM errors_of(NULL)`,
  example: 'SELECT code, message FROM errors',
};
