/**
 * The list of trace events that QEMU installs (`trace-events-all`; docs/devel/tracing.rst): per event
 * its name, the types and names of its arguments, and the format of its log line.
 */

/** A trace event of QEMU, and a line as QEMU would print one. */
export interface TraceEvent {
  readonly name: string;
  readonly line: string;
}

const EVENT = /^(?:(?:disable|vcpu|tcg|nop) )*([a-z]\w*)\((.*?)\)\s*((?:"|PRI).*)$/;
const PIECE = /"((?:[^"\\]|\\.)*)"|PRI(\w)\w*/g;
const CONVERSION = /%[-0# ]*\d*(?:\.\d+)?(?:hh|h|ll|l|z|j)?([diuxXcsp])/g;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\' };

/** Every event of a list. */
export function traceEvents(list: string): readonly TraceEvent[] {
  return list.split('\n').flatMap((text) => {
    const found = EVENT.exec(text);
    return found === null ? [] : [{ name: found[1], line: lineOf(found[1], found[2], found[3]) }];
  });
}

/** The format as C puts it together, with `%u` for `%" PRIu64 "`. */
function formatOf(source: string): string {
  let format = '';
  for (const [, text, conversion] of source.matchAll(PIECE)) format += text ?? conversion;
  return format.replace(/\\(.)/g, (_, c: string) => ESCAPES[c] ?? c);
}

function lineOf(name: string, declared: string, source: string): string {
  const names = declared.split(',').map((argument) => /(\w+)\s*$/.exec(argument)?.[1] ?? '');
  let at = 0;
  const sample = (_: string, conversion: string) => sampleOf(names[at++] ?? '', conversion);
  return `${name} ${formatOf(source).replace(CONVERSION, sample)}`;
}

/** A value that an argument may have. */
function sampleOf(argument: string, conversion: string): string {
  if (conversion === 's') return argument === 'name' ? '0000:03:00.0' : 'word';
  if (conversion === 'c') return 'A';
  if (conversion === 'p') return '0x7f0000001000';
  if (argument === 'domain' && conversion === 'x') return '0000';
  const isOfAddress = ['bus', 'slot', 'dev', 'func', 'fn', 'function'].includes(argument);
  if (isOfAddress) return /^f/.test(argument) ? '1' : '03';
  return /end|last|upb/.test(argument) ? '1fff' : '10';
}
