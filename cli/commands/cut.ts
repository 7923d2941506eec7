import { type Command, InvalidArgumentError } from 'commander';
import type { Filter, TraceReader } from '../../traces/index.js';
import { listOf } from '../list-options.js';
import { openTrace, type StrictOption, strictOption } from '../open-trace.js';
import { type OutputOption, outputOption, writeTrace } from '../trace-output.js';

interface Options extends OutputOption, StrictOption {
  readonly seq?: readonly [number, number];
  readonly time?: TimeRange;
  readonly device?: readonly string[];
  readonly kind?: readonly string[];
}

export function register(program: Command): void {
  const command = program
    .command('cut')
    .description('write a part of a trace: by seq, time, device or kind')
    .argument('<trace>', 'trace file, - for stdin')
    .option('--seq <first..last>', 'sequence numbers, each end may be left out', parseSeq)
    .option('--time <from..to>', 'seconds as browse counts them, or ns:FROM..TO', parseTime)
    .option(
      '--device <addresses>',
      'PCI addresses, such as 01:00.2, or mdev UUIDs (repeatable, or by commas)',
      listOf(String),
    )
    .option('--kind <kinds>', 'kinds of events (repeatable, or by commas)', listOf(String));
  strictOption(outputOption(command)).action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const { rewriteTrace } = await import('../../traces/index.js');
  const reader = await openTrace(file, options);
  try {
    const filter = await filterOf(reader, options);
    await writeTrace(options, [reader], reader.meta, (writer) =>
      rewriteTrace(reader, writer, filter),
    );
  } finally {
    reader.close();
  }
}

async function filterOf(reader: TraceReader, options: Options): Promise<Filter> {
  const { KINDS, VfrError, zeroOf } = await import('../../traces/index.js');
  const { devicesNamed } = await import('../device-names.js');
  const { seq, time, device, kind } = options;
  for (const name of kind ?? []) {
    if (Object.hasOwn(KINDS, name)) continue;
    const what = `no kind is called ${JSON.stringify(name)}`;
    const next = `Known kinds: ${Object.keys(KINDS).join(' ')}.`;
    throw new VfrError('KIND_UNKNOWN', what, next);
  }
  return {
    ...(seq === undefined ? {} : { seq }),
    ...(time === undefined ? {} : { ts: timesOf(zeroOf(reader) ?? 0n, time) }),
    ...(device === undefined ? {} : { devices: devicesNamed(reader, device) }),
    ...(kind === undefined ? {} : { kinds: kind }),
  };
}

interface TimeRange {
  /** Whether the ends are times of the trace's clock or distances from its zero. */
  readonly absolute: boolean;
  readonly from: bigint;
  readonly to: bigint;
}

const TS_MAX = (1n << 64n) - 1n;

function timesOf(zero: bigint, { absolute, from, to }: TimeRange): [bigint, bigint] {
  if (absolute) return [from, to];
  return [zero + from, to === TS_MAX ? to : zero + to];
}

function parseSeq(text: string): [number, number] {
  const match = /^(\d{0,15})\.\.(\d{0,15})$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Write it as FIRST..LAST.');
  const [, from, to] = match;
  const [first, last] = [Number(from), to === '' ? Number.MAX_SAFE_INTEGER : Number(to)];
  if (first > last) throw new InvalidArgumentError(BACKWARDS);
  return [first, last];
}

const NS_DIGITS = 9;
const BACKWARDS = 'The end comes before the beginning.';

function parseTime(text: string): TimeRange {
  const match = /^(ns:)?(\d*\.?\d*)\.\.(\d*\.?\d*)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Write it as FROM..TO.');
  const [, absolute, first, last] = match;
  const parse = absolute === undefined ? parseSeconds : parseNanos;
  const from = first === '' ? 0n : parse(first);
  const to = last === '' ? TS_MAX : parse(last);
  if (from > to) throw new InvalidArgumentError(BACKWARDS);
  return { absolute: absolute !== undefined, from, to };
}

function parseSeconds(text: string): bigint {
  const match = /^(\d{0,10})(?:\.(\d{0,9}))?$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Seconds have at most nine decimals.');
  const [, seconds, fraction = ''] = match;
  return BigInt((seconds || '0') + fraction.padEnd(NS_DIGITS, '0'));
}

function parseNanos(text: string): bigint {
  if (!/^\d{1,20}$/.test(text)) throw new InvalidArgumentError('Nanoseconds are whole numbers.');
  return BigInt(text);
}
